//! The kernel side of execsnoop, and what brings it to the user's side.
//!
//! `bpf/` holds the programs in C. [`Live`] chooses a backend, loads and attaches its programs,
//! reads their records and decodes them; it is a [`Source`](execsnoop_events::Source) of events.
//! [`StartError`] says what to do if that is not possible here, [`Diagnosis`] what this machine
//! offers.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use execsnoop_events::EventData;
//! use execsnoop_events::Source as _;
//! use execsnoop_probe::Live;
//! use execsnoop_probe::Options;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut live = Live::start(&Options::default(), None)?;
//! live.poll(Duration::from_secs(1), &mut |event| {
//!     if let EventData::Exec(exec) = &event.data {
//!         println!("{} ran {:?}", exec.process, exec.args);
//!     }
//! })?;
//! # Ok(())
//! # }
//! ```

mod backend;
mod clock;
mod command_line;
mod diagnose;
mod live;
mod load;
mod options;
mod proc_table;
mod read;
mod session;
mod skeleton;
mod start_error;
mod stats;
#[doc(hidden)]
pub mod testing;
mod wait;
mod wire;

pub use backend::obstacle::obstacle;
pub use clock::boot_time_ns;
pub use diagnose::Capabilities;
pub use diagnose::Diagnosis;
pub use diagnose::Tracefs;
pub use diagnose::Trial;
pub use live::Live;
pub use options::KernelFilters;
pub use options::Options;
pub use options::ring_bytes;
pub use proc_table::TICK_NS;
pub use proc_table::running_processes;
pub use start_error::StartError;
pub use stats::ProgramStats;
pub use stats::Statistics;
