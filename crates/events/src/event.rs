//! The events, and what each of their fields means.
//!
//! An event borrows its bytes from wherever it was read, so that passing it on costs nothing; who
//! wants to keep something copies it. A field that the source of an event cannot know is `None`.

use std::fmt;

use jiff::Timestamp;

use crate::argv::Argv;

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

impl ProcessId {
    /// A process of which nothing is known. No process has this number.
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

/// What is counted apart in the accounting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CountedKind {
    /// An exec that succeeded.
    Exec,
    /// An exec that failed.
    Failed,
    /// A new process.
    Fork,
    /// The end of a process.
    Exit,
    /// A process's final accounts; only used to complete what is known of its end.
    FinalUsage,
}

impl CountedKind {
    /// All kinds, in the order of their index.
    pub const ALL: [Self; 5] = [
        Self::Exec,
        Self::Failed,
        Self::Fork,
        Self::Exit,
        Self::FinalUsage,
    ];

    /// The name used in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Failed => "failed exec",
            Self::Fork => "fork",
            Self::Exit => "exit",
            Self::FinalUsage => "final account",
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
    pub data: EventData<'a>,
}

/// What happened.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::large_enum_variant,
    reason = "an event is lent on, never stored"
)]
pub enum EventData<'a> {
    /// A process called exec, with or without success.
    Exec(Exec<'a>),
    /// A process was created.
    Fork(Fork),
    /// A process ended.
    Exit(Exit<'a>),
    /// A process that has ended was reaped, and its accounts are final.
    FinalUsage(FinalUsage),
    /// A process was there already when tracing began.
    Existing(Existing<'a>),
    /// What a cgroup is called.
    Cgroup(Cgroup<'a>),
    /// A process as a whole. Not sent by a source: [`Lineage`](crate::Lineage) concludes it.
    Summary(ProcessSummary<'a>),
    /// Events were lost.
    Lost(Lost),
    /// How wall-clock time and time since boot relate from now on.
    Clock(Clock),
}

impl EventData<'_> {
    /// Which of the counted kinds this is; `None` for what the tracer itself reports.
    pub fn kind(&self) -> Option<CountedKind> {
        match self {
            Self::Exec(exec) if exec.failed() => Some(CountedKind::Failed),
            Self::Exec(_) => Some(CountedKind::Exec),
            Self::Fork(_) => Some(CountedKind::Fork),
            Self::Exit(_) => Some(CountedKind::Exit),
            Self::FinalUsage(_) => Some(CountedKind::FinalUsage),
            Self::Existing(_)
            | Self::Cgroup(_)
            | Self::Summary(_)
            | Self::Lost(_)
            | Self::Clock(_) => None,
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
    /// The process's name: after a success, that of the new image (15 bytes at most). Empty when it is
    /// not known, as everywhere.
    pub comm: &'a [u8],
    /// The parent's name.
    pub parent_comm: &'a [u8],
    /// Real user id, in the initial user namespace.
    pub uid: Option<u32>,
    /// Effective user id, after the exec.
    pub euid: Option<u32>,
    /// Real group id.
    pub gid: Option<u32>,
    /// Effective group id, after the exec.
    pub egid: Option<u32>,
    /// Who logged in, and where.
    pub session: LoginSession<'a>,
    /// The CPU it ran on.
    pub cpu: Option<u32>,
    /// 0, or the negative errno.
    pub ret: i32,
    /// The file as it was named in the call; of a descriptor alone, `/dev/fd/N`. `None` when it could
    /// not be read, which only happens to failed execs.
    pub filename: Option<&'a [u8]>,
    /// Resolved path of the file that runs (the interpreter, for a script), from the root of its
    /// mount namespace. `None` when it was not asked for, for failed execs, and when it has more
    /// than some 250 names.
    pub exe: Option<&'a [u8]>,
    /// The file named is a script: its interpreter was put before it.
    pub script: bool,
    /// What set-uid, set-gid or file capabilities changed made the kernel set `AT_SECURE`.
    pub secure: bool,
    /// The arguments: after a success those of the new image, so a script's begin with the
    /// interpreter; after a failure the caller's.
    pub args: Argv<'a>,
    /// Resolved path of the working directory, as `exe`. `None` when it was not asked for, for failed
    /// execs, and when it has too many names.
    pub cwd: Option<&'a [u8]>,
    /// The environment of the new image, `NAME=value` each. `None` when it was not asked for, or did
    /// not arrive whole, and for failed execs.
    pub env: Option<Argv<'a>>,
    /// Where it is among the cgroups.
    pub place: Option<CgroupRef>,
    /// The process's number in its own pid namespace.
    pub ns_pid: Option<u32>,
    /// Inode number of its pid namespace.
    pub pid_ns: Option<u32>,
    /// Inode number of its mount namespace.
    pub mnt_ns: Option<u32>,
    /// The file that runs; `None` for failed execs.
    pub file: Option<ExecFile>,
    /// Peak memory, in bytes, that the process had used before this exec (`signal->maxrss`). The
    /// kernel's later peak contains it.
    pub peak_before: Option<u64>,
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

/// Who logged in, and where. Inherited through fork and exec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoginSession<'a> {
    /// Who logged in (`/proc/PID/loginuid`); `None` when nobody did: a service, or its kin.
    pub login_uid: Option<u32>,
    /// The audit session (`/proc/PID/sessionid`), which systemd-logind takes over as its own.
    pub audit_id: Option<u32>,
    /// The process that leads the session (`ps -o sid`); `None` when nobody asked.
    pub leader: Option<u32>,
    /// The controlling terminal's device as the kernel names it: `tty1`, `pts3`.
    pub tty: Option<&'a [u8]>,
}

impl<'a> LoginSession<'a> {
    /// The controlling terminal as it is called in /dev, in two parts: `pts/` and `3`, nothing and `tty1`.
    pub fn terminal(&self) -> Option<(&'static str, &'a [u8])> {
        let device = self.tty?;
        Some(match device.strip_prefix(b"pts") {
            Some(number) => ("pts/", number),
            None => ("", device),
        })
    }
}

/// A hierarchy of cgroups. In version 1 each controller has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hierarchy {
    /// The one of version 2.
    Unified,
    /// Version 1's of the memory controller.
    Memory,
    /// Version 1's of the pids controller.
    Pids,
}

/// A cgroup: kernfs ids are only unique within a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CgroupKey {
    /// Of which hierarchy.
    pub hierarchy: Hierarchy,
    /// Its kernfs id there.
    pub id: u64,
}

/// Where a process is among the cgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CgroupRef {
    /// kernfs id of its cgroup in the v2 hierarchy.
    pub unified_id: u64,
    /// Its cgroup in the hierarchy that tells most of it: the same, unless the machine has version 1.
    pub cgroup: CgroupKey,
}

impl CgroupRef {
    /// In the v2 hierarchy.
    pub fn unified(id: u64) -> Self {
        let hierarchy = Hierarchy::Unified;
        Self {
            unified_id: id,
            cgroup: CgroupKey { hierarchy, id },
        }
    }
}

/// A cgroup has a name: sent before the first event from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cgroup<'a> {
    /// The cgroup.
    pub key: CgroupKey,
    /// Its path from the root of its hierarchy, such as `/system.slice/cron.service`.
    pub path: &'a [u8],
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
    pub vfork: Option<bool>,
    /// The creator is the tracer: this is the command it was asked to run.
    pub by_tracer: bool,
    /// The child's number in its own pid namespace.
    pub ns_pid: Option<u32>,
}

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
    /// Where it is among the cgroups.
    pub place: Option<CgroupRef>,
    /// The process's number in its own pid namespace.
    pub ns_pid: Option<u32>,
    /// How it ended.
    pub status: Option<ExitStatus>,
    /// When its last exec was, in ns since boot; `None` when there was none, or it was not seen.
    pub exec_ns: Option<u64>,
    /// What it cost.
    pub cost: Option<Cost>,
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

/// What a process cost, all of its threads together, from its fork on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Time on a CPU, and how it divides.
    pub cpu: Cpu,
    /// Peak memory in bytes of the image that ran at the end; `None` when the kernel only knows the
    /// process's peak, and that is from before the exec.
    pub max_rss_bytes: Option<u64>,
    /// Peak memory in bytes of the process, what it had before exec among it (`ru_maxrss`).
    pub peak_rss_bytes: u64,
    /// Page faults that needed no I/O.
    pub minor_faults: u64,
    /// Page faults that did.
    pub major_faults: u64,
    /// Context switches because it waited.
    pub voluntary_switches: u64,
    /// Context switches because its time was over.
    pub involuntary_switches: u64,
    /// Reading and writing; `None` when the kernel keeps no account of it.
    pub io: Option<Io>,
}

