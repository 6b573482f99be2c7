//! The events, and what each of their fields means.
//!
//! An event borrows its bytes from the buffer it was read into, so passing it on is free. An
//! [`OwnedEvent`] keeps a copy. A field that the source of an event cannot know is `None`.

mod cgroup;
mod data;
mod exec;
mod existing;
mod exit;
mod fork;
mod image;
mod kind;
mod login;
mod loss;
mod owned;
mod process_id;
mod summary;
#[cfg(test)]
mod tests;
mod usage;

pub use cgroup::Cgroup;
pub use cgroup::CgroupKey;
pub use cgroup::CgroupRef;
pub use cgroup::Hierarchy;
pub use data::Clock;
pub use data::Event;
pub use data::EventData;
pub use exec::Exec;
pub use existing::Existing;
pub use existing::ExistingState;
pub use exit::Exit;
pub use exit::ExitStatus;
pub use fork::Fork;
pub use image::ExecFile;
pub use image::Image;
pub use image::PathRoot;
pub use image::Redacted;
pub use kind::CountedKind;
pub use login::LoginSession;
pub use loss::Loss;
pub use loss::Lost;
pub use owned::OwnedEvent;
pub(crate) use owned::OwnedExec;
pub use process_id::ProcessId;
pub use summary::ProcessSummary;
pub use usage::Cost;
pub use usage::Cpu;
pub use usage::FinalUsage;
pub use usage::Io;
