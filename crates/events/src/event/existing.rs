//! A process that existed before tracing began.

use std::num::NonZeroU32;

use jiff::Timestamp;

use super::cgroup::CgroupRef;
use super::exit::Exit;
use super::image::Image;
use super::login::LoginSession;
use super::process_id::ProcessId;

/// A process that existed when tracing began, or of which something follows that began after that.
///
/// A live source knows little of it. A [`Lineage`](crate::Lineage) tells all that it knows, so that
/// another one can go on from there.
#[derive(Debug, Clone, Copy)]
pub struct Existing<'a> {
    /// The process.
    pub process: ProcessId,
    /// Its parent, as last seen.
    pub parent: ProcessId,
    /// Its parent when it was first seen.
    pub first_parent: ProcessId,
    /// The process that forked it; `None` if the fork was not seen.
    pub creator: Option<ProcessId>,
    /// Its name.
    pub comm: &'a [u8],
    /// Its parent's name.
    pub parent_comm: &'a [u8],
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
    /// The login session; empty if no exec of it was seen.
    pub session: LoginSession<'a>,
    /// What it runs. A live source knows its arguments, as it shows them itself
    /// (`/proc/PID/cmdline`); they are unknown for kernel threads.
    pub image: Image<'a>,
    /// That program did not begin, since its exec failed when the old one was gone.
    pub doomed: bool,
    /// The number of its last exec.
    pub exec_number: Option<NonZeroU32>,
    /// The number of successful execs that were seen.
    pub execs: u32,
    /// When its last exec was, in ns since boot.
    pub exec_ns: Option<u64>,
    /// Peak memory, in bytes, before its last exec.
    pub peak_before: Option<u64>,
    /// Whether it lives.
    pub state: ExistingState<'a>,
}

/// Whether a process that is listed as existing lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "an event is lent on, never stored"
)]
pub enum ExistingState<'a> {
    /// It lives.
    Alive,
    /// It has ended, and its final resource usage is awaited.
    Ending {
        /// When it ended.
        time: Timestamp,
        /// The same in ns since boot.
        boot_ns: u64,
        /// How.
        exit: Exit<'a>,
    },
    /// It has ended. Descendants of it live.
    Ended {
        /// When, in ns since boot, if that was seen.
        boot_ns: Option<u64>,
    },
}

impl ExistingState<'_> {
    /// Whether it has ended, and nothing of it is awaited.
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Ended { .. })
    }
}

impl<'a> Existing<'a> {
    /// A process that lives; everything else is unknown.
    pub fn alive(process: ProcessId, parent: ProcessId) -> Self {
        Self {
            process,
            parent,
            first_parent: parent,
            creator: None,
            comm: b"",
            parent_comm: b"",
            uid: None,
            gid: None,
            place: None,
            ns_pid: None,
            seen_pid: 0,
            session: LoginSession::default(),
            image: Image::UNKNOWN,
            doomed: false,
            exec_number: None,
            execs: 0,
            exec_ns: None,
            peak_before: None,
            state: ExistingState::Alive,
        }
    }
}
