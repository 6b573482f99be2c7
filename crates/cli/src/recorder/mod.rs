//! The flight recorder: a consumer that writes events as a recording.
//!
//! Lines collect in a frame, which is written when it is full or a second old. Each file begins
//! with a header and the whole process table; so do checkpoints inside it, from which a reader can
//! begin. The table is made of the recorded events, which are redacted already.

mod consumer;
mod directory;
mod frame_file;
mod frame_queue;
mod frames;
mod header;
mod machine;
mod output;
mod progress;

pub use consumer::Recorder;
pub use directory::Bounds;
pub use directory::RecordingDirectory;
pub use frames::Frames;
pub use header::HeaderFacts;
pub use machine::Machine;
pub use machine::random_id;
pub use output::RecordingOutput;
pub use output::SingleFile;
pub use output::Stream;
pub use progress::Progress;
