//! The field table. Each entry is a field; its description is also used in docs/output.md.

use super::field::Field;
use super::field::FieldType::Ancestors;
use super::field::FieldType::Bool;
use super::field::FieldType::Container;
use super::field::FieldType::Decimal;
use super::field::FieldType::Id;
use super::field::FieldType::Integer;
use super::field::FieldType::OneOf;
use super::field::FieldType::Text;
use super::field::FieldType::Texts;
use super::field::FieldType::Time;
use super::field::FieldType::Variables;
use super::field::RecordType;
use super::field::Requirement;
use super::field::Unit;
use crate::backend::Backend;
use crate::backend::Backend::Classic;
use crate::backend::Backend::Cnproc;
use crate::event::PathRoot;

const ALL: &[RecordType] = &RecordType::ALL;
const EVENTS: &[RecordType] = &[
    RecordType::Exec,
    RecordType::Fork,
    RecordType::Exit,
    RecordType::Process,
];
/// Records of a process that has a parent, a user and a cgroup.
const OWNED: &[RecordType] = &[RecordType::Exec, RecordType::Exit, RecordType::Process];
/// Records that describe an image.
const IMAGE: &[RecordType] = &[RecordType::Exec, RecordType::Process];
/// Records that describe the end of a process.
const END: &[RecordType] = &[RecordType::Exit, RecordType::Process];
const FORK_PROCESS: &[RecordType] = &[RecordType::Fork, RecordType::Process];
const EXEC: &[RecordType] = &[RecordType::Exec];
const FORK: &[RecordType] = &[RecordType::Fork];
const PROCESS: &[RecordType] = &[RecordType::Process];
const LOST: &[RecordType] = &[RecordType::Lost];
const CLOCK: &[RecordType] = &[RecordType::Clock];

const ALL_BUT_CORE: &[Backend] = &[Classic, Cnproc];

const TYPES: &[&str] = &["exec", "fork", "exit", "process", "lost", "clock"];
const LOST_KINDS: &[&str] = &["exec", "failed exec", "fork", "exit", "final usage"];
const LOSS_REASONS: &[&str] = &["ring_full", "skipped", "malformed"];

