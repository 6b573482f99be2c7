//! The identity of a process.

use std::fmt;

/// The identity of a process: pids are reused, but never with the same start time.
///
/// Shown as one opaque word, `4711-9f3a2b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessId {
    /// In the initial pid namespace.
    pub pid: u32,
    /// When it was forked, in ns since boot (`task_struct.start_boottime`; exec does not change
    /// it).
    pub start_ns: u64,
}

impl ProcessId {
    /// An unknown process. No process has this pid.
    pub const UNKNOWN: Self = Self {
        pid: u32::MAX,
        start_ns: u64::MAX,
    };

    /// The process, if it is known.
    pub fn known(self) -> Option<Self> {
        (self != Self::UNKNOWN).then_some(self)
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:x}", self.pid, self.start_ns)
    }
}
