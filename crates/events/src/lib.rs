//! What happens to processes, as execsnoop sees it.
//!
//! This crate is the model that everything else shares: an [`Event`] and what it means, where
//! events come from ([`Source`]), their JSON form ([`json`]), how hostile bytes are made safe to
//! show ([`quote`]), and what follows from a stream of events ([`Descendants`]).
//!
//! It does no I/O, needs neither Linux nor root, and holds no unsafe code: what was traced on a
//! server can be read on a laptop.

#![forbid(unsafe_code)]

mod argv;
mod clock;
mod descendants;
mod errno;
mod event;
pub mod json;
pub mod quote;
mod source;

pub use argv::Args;
pub use clock::WallClock;
pub use descendants::Descendants;
pub use errno::errno_name;
pub use event::Body;
pub use event::Clock;
pub use event::Event;
pub use event::Exec;
pub use event::ExecFile;
pub use event::Fork;
pub use event::Kind;
pub use event::Loss;
pub use event::Lost;
pub use event::ProcessId;
pub use source::KindTally;
pub use source::Sink;
pub use source::Source;
pub use source::SourceError;
pub use source::Tally;
