//! A whole process.

use super::cgroup::CgroupRef;
use super::exit::Exit;
use super::image::Image;
use super::login::LoginSession;
use super::process_id::ProcessId;

/// A process as a whole: what it ran last, who created it, how it ended and what it cost.
#[derive(Debug, Clone, Copy)]
pub struct ProcessSummary<'a> {
    /// The process.
    pub process: ProcessId,
    /// Its parent, as last seen.
    pub parent: ProcessId,
    /// The process that forked it; `None` if the fork was before tracing began, or was not seen.
    pub creator: Option<ProcessId>,
    /// Its name.
    pub comm: &'a [u8],
    /// Its parent's name, if that is known.
    pub parent_comm: Option<&'a [u8]>,
    /// Real user id.
    pub uid: Option<u32>,
    /// Real group id.
    pub gid: Option<u32>,
    /// Its cgroups.
    pub place: Option<CgroupRef>,
    /// The process's number in its own pid namespace.
    pub ns_pid: Option<u32>,
    /// The login session; `None` if the process has not called exec since tracing began.
    pub session: Option<LoginSession<'a>>,
    /// The image it runs. A process that never called exec has its creator's image.
    pub image: Option<Image<'a>>,
    /// The number of successful execs that were seen.
    pub execs: u32,
    /// When its last exec was, in ns since boot.
    pub exec_ns: Option<u64>,
    /// Its end; `None` while it lives.
    pub exit: Option<Exit<'a>>,
}