/// Bytes read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Io {
    /// Read from storage.
    pub read_bytes: u64,
    /// To be written to storage.
    pub write_bytes: u64,
    /// Read by system calls, from wherever.
    pub read_chars: u64,
    /// Written by system calls, to wherever.
    pub write_chars: u64,
}

/// Time on a CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpu {
    /// All of it, in ns.
    pub total_ns: u64,
    /// Whether that is the kernel's final figure, or an estimate made at the exit.
    pub exact: bool,
    /// In user mode, by clock ticks: a share of the total as the kernel divides it.
    pub user_ns: u64,
    /// In the kernel.
    pub system_ns: u64,
}

impl Cpu {
    /// Divides a total as the kernel does for `wait4` (`cputime_adjust`, kernel/sched/cputime.c):
    /// by the ratio of its clock ticks, and all to the user when no tick hit the kernel.
    pub fn divided(total_ns: u64, exact: bool, user_ticks_ns: u64, system_ticks_ns: u64) -> Self {
        let system_ns = match (user_ticks_ns, system_ticks_ns) {
            (_, 0) => 0,
            (0, _) => total_ns,
            (user, system) => share(total_ns, system, user),
        };
        Self {
            total_ns,
            exact,
            user_ns: total_ns - system_ns,
            system_ns,
        }
    }
}

