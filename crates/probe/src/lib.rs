//! The kernel side of execsnoop, and what brings it to the user's side.
//!
//! `bpf/` holds the programs in C. [`Core`] loads and attaches them, reads their ring buffer and
//! decodes their records; it is a [`Source`](execsnoop_events::Source) of events. [`StartError`] says
//! what to do when that is not possible here. This is the only crate of execsnoop with unsafe code.

mod clock;
mod command;
mod core;
mod decode;
mod explain;
mod features;
mod libbpf_log;
mod load;
mod options;
mod privileges;
mod ring;
mod running;
mod skeleton;
mod stats;

pub use clock::boot_time_ns;
pub use command::Command;
pub use command::CommandError;
pub use command::invoking_user;
pub use core::Core;
pub use explain::Obstacle;
pub use explain::StartError;
pub use explain::obstacle_before_load;
pub use features::Features;
pub use options::KernelFilters;
pub use options::Options;
pub use options::ring_bytes;
pub use privileges::drop_capabilities;
pub use privileges::without_capability;
pub use stats::ProgramStats;
pub use stats::Statistics;
