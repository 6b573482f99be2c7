//! A process ended.

use std::num::NonZeroU32;

use super::cgroup::CgroupRef;
use super::process_id::ProcessId;
use super::usage::Cost;

/// A process ended: its last thread left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit<'a> {
    /// The process.
    pub process: ProcessId,
    /// The parent at this moment.
    pub parent: ProcessId,
    /// The process's name.
    pub comm: &'a [u8],
    /// Real user id, in the initial user namespace.
    pub uid: Option<u32>,
    /// Real group id.
    pub gid: Option<u32>,
    /// Its cgroups.
    pub place: Option<CgroupRef>,
    /// The process's number in its own pid namespace.
    pub ns_pid: Option<u32>,
    /// How it ended.
    pub status: Option<ExitStatus>,
    /// The kernel killed it because memory was short.
    pub oom_killed: Option<bool>,
    /// It ended in an exec that failed when the old program was gone already. `comm` is the name
    /// of the program that did not begin.
    pub by_exec: bool,
    /// When its last exec was, in ns since boot; `None` when there was none, or it was not seen.
    pub exec_ns: Option<u64>,
    /// The number of its last exec.
    pub exec_number: Option<NonZeroU32>,
    /// What it cost.
    pub cost: Option<Cost>,
}

impl Exit<'static> {
    /// The end of a process, of which nothing else is known.
    pub fn of(process: ProcessId) -> Self {
        Self {
            process,
            parent: ProcessId::UNKNOWN,
            comm: b"",
            uid: None,
            gid: None,
            place: None,
            ns_pid: None,
            status: None,
            oom_killed: None,
            by_exec: false,
            exec_ns: None,
            exec_number: None,
            cost: None,
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// By itself, with this status (0 to 255).
    Code(u8),
    /// By a signal.
    Signal {
        /// Its number.
        number: u8,
        /// A core was dumped.
        core_dumped: bool,
    },
}

impl ExitStatus {
    /// From the status word that `wait()` gives.
    pub fn from_wait(status: u32) -> Self {
        let [low, high, ..] = status.to_le_bytes();
        match low & 0x7f {
            0 => Self::Code(high),
            number => Self::Signal {
                number,
                core_dumped: low & 0x80 != 0,
            },
        }
    }

    /// Whether it ended by itself, with status 0.
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }
}
