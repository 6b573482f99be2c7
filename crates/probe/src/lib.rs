//! The kernel side of execsnoop, and what brings it to the user's side.
//!
//! `bpf/` holds the programs in C. [`Live`] loads and attaches them, reads their ring buffer and
//! decodes their records; it is a [`Source`](execsnoop_events::Source) of events. [`StartError`] says
//! what to do when that is not possible here. This is the only crate of execsnoop with unsafe code.

mod btf_file;
mod classic;
mod clock;
mod cnproc;
mod command;
mod connector;
mod core;
mod decode;
mod explain;
mod features;
mod layout;
mod libbpf_log;
pub mod live;
mod load;
mod names;
mod options;
mod perf;
mod privileges;
mod proc;
#[doc(hidden)]
pub mod replay;
mod ring;
mod running;
mod skeleton;
mod stats;
mod tracefs;

pub use clock::boot_time_ns;
pub use command::Command;
pub use command::CommandError;
pub use command::invoking_user;
pub use explain::ENOUGH_LOCKED;
pub use explain::Obstacle;
pub use explain::StartError;
pub use explain::obstacle_before_load;
pub use features::Features;
pub use features::attempt::Attempt;
pub use features::btf::Btf;
pub use features::cgroup::CgroupVersion;
pub use features::cgroup::Cgroups;
pub use features::connector::Connector;
pub use features::namespace::in_pid_namespace;
pub use features::security::Guards;
pub use features::survey::Capabilities;
pub use features::survey::Survey;
pub use features::survey::Tracefs;
pub use features::survey::Trial;
pub use live::Live;
pub use names::use_files_for_names;
pub use options::KernelFilters;
pub use options::Options;
pub use options::ring_bytes;
pub use privileges::drop_capabilities;
pub use privileges::without_capability;
pub use stats::ProgramStats;
pub use stats::Statistics;