/// Of a total, the share of `one` beside `other`.
fn share(total: u64, one: u64, other: u64) -> u64 {
    // Nearly always words are enough, and are divided in a tenth of the time.
    if let (Some(product), Some(sum)) = (total.checked_mul(one), one.checked_add(other)) {
        return product / sum;
    }
    let (wide, one) = (u128::from(total), u128::from(one));
    u64::try_from(wide * one / (u128::from(other) + one)).unwrap_or(total)
}

/// The final accounts of a process that was reaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinalUsage {
    /// The process.
    pub process: ProcessId,
    /// Its time on a CPU, exact.
    pub cpu: Cpu,
}

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

/// A process as a whole: what it ran last, who created it, how it ended and what it cost.
#[derive(Debug, Clone, Copy)]
pub struct ProcessSummary<'a> {
    /// The process.
    pub process: ProcessId,
    /// Its parent, as last seen.
    pub parent: ProcessId,
    /// Who forked it; `None` when that was before tracing began, or was not seen.
    pub creator: Option<ProcessId>,
    /// Its name.
    pub comm: &'a [u8],
    /// Its parent's name, if that is known.
    pub parent_comm: Option<&'a [u8]>,
    /// Real user id.
    pub uid: Option<u32>,
    /// Real group id.
    pub gid: Option<u32>,
    /// Where it is among the cgroups.
    pub place: Option<CgroupRef>,
    /// The process's number in its own pid namespace.
    pub ns_pid: Option<u32>,
    /// Who logged in, and where; `None` when it has not called exec since tracing began.
    pub session: Option<LoginSession<'a>>,
    /// The image it runs. Of a process that never called exec it is its creator's.
    pub image: Option<Image<'a>>,
    /// How often it called exec with success, as far as seen.
    pub execs: u32,
    /// When its last exec was, in ns since boot.
    pub exec_ns: Option<u64>,
    /// Its end; `None` while it lives.
    pub exit: Option<Exit<'a>>,
}

