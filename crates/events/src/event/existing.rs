//! A process that existed before tracing began.

use super::cgroup::CgroupRef;
use super::process_id::ProcessId;
use crate::argv::Argv;

/// A process that was there when tracing began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Existing<'a> {
    /// The process.
    pub process: ProcessId,
    /// Its parent then. Who created it is not known.
    pub parent: ProcessId,
    /// Its name.
    pub comm: &'a [u8],
    /// Real user id.
    pub uid: Option<u32>,
    /// Real group id.
    pub gid: Option<u32>,
    /// Where it is among the cgroups.
    pub place: Option<CgroupRef>,
    /// The process's number in its own pid namespace.
    pub ns_pid: Option<u32>,
    /// The number by which the tracer knows it, 0 when it does not see it.
    pub seen_pid: u32,
    /// Its arguments, as it shows them itself (`/proc/PID/cmdline`); unknown for kernel threads.
    pub args: Argv<'a>,
}
