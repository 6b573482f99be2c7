//! The kernel's description of its own types.

use std::fs;

use libbpf_rs::btf::Btf as Types;
use libbpf_rs::btf::types::Func;
use libbpf_rs::btf::types::Typedef;

use super::BTF;

/// A tracepoint that execsnoop uses, as BTF names its type.
const TRACEPOINT: &str = "btf_trace_sched_process_exec";

/// The guard of tracepoints in place of disabled preemption (include/linux/tracepoint.h); it came
/// with that change.
const SRCU_GUARD: &str = "class_srcu_fast_notrace_t";

/// What calls programs at system calls in place of `trace_call_bpf`, which needs preemption
/// disabled (kernel/trace/trace_syscalls.c).
const FAULTABLE_CALL: &str = "trace_call_bpf_faultable";

/// Whether the kernel has a tracepoint for programs that are called with its types.
pub fn has_typed_tracepoint(name: &str) -> bool {
    let name = format!("btf_trace_{name}");
    let types = Types::from_path(BTF);
    types.is_ok_and(|types| types.type_by_name::<Typedef<'_>>(&name).is_some())
}

/// Which programs can be preempted while they run. For other processes that come to the same
/// program on that CPU, the kernel then skips it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PreemptiblePrograms {
    /// Those for typed and raw tracepoints: since 7.0.
    pub typed: bool,
    /// Those that perf attaches to the tracepoints of single system calls: since 7.2.
    pub system_calls: bool,
}

impl PreemptiblePrograms {
    /// Looks at this machine.
    pub fn look() -> Self {
        let Ok(types) = Types::from_path(BTF) else {
            return Self::default();
        };
        let typed = types.type_by_name::<Typedef<'_>>(SRCU_GUARD).is_some();
        Self {
            typed,
            system_calls: typed && types.type_by_name::<Func<'_>>(FAULTABLE_CALL).is_some(),
        }
    }
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
