//! The events, and what each of their fields means.
//!
//! An event borrows its bytes from wherever it was read, so that passing it on costs nothing; who
//! wants to keep something copies it. A field that the source of an event cannot know is `None`.

use std::fmt;

use jiff::Timestamp;

use crate::argv::Args;

/// Which process: pids come back, but never with the same start time.
///
/// Shown as one opaque word, `4711-9f3a2b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessId {
    /// In the initial pid namespace.
    pub pid: u32,
    /// When it was forked, in ns since boot (`task_struct.start_boottime`; exec does not change it).
    pub start_ns: u64,
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:x}", self.pid, self.start_ns)
    }
}

/// What is counted apart in the accounting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An exec that succeeded.
    Exec,
    /// An exec that failed.
    Failed,
    /// A new process.
    Fork,
}

impl Kind {
    /// All kinds, in the order of their index.
    pub const ALL: [Self; 3] = [Self::Exec, Self::Failed, Self::Fork];

    /// The name used in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Failed => "failed exec",
            Self::Fork => "fork",
        }
    }
}

/// Something that happened, and when.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Wall-clock time, UTC.
    pub time: Timestamp,
    /// The same moment in ns since boot (`CLOCK_BOOTTIME`), which never steps.
    pub boot_ns: u64,
    /// What happened.
    pub body: Body<'a>,
}

/// What happened.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::large_enum_variant, reason = "events are lent on, not stored")]
pub enum Body<'a> {
    /// A process called exec, with or without success.
    Exec(Exec<'a>),
    /// A process was created.
    Fork(Fork),
    /// Events were lost.
    Lost(Lost),
    /// How wall-clock time and time since boot relate from now on.
    Clock(Clock),
}

impl Body<'_> {
    /// Which of the counted kinds this is; `None` for what the tracer itself reports.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Exec(exec) if exec.failed() => Some(Kind::Failed),
            Self::Exec(_) => Some(Kind::Exec),
            Self::Fork(_) => Some(Kind::Fork),
            Self::Lost(_) | Self::Clock(_) => None,
        }
    }
}

/// A process called exec.
#[derive(Debug, Clone, Copy)]
pub struct Exec<'a> {
    /// The process that runs the new image, or would have.
    pub process: ProcessId,
    /// The thread that called exec. Another than the process's first thread takes its number over.
    pub tid: u32,
    /// The parent at this moment: the creator, or who adopted the process since.
    pub parent: ProcessId,
    /// The process's name: after a success, that of the new image (15 bytes at most).
    pub comm: &'a [u8],
    /// The parent's name.
    pub parent_comm: &'a [u8],
    /// Real user id, in the initial user namespace.
    pub uid: u32,
    /// Effective user id, after the exec.
    pub euid: u32,
    /// Real group id.
    pub gid: u32,
    /// Effective group id, after the exec.
    pub egid: u32,
    /// Who logged in (`/proc/PID/loginuid`); `None` when nobody did.
    pub login_uid: Option<u32>,
    /// The audit session.
    pub audit_session: Option<u32>,
    /// The CPU it ran on.
    pub cpu: u32,
    /// 0, or the negative errno.
    pub ret: i32,
    /// The file as it was named in the call; of a descriptor alone, `/dev/fd/N`. `None` when it could
    /// not be read, which only happens to failed execs.
    pub filename: Option<&'a [u8]>,
    /// Resolved path of the file that runs (the interpreter, for a script), from the root of its
    /// mount namespace. `None` when it was not asked for, and for failed execs.
    pub exe: Option<&'a [u8]>,
    /// The file named is a script: its interpreter was put before it.
    pub script: bool,
    /// What set-uid, set-gid or file capabilities changed made the kernel set `AT_SECURE`.
    pub secure: bool,
    /// The arguments: after a success those of the new image, so a script's begin with the
    /// interpreter; after a failure the caller's.
    pub args: Args<'a>,
    /// kernfs id of the cgroup in the v2 hierarchy.
    pub cgroup_id: u64,
    /// The process's number in its own pid namespace.
    pub ns_pid: u32,
    /// Inode number of its pid namespace.
    pub pid_ns: u32,
    /// Inode number of its mount namespace.
    pub mnt_ns: u32,
    /// The file that runs; `None` for failed execs.
    pub file: Option<ExecFile>,
    /// Peak memory, in pages, that the process had used before this exec (`signal->maxrss`). The
    /// kernel's later peak contains it.
    pub pages_before: Option<u64>,
}

impl Exec<'_> {
    /// Whether the exec failed.
    pub fn failed(&self) -> bool {
        self.ret < 0
    }
}

/// The identity of an executed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecFile {
    /// The kernel's `dev_t`: major << 20 | minor.
    pub device: u32,
    /// Inode number.
    pub inode: u64,
    /// Names that it still has: 0 for a deleted file or a memfd.
    pub links: u32,
}

/// A process was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// The new process.
    pub process: ProcessId,
    /// Who called fork, vfork or clone. Not always the parent (`CLONE_PARENT`).
    pub creator: ProcessId,
    /// The thread that called.
    pub creator_tid: u32,
    /// The creator sleeps until the child has called exec or ended.
    pub vfork: bool,
    /// The creator is the tracer: this is the command it was asked to run.
    pub by_tracer: bool,
    /// The child's number in its own pid namespace.
    pub ns_pid: u32,
}

/// Why events are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Loss {
    /// The ring buffer had no room: the reader was too slow.
    RingFull,
    /// The kernel skipped a program because another instance of it was running on that CPU.
    Skipped,
    /// A record arrived that could not be decoded.
    Malformed,
}

impl Loss {
    /// The word used in JSON and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::RingFull => "ring_full",
            Self::Skipped => "skipped",
            Self::Malformed => "malformed",
        }
    }
}

/// Events were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// Of which kind.
    pub kind: Kind,
    /// How many, since the last such report.
    pub count: u64,
    /// Why.
    pub reason: Loss,
}

/// From now on, wall-clock time is `boot_ns` of the event plus a new distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The first report of a stream, not a step of the clock.
    pub first: bool,
}