/// Every field of every record, in the order in which they are written.
#[rustfmt::skip]
pub const FIELDS: &[Field] = &[
    Field::new("type", OneOf(TYPES), ALL,
        "The type of the record.").always(),
    Field::new("time", Time, ALL,
        "Wall-clock time of the event.").always(),
    Field::new("id", Id, EVENTS,
        "The process.").always(),
    Field::new("pid", Integer, EVENTS,
        "Its pid, in the initial pid namespace.").always(),
    Field::new("tid", Integer, EXEC,
        "The thread that called exec.").always(),
    Field::new("ppid", Integer, OWNED,
        "The parent at this moment: the creator, or the process that adopted it since."),
    Field::new("parent_id", Id, OWNED,
        "The same parent."),
    Field::new("creator_id", Id, FORK_PROCESS,
        "The process that forked it; null if that was before tracing began."),
    Field::new("creator_pid", Integer, FORK_PROCESS,
        "The pid of the same process."),
    Field::new("comm", Text, OWNED,
        "The process's name, up to 15 bytes. After a successful exec, that of the new image."),
    Field::new("pcomm", Text, IMAGE,
        "The parent's name."),
    Field::new("uid", Integer, OWNED,
        "Real user id, in the initial user namespace."),
    Field::new("user", Text, OWNED,
        "The name of `uid` on this machine; null for processes in containers, except root's."
    ).requires(Requirement::UserNames),
    Field::new("euid", Integer, EXEC,
        "Effective user id, after the exec.").not_by(&[Classic]),
    Field::new("gid", Integer, OWNED,
        "Real group id, in the initial user namespace."),
    Field::new("group", Text, OWNED,
        "The name of `gid` on this machine, as `user`.").requires(Requirement::UserNames),
    Field::new("egid", Integer, EXEC,
        "Effective group id, after the exec.").not_by(&[Classic]),
    Field::new("login_uid", Integer, IMAGE,
        "The user who logged in, kept through su and sudo; null for services."
    ).not_by(ALL_BUT_CORE),
    Field::new("audit_session", Integer, IMAGE,
        "The audit session (`/proc/PID/sessionid`); null for services.").not_by(ALL_BUT_CORE),
    Field::new("sid", Integer, IMAGE,
        "The leader of the session (`ps -o sid`)."
    ).not_by(ALL_BUT_CORE).requires(Requirement::Sessions),
    Field::new("tty", Text, IMAGE,
        "The controlling terminal, such as `pts/3`; null if there is none."
    ).not_by(ALL_BUT_CORE).requires(Requirement::Sessions),
    Field::new("cpu", Integer, EXEC,
        "The CPU on which exec was called."),
    Field::new("ret", Integer, EXEC,
        "0, or the negative errno.").always(),
    Field::new("errno", Text, EXEC,
        "The name of the errno, in failed execs only."
    ).optional().not_by(&[Cnproc]).requires(Requirement::FailedExecs),
    Field::new("filename", Text, IMAGE,
        "The file as the call named it; `/dev/fd/N` or `/dev/fd/N/NAME` for execveat with a \
         descriptor.").not_by(&[Cnproc]),
    Field::new("exe", Text, IMAGE,
        "Resolved path of the file that runs: of a script, its interpreter. Null for failed \
         execs, but for a fatal one whose `filename` is not known.").not_by(ALL_BUT_CORE).requires(Requirement::ExePath),
    Field::new("exe_root", OneOf(PathRoot::NAMES), IMAGE,
        "What `exe` is relative to: the root of the mount namespace of the machine's first process \
         (`machine`), of the process's own (`namespace`: a container, mostly), or neither \
         (`elsewhere`: a detached mount, another process's namespace, memory). Null without `exe`."
    ).not_by(ALL_BUT_CORE).requires(Requirement::ExePath),
    Field::new("script", Text, IMAGE,
        "The script's name, if the file is a script.").not_by(ALL_BUT_CORE),
    Field::new("deleted", Bool, IMAGE,
        "The file had no name any more when it was run. Null for failed execs."
    ).not_by(ALL_BUT_CORE),
    Field::new("memfd", Bool, IMAGE,
        "It is memory that was run, not a file (memfd_create). Null for failed execs."
    ).not_by(ALL_BUT_CORE).requires(Requirement::ExePath),
    Field::new("secure", Bool, IMAGE,
        "Set-uid, set-gid or file capabilities changed the credentials (the kernel's \
         `AT_SECURE`).").not_by(ALL_BUT_CORE),
    Field::new("args", Texts, IMAGE,
        "The arguments of the new image; of a failed exec, those the caller gave. U+FFFD \
         replaces what is not UTF-8."),
    Field::new("args_complete", Bool, IMAGE,
        "`args` has all arguments, and each is whole.").always(),
    Field::new("args_b64", Texts, IMAGE,
        "All arguments exactly, in base64; only there if one is not UTF-8.").optional(),
    Field::new("cwd", Text, IMAGE,
        "The directory in which exec was called. Null for failed execs, and if it was not asked \
         for.").not_by(ALL_BUT_CORE).requires(Requirement::WorkingDirectory),
    Field::new("cwd_root", OneOf(PathRoot::NAMES), IMAGE,
        "What `cwd` is relative to, as `exe_root`."
    ).not_by(ALL_BUT_CORE).requires(Requirement::WorkingDirectory),
    Field::new("env", Variables, IMAGE,
        "The variables that were asked for and are set. Null for failed execs, and if the \
         environment did not arrive whole."
    ).not_by(ALL_BUT_CORE).requires(Requirement::Environment),
    Field::new("redacted", Bool, IMAGE,
        "Something was masked: it reads `[redacted]`.").always(),
    Field::new("shortened", Bool, IMAGE,
        "Only there, and true, if a limit of this trace left out some of `args` or of `env`. \
         (`args_complete` is about what arrived from the kernel.)"
    ).optional().requires(Requirement::ArgLimits),
    Field::new("execs", Integer, PROCESS,
        "How often the process has called exec with success, also where the event was lost; 0 \
         for a copy of its creator, whose image it shows.").always().unit(Unit::Count),
    Field::new("cgroup", Text, OWNED,
        "Path of its cgroup, from the root of the hierarchy. Null if its name is not known; \
         then `unit`, `user_unit`, `container` and `pod_uid` are not known, either."
    ).not_by(ALL_BUT_CORE).requires(Requirement::CgroupNames),
    Field::new("cgroup_id", Decimal, OWNED,
        "Number of its cgroup in the v2 hierarchy.").not_by(&[Cnproc]),
    Field::new("unit", Text, OWNED,
        "The systemd unit.").not_by(ALL_BUT_CORE).requires(Requirement::CgroupNames),
    Field::new("user_unit", Text, OWNED,
        "The unit of a user's own systemd."
    ).not_by(ALL_BUT_CORE).requires(Requirement::CgroupNames),
    Field::new("container", Container, OWNED,
        "The container: `id` and `runtime` (`docker`, `containerd`, `podman`, …; null if the \
         path does not tell). The innermost one, if containers are nested."
    ).not_by(ALL_BUT_CORE).requires(Requirement::CgroupNames),
    Field::new("pod_uid", Text, OWNED,
        "The uid of the Kubernetes pod.").not_by(ALL_BUT_CORE).requires(Requirement::CgroupNames),
    Field::new("ns_pid", Integer, EVENTS,
        "The pid in the process's own pid namespace.").not_by(ALL_BUT_CORE),
    Field::new("pid_ns", Integer, EXEC,
        "Number of its pid namespace, as in `/proc/PID/ns`.").not_by(ALL_BUT_CORE),
    Field::new("mnt_ns", Integer, EXEC,
        "Number of its mount namespace.").not_by(ALL_BUT_CORE),
    Field::new("vfork", Bool, FORK,
        "The creator sleeps until the child has called exec or ended.").not_by(&[Cnproc]),
    Field::new("exit", OneOf(&["exited", "killed"]), END,
        "How it ended; null for a process that is alive."),
    Field::new("code", Integer, END,
        "Exit status; null if it was killed."),
    Field::new("signal", Integer, END,
        "The signal that killed it."),
    Field::new("signal_name", Text, END,
        "The name of that signal."),
    Field::new("core_dumped", Bool, END,
        "A core was dumped."),
    Field::new("oom_killed", Bool, END,
        "The kernel killed it because memory was short, on the machine or in its cgroup."
    ).not_by(ALL_BUT_CORE),
    Field::new("fatal", Bool, OWNED,
        "True where an exec failed when the old program was gone already, so that the kernel ended \
         the process: in the failed exec, and in the records of the end. `comm` is then the name of \
         the program that did not begin."
    ).optional().not_by(ALL_BUT_CORE),
    Field::new("lifetime_ns", Integer, END,
        "Time since the fork.").unit(Unit::Nanoseconds),
    Field::new("exec_lifetime_ns", Integer, END,
        "Time since the last exec.").unit(Unit::Nanoseconds),
    Field::new("cpu_ns", Integer, END,
        "CPU time since the fork, of all threads. The final figure includes exit processing, so \
         it can exceed `lifetime_ns`; an estimate is at most the lifetimes of the threads.").unit(Unit::Nanoseconds).not_by(ALL_BUT_CORE),
    Field::new("cpu_exact", Bool, END,
        "`cpu_ns` is the kernel's final figure; false for an estimate made at the exit."
    ).not_by(ALL_BUT_CORE),
    Field::new("user_ns", Integer, END,
        "The share of `cpu_ns` in user mode, divided by clock ticks as wait4 divides it."
    ).unit(Unit::Nanoseconds).not_by(ALL_BUT_CORE),
    Field::new("system_ns", Integer, END,
        "The share of `cpu_ns` in the kernel.").unit(Unit::Nanoseconds).not_by(ALL_BUT_CORE),
    Field::new("max_rss_bytes", Integer, END,
        "Peak memory of the image that ran last; null if the kernel cannot tell it from the peak \
         before the exec (before Linux 6.16).").unit(Unit::Bytes).not_by(ALL_BUT_CORE),
    Field::new("peak_rss_bytes", Integer, END,
        "Peak memory of the process, including what it had before exec (`ru_maxrss`)."
    ).unit(Unit::Bytes).not_by(ALL_BUT_CORE),
    Field::new("read_bytes", Integer, END,
        "Bytes read from storage.").unit(Unit::Bytes).not_by(ALL_BUT_CORE),
    Field::new("write_bytes", Integer, END,
        "Bytes to be written to storage.").unit(Unit::Bytes).not_by(ALL_BUT_CORE),
    Field::new("read_chars", Integer, END,
        "Bytes read by system calls.").unit(Unit::Bytes).not_by(ALL_BUT_CORE),
    Field::new("write_chars", Integer, END,
        "Bytes written by system calls.").unit(Unit::Bytes).not_by(ALL_BUT_CORE),
    Field::new("minor_faults", Integer, END,
        "Page faults without I/O.").unit(Unit::Count).not_by(ALL_BUT_CORE),
    Field::new("major_faults", Integer, END,
        "Page faults with I/O.").unit(Unit::Count).not_by(ALL_BUT_CORE),
    Field::new("voluntary_switches", Integer, END,
        "Context switches because the process waited.").unit(Unit::Count).not_by(ALL_BUT_CORE),
    Field::new("involuntary_switches", Integer, END,
        "Context switches because its time slice was over."
    ).unit(Unit::Count).not_by(ALL_BUT_CORE),
    Field::new("tries", Integer, EXEC,
        "How many calls of exec this record stands for."
    ).optional().unit(Unit::Count).requires(Requirement::Folding),
    Field::new("ancestors", Ancestors, OWNED,
        "The ancestors, the nearest first: `id`, `pid`, `comm` and, if asked for, `args`, with \
         `shortened` if a limit left out some of them."
    ).optional().requires(Requirement::Ancestors),
    Field::new("count", Integer, LOST,
        "How many events are missing.").always().unit(Unit::Count),
    Field::new("kind", OneOf(LOST_KINDS), LOST,
        "The kind of events that are missing.").always(),
    Field::new("reason", OneOf(LOSS_REASONS), LOST,
        "Why: the ring buffer was full, the kernel skipped the program, or the record was \
         malformed.").always(),
    Field::new("boot_ns", Decimal, CLOCK,
        "The same moment in ns since boot.").always().unit(Unit::Nanoseconds),
    Field::new("host", Text, ALL,
        "Only there when recordings of several machines are replayed: the name of the machine."
    ).optional().requires(Requirement::Hosts),
];