/// What a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// The file as it was named in the call.
    pub filename: Option<&'a [u8]>,
    /// Resolved path of the file.
    pub exe: Option<&'a [u8]>,
    /// The file named is a script.
    pub script: bool,
    /// The kernel set `AT_SECURE`.
    pub secure: bool,
    /// The file's identity.
    pub file: Option<ExecFile>,
    /// The arguments.
    pub args: Argv<'a>,
    /// Resolved path of the working directory at the exec.
    pub cwd: Option<&'a [u8]>,
    /// The environment, as far as it was asked for.
    pub env: Option<Argv<'a>>,
}

impl Image<'static> {
    /// An image of which nothing is known.
    pub const UNKNOWN: Self = Self {
        filename: None,
        exe: None,
        script: false,
        secure: false,
        file: None,
        args: Argv::UNKNOWN,
        cwd: None,
        env: None,
    };
}

impl Image<'_> {
    /// Whether the file had no name any more when it was run, or never had one.
    pub fn deleted(&self) -> Option<bool> {
        self.file.map(|file| file.links == 0)
    }

    /// Whether it was memory that was run, not a file (memfd_create(2)).
    pub fn memfd(&self) -> Option<bool> {
        let deleted = self.deleted()?;
        Some(deleted && self.exe?.starts_with(b"/memfd:"))
    }
}

impl<'a> Exec<'a> {
    /// The image that a successful exec brings.
    pub fn image(&self) -> Image<'a> {
        Image {
            filename: self.filename,
            exe: self.exe,
            script: self.script,
            secure: self.secure,
            file: self.file,
            args: self.args,
            cwd: self.cwd,
            env: self.env,
        }
    }
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
    pub kind: CountedKind,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As in wait(2).
    #[test]
    fn exit_status() {
        assert_eq!(ExitStatus::from_wait(0x0700), ExitStatus::Code(7));
        assert!(ExitStatus::from_wait(0).success());
        let segv = ExitStatus::Signal {
            number: 11,
            core_dumped: true,
        };
        assert_eq!(ExitStatus::from_wait(0x8b), segv);
    }

    /// As the kernel divides for wait4.
    #[test]
    fn cpu_is_divided_by_ticks() {
        let divided = |user, system| {
            let cpu = Cpu::divided(1000, true, user, system);
            (cpu.user_ns, cpu.system_ns)
        };
        assert_eq!(divided(0, 0), (1000, 0));
        assert_eq!(divided(0, 4), (0, 1000));
        assert_eq!(divided(4, 0), (1000, 0));
        assert_eq!(divided(3, 1), (750, 250));
        assert_eq!(Cpu::divided(u64::MAX, true, 1, u64::MAX).user_ns, 1);
    }

    /// As `ps -o tty` has it: of the kernel's names, those of pseudo-terminals have lost a slash.
    #[test]
    fn terminals() {
        let terminal = |device| {
            let session = LoginSession {
                tty: device,
                ..LoginSession::default()
            };
            let parts = session.terminal();
            parts.map(|(directory, name)| [directory.as_bytes(), name].concat())
        };
        let known = [("pts12", "pts/12"), ("tty1", "tty1"), ("ttyS0", "ttyS0")];
        for (device, expected) in known {
            assert_eq!(terminal(Some(device.as_bytes())), Some(expected.into()));
        }
        assert_eq!(terminal(None), None);
    }
}
