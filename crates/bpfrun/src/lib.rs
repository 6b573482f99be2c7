//! BPF C, compiled on the spot, with typed events and maps.
//!
//! A program is a C file in BCC's dialect or in libbpf's. [`compile`] makes a CO-RE object of it
//! (the system's clang does the compiling, and no kernel headers are needed); [`Program`] loads and
//! attaches that, or any other object made for libbpf. [`Attached`] hands out what it sends, as
//! [`Event`]s whose fields are [`Value`]s by name, and reads and clears its [`Map`]s.
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
//! That needs root, or CAP_BPF and CAP_PERFMON. Object files may come from anybody: what cannot be
//! read is an error, and any bytes in an event decode to some value.

mod c;
mod compile;
mod compile_options;
mod emit;
mod frontend;
mod kernel;
mod object;
mod runtime;
mod toolchain;

pub use compile::compile;
pub use compile_options::Attach;
pub use compile_options::CompileOptions;
pub use compile_options::Compiled;
pub use compile_options::Dialect;
pub use compile_options::EventType;
pub use compile_options::Source;
pub use compile_options::Target;
pub use execsnoop_host::verifier_log::SourceLine;
pub use execsnoop_host::verifier_log::VerifierRejection;
pub use frontend::bcc::error::TranslateError;
pub use object::object_info::Buckets;
pub use object::object_info::ObjectError;
pub use object::schema::Column;
pub use object::schema::Schema;
pub use object::value::Value;
pub use runtime::attach::AttachError;
pub use runtime::attach::AttachFailure;
pub use runtime::attached::AttachOptions;
pub use runtime::attached::Attached;
pub use runtime::attached::Event;
pub use runtime::attached::MapStats;
pub use runtime::attached::ReadError;
pub use runtime::load_error::LoadError;
pub use runtime::loaded::Loaded;
pub use runtime::map::Entries;
pub use runtime::map::Entry;
pub use runtime::map::Map;
pub use runtime::map::MapError;
pub use runtime::map::MapKind;
pub use runtime::program::EmitError;
pub use runtime::program::Program;
pub use runtime::program::SourceError;
pub use runtime::program::Verdict;
pub use toolchain::compile_error::CompileError;
