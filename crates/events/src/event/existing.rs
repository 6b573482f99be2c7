//! A process that existed before tracing began.

use std::num::NonZeroU32;

use super::cgroup::CgroupRef;
use super::process_id::ProcessId;
use crate::argv::Argv;

/// A process that existed when tracing began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Existing<'a> {
    /// The process.
    pub process: ProcessId,
    /// Its parent at that time. Its creator is not known.
    pub parent: ProcessId,
    /// Its name.
    pub comm: &'a [u8],
    /// Real user id.
    pub uid: Option<u32>,
    /// Real group id.
    pub gid: Option<u32>,
    /// Its cgroups.
    pub place: Option<CgroupRef>,
    /// The process's number in its own pid namespace.
    pub ns_pid: Option<u32>,
    /// Its pid in the tracer's pid namespace; 0 if it is not visible there.
    pub seen_pid: u32,
    /// The number of its last exec.
    pub exec_number: Option<NonZeroU32>,
    /// Its arguments, as it shows them itself (`/proc/PID/cmdline`); unknown for kernel threads.
    pub args: Argv<'a>,
}
