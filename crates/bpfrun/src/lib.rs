//! BPF C, compiled on the spot, with typed events and maps.
//!
//! A program is a C file in BCC's dialect or in libbpf's. [`compile`] makes a CO-RE object of it (the
//! system's clang does the compiling, and no kernel headers are needed); [`Program`] loads and attaches
//! that, or any other object made for libbpf. [`Running`] hands out what it sends, as [`Event`]s whose
//! fields are [`Value`]s by name, and reads and clears its [`Map`]s.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bpfrun::{CompileOptions, Program};
//! use std::time::Duration;
//!
//! let program = Program::from_file("examples/bcc/execargs.c", &CompileOptions::default())?;
//! let mut running = program.load()?.attach()?;
//! running.poll(Duration::from_secs(1), |event| {
//!     println!("{:?} runs {:?}", event.get("pid"), event.get("args"));
//! })?;
//! if let Some(calls) = running.map("calls") {
//!     for entry in calls.entries()?.iter() {
//!         println!("{:?}: {:?}", entry.key, entry.total());
//!     }
//!     calls.clear()?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! That needs root, or CAP_BPF and CAP_PERFMON. Object files may come from anybody: what cannot be read
//! is an error, and any bytes in an event decode to some value.

mod attach;
mod btf;
mod compile;
mod declared;
mod decode;
mod dialect;
mod kernel;
mod layout;
mod libbpf_log;
mod load_error;
mod map;
mod perf_event;
mod program;
mod running;
mod schema;
mod skeleton;
mod stream;
mod sys;
mod value;
mod verifier;

pub use attach::AttachError;
pub use attach::AttachFailure;
pub use compile::Attach;
pub use compile::CompileError;
pub use compile::CompileOptions;
pub use compile::Compiled;
pub use compile::Dialect;
pub use compile::EventType;
pub use compile::Source;
pub use compile::compile;
pub use declared::Buckets;
pub use declared::ObjectError;
pub use dialect::Refusal;
pub use load_error::LoadError;
pub use map::Entries;
pub use map::Entry;
pub use map::Map;
pub use map::MapError;
pub use map::MapKind;
pub use program::Loaded;
pub use program::Program;
pub use program::SkeletonError;
pub use program::SourceError;
pub use program::Verdict;
pub use running::Event;
pub use running::Flow;
pub use running::ReadError;
pub use running::Running;
pub use running::RunningOptions;
pub use schema::Column;
pub use schema::Schema;
pub use value::Value;
pub use verifier::Objection;
pub use verifier::SourceLine;
