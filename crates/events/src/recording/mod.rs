//! The format of recordings, without files: from events to lines of frames, and back.

mod header;
mod tally;
mod texts;

pub use header::End;
pub use header::EndReason;
pub use header::FORMAT;
pub use header::Header;
pub use header::HeaderError;
pub use header::Redaction;
