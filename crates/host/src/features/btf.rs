//! The kernel's description of its own types.

use std::fs;

use libbpf_rs::btf::Btf as Types;
use libbpf_rs::btf::types::Typedef;

use super::BTF;

/// A tracepoint that execsnoop uses, as BTF names its type.
const TRACEPOINT: &str = "btf_trace_sched_process_exec";

/// Whether the kernel has a tracepoint for programs that are called with its types.
pub fn has_typed_tracepoint(name: &str) -> bool {
    let name = format!("btf_trace_{name}");
    let types = Types::from_path(BTF);
    types.is_ok_and(|types| types.type_by_name::<Typedef<'_>>(&name).is_some())
}

/// What was found of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Btf {
    /// The file is not there.
    Missing,
    /// It cannot be read, for this reason.
    Unreadable(String),
    /// It is there, and it makes no sense.
    Malformed,
    /// It describes the kernel.
    Readable {
        /// Its size.
        bytes: u64,
        /// How many types it describes.
        types: u64,
        /// The type of the tracepoint of execs, if that is among them.
        tracepoint: Option<u32>,
    },
}

impl Btf {
    /// Looks at this machine.
    pub fn look() -> Self {
        let bytes = match fs::read(BTF) {
            Ok(contents) => contents.len() as u64,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Self::Missing,
            Err(error) => return Self::Unreadable(error.to_string()),
        };
        let Ok(types) = Types::from_path(BTF) else {
            return Self::Malformed;
        };
        let tracepoint = types.type_by_name::<Typedef<'_>>(TRACEPOINT);
        Self::Readable {
            bytes,
            types: types.len() as u64,
            tracepoint: tracepoint.map(|found| u32::from(found.type_id())),
        }
    }

    /// The type of the tracepoint of execs.
    pub fn tracepoint(&self) -> Option<u32> {
        match self {
            Self::Readable { tracepoint, .. } => *tracepoint,
            _ => None,
        }
    }
}
