//! Where events come from.

mod list;
mod tally;
mod traits;

pub use list::EventList;
pub use tally::KindTally;
pub use tally::Tally;
pub use traits::Control;
pub use traits::Poll;
pub use traits::Sink;
pub use traits::Source;
pub use traits::SourceError;
