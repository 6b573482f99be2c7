//! What happens to processes, as execsnoop sees it.
//!
//! This crate is the model that everything else shares: an [`Event`] and what it means, where
//! events come from ([`Source`]), their JSON form ([`json`]), how hostile bytes are made safe to
//! show ([`quote`]), what follows from a stream of events ([`Lineage`], [`Descendants`]), and which
//! of them are wanted ([`CelFilter`]).
//!
//! The crate does no I/O, needs neither Linux nor root, and contains no unsafe code: a recording
//! from a server can be read on a laptop.
//!
//! ```
//! use execsnoop_events::Argv;
//! use execsnoop_events::Event;
//! use execsnoop_events::EventData;
//! use execsnoop_events::Exec;
//! use execsnoop_events::Image;
//! use execsnoop_events::ProcessId;
//! use execsnoop_events::json;
//!
//! let process = ProcessId { pid: 4711, start_ns: 1 };
//! let image = Image { args: Argv::whole(b"ls\0-l\0"), ..Image::UNKNOWN };
//! let event = Event {
//!     time: "2026-11-23T09:49:07Z".parse().unwrap(),
//!     boot_ns: 9_000_000_000,
//!     data: EventData::Exec(Exec::of_image(process, &image)),
//! };
//! let mut line = Vec::new();
//! json::write_line(&mut line, &event, &json::Annotations::default());
//! assert!(line.starts_with(br#"{"type":"exec","time":"2026-11-23T09:49:07.000000000Z""#));
//! ```

#![forbid(unsafe_code)]

pub mod aggregate;
mod arg_limits;
mod argv;
mod backend;
mod cgroups;
mod clock;
mod comm;
mod descendants;
pub mod env;
mod event;
mod filter;
mod fold;
mod identity;
pub mod json;
mod lineage;
mod owned_image;
pub mod record;
pub mod recording;
mod redact;
pub mod schema;
mod source;
mod text;

pub use arg_limits::ArgLimits;
pub use argv::Argv;
pub use backend::Backend;
pub use cgroups::Cgroups;
pub use clock::WallClock;
pub use descendants::Descendants;
pub use env::EnvChoice;

pub use event::Cgroup;
pub use event::CgroupKey;
pub use event::CgroupRef;
pub use event::Clock;
pub use event::Cost;
pub use event::CountedKind;
pub use event::Cpu;
pub use event::Event;
pub use event::EventData;
pub use event::Exec;
pub use event::ExecFile;
pub use event::Existing;
pub use event::ExistingState;
pub use event::Exit;
pub use event::ExitStatus;
pub use event::FinalUsage;
pub use event::Fork;
pub use event::Hierarchy;
pub use event::Image;
pub use event::Io;
pub use event::LoginSession;
pub use event::Loss;
pub use event::Lost;
pub use event::OwnedEvent;
pub use event::PathRoot;
pub use event::ProcessId;
pub use event::ProcessSummary;
pub use event::Redacted;
pub use filter::CelError;
pub use filter::CelFilter;
pub use filter::Pushdown;
pub use fold::Fold;
pub use fold::FoldSink;
pub use identity::CgroupOwner;
pub use identity::Container;
pub use identity::Runtime;
pub use lineage::Ancestor;
pub use lineage::AncestorState;
pub use lineage::Evicted;
pub use lineage::Limits;
pub use lineage::Lineage;
pub use lineage::ProcessSink;
pub use redact::EventRedactor;
pub use redact::MASK;
pub use redact::Masked;
pub use redact::Redactor;
pub use source::Control;
pub use source::EventList;
pub use source::KindTally;
pub use source::Poll;
pub use source::Sink;
pub use source::Source;
pub use source::SourceError;
pub use source::Tally;
pub use text::errno_name;
pub use text::fastfmt;
pub use text::quote;
pub use text::signal_name;
pub use text::units;
