//! Recordings as the source of a trace.
//!
//! Each run of a recorder is a session with a pipeline of its own, so that process ids of different
//! machines, boots and runs never mix. All of them deliver to one consumer.

mod chain;
mod notices;
mod pace;
mod player;
mod progress;
mod session;
mod shared_consumer;
mod wanted;

pub use chain::Chain;
pub use notices::Notices;
pub use pace::Pace;
pub use player::Played;
pub use player::Player;
pub use progress::Progress;
pub use session::Session;
pub use shared_consumer::SharedConsumer;
pub use wanted::Wanted;
