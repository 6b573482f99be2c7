//! The columns of the tables: ours, and those of the tools we stand in for.

use crate::args::Args;
use crate::args::Compat;
use crate::args::EventKind;

/// A column: its name on the command line, its heading, and how wide it is. A blank follows it.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub what: What,
    pub name: &'static str,
    pub heading: &'static str,
    width: usize,
    wanted: fn(&Args) -> bool,
}

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Event,
    Time,
    Seconds,
    Uid,
    User,
    Euid,
    Gid,
    Group,
    LoginUid,
    Tty,
    Sid,
    Comm,
    Pid,
    Tid,
    NsPid,
    ParentComm,
    Ppid,
    Cpu,
    Ret,
    Exe,
    Cwd,
    Env,
    Cgroup,
    Unit,
    UserUnit,
    Container,
    Runtime,
    PodUid,
    Flags,
    Duration,
    CpuTime,
    Memory,
    End,
    Args,
}

impl Column {
    const fn new(
        what: What,
        heading: &'static str,
        width: usize,
        wanted: fn(&Args) -> bool,
    ) -> Self {
        Self {
            what,
            name: "",
            heading,
            width,
            wanted,
        }
    }

    const fn named(name: &'static str, what: What, heading: &'static str, width: usize) -> Self {
        Self {
            name,
            ..Self::new(what, heading, width, |_| true)
        }
    }

    /// Appends what `fill` writes, filled up with blanks to the width, and the blank after it.
    pub fn cell(&self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
        let begin = out.len();
        fill(out);
        let text = std::str::from_utf8(&out[begin..]).unwrap_or_default();
        let missing = self.width.saturating_sub(text.chars().count());
        out.resize(out.len() + missing + 1, b' ');
    }
}

const OURS: [Column; 13] = [
    Column::new(What::Event, "EVENT", 7, several_kinds),
    Column::new(What::Time, "TIME", 8, |args| args.time),
    Column::new(What::Seconds, "TIME(s)", 9, |args| args.timestamp),
    Column::new(What::Uid, "UID", 6, |args| args.print_uid),
    Column::new(What::Pid, "PID", 7, |_| true),
    Column::new(What::Ppid, "PPID", 7, |_| true),
    Column::new(What::Cpu, "CPU", 4, |args| args.print_cpu),
    Column::new(What::ParentComm, "PCOMM", 16, |_| true),
    Column::new(What::Ret, "RET", 7, shows_execs),
    Column::new(What::Duration, "DUR", 7, shows_ends),
    Column::new(What::CpuTime, "CPU", 7, shows_ends),
    Column::new(What::Memory, "RSS", 6, shows_ends),
    Column::new(What::End, "EXIT", 7, shows_ends),
];

/// What --columns takes; where JSON has a field for it, by its name.
pub const NAMED: [Column; 34] = [
    Column::named("type", What::Event, "EVENT", 7),
    Column::named("time", What::Time, "TIME", 8),
    Column::named("seconds", What::Seconds, "TIME(s)", 9),
    Column::named("pid", What::Pid, "PID", 7),
    Column::named("tid", What::Tid, "TID", 7),
    Column::named("ns_pid", What::NsPid, "NSPID", 7),
    Column::named("comm", What::Comm, "COMM", 16),
    Column::named("ppid", What::Ppid, "PPID", 7),
    Column::named("pcomm", What::ParentComm, "PCOMM", 16),
    Column::named("uid", What::Uid, "UID", 6),
    Column::named("user", What::User, "USER", 12),
    Column::named("euid", What::Euid, "EUID", 6),
    Column::named("gid", What::Gid, "GID", 6),
    Column::named("group", What::Group, "GROUP", 12),
    Column::named("login_uid", What::LoginUid, "LOGIN", 6),
    Column::named("tty", What::Tty, "TTY", 7),
    Column::named("sid", What::Sid, "SID", 7),
    Column::named("cpu", What::Cpu, "CPU", 4),
    Column::named("ret", What::Ret, "RET", 7),
    Column::named("exe", What::Exe, "EXE", 24),
    Column::named("cwd", What::Cwd, "CWD", 24),
    Column::named("env", What::Env, "ENV", 24),
    Column::named("cgroup", What::Cgroup, "CGROUP", 32),
    Column::named("unit", What::Unit, "UNIT", 24),
    Column::named("user_unit", What::UserUnit, "USERUNIT", 24),
    Column::named("container", What::Container, "CONTAINER", 12),
    Column::named("runtime", What::Runtime, "RUNTIME", 10),
    Column::named("pod_uid", What::PodUid, "POD", 36),
    Column::named("flags", What::Flags, "FLAGS", 10),
    Column::named("lifetime", What::Duration, "DUR", 7),
    Column::named("cpu_time", What::CpuTime, "CPU", 7),
    Column::named("max_rss", What::Memory, "RSS", 6),
    Column::named("exit", What::End, "EXIT", 7),
    Column::named("args", What::Args, "ARGS", 0),
];

/// The column that --columns calls so.
pub fn named(name: &str) -> Option<Column> {
    NAMED.iter().find(|column| column.name == name).copied()
}

/// tools/execsnoop.py: "%-9s", "%-8s", "%-6s", "%-16s %-7s ", "%-16s ", "%-7s ", "%-4s ", "%3s %s".
const BCC: [Column; 14] = [
    Column::new(What::Event, "EVENT", 7, several_kinds),
    Column::new(What::Time, "TIME", 8, |args| args.time),
    Column::new(What::Seconds, "TIME(s)", 7, |args| args.timestamp),
    Column::new(What::Uid, "UID", 5, |args| args.print_uid),
    Column::new(What::Comm, "COMM", 16, |_| true),
    Column::new(What::Pid, "PID", 7, |_| true),
    Column::new(What::ParentComm, "PCOMM", 16, |args| args.print_pcomm),
    Column::new(What::Ppid, "PPID", 7, |_| true),
    Column::new(What::Cpu, "CPU", 4, |args| args.print_cpu),
    Column::new(What::Ret, "RET", 3, shows_execs),
    Column::new(What::Duration, "DUR", 7, shows_ends),
    Column::new(What::CpuTime, "CPU", 7, shows_ends),
    Column::new(What::Memory, "RSS", 6, shows_ends),
    Column::new(What::End, "EXIT", 7, shows_ends),
];

/// libbpf-tools/execsnoop.c: "%-9s", "%-8s ", "%-6s ", "%-16s %-6s %-6s %3s %s". What it calls PCOMM is the
/// process's own name.
const LIBBPF: [Column; 13] = [
    Column::new(What::Event, "EVENT", 7, several_kinds),
    Column::new(What::Time, "TIME", 8, |args| args.time),
    Column::new(What::Seconds, "TIME(s)", 8, |args| args.timestamp),
    Column::new(What::Uid, "UID", 6, |args| args.print_uid),
    Column::new(What::Comm, "PCOMM", 16, |_| true),
    Column::new(What::Pid, "PID", 6, |_| true),
    Column::new(What::Ppid, "PPID", 6, |_| true),
    Column::new(What::Cpu, "CPU", 4, |args| args.print_cpu),
    Column::new(What::Ret, "RET", 3, shows_execs),
    Column::new(What::Duration, "DUR", 7, shows_ends),
    Column::new(What::CpuTime, "CPU", 7, shows_ends),
    Column::new(What::Memory, "RSS", 6, shows_ends),
    Column::new(What::End, "EXIT", 7, shows_ends),
];

/// The columns that `args` ask for, in order.
pub fn columns(args: &Args) -> Vec<Column> {
    let table: &[Column] = match args.compat {
        None => &OURS,
        Some(Compat::Bcc) => &BCC,
        Some(Compat::Libbpf) => &LIBBPF,
    };
    let wanted = table.iter().filter(|column| (column.wanted)(args));
    wanted.copied().collect()
}

/// Whether lines have to say what they are. (Execs that failed show it by their errno.)
fn several_kinds(args: &Args) -> bool {
    let others = [EventKind::Fork, EventKind::Exit, EventKind::Process];
    let others = others.iter().filter(|kind| args.shows(**kind)).count();
    others + usize::from(shows_execs(args)) > 1 || args.shows(EventKind::Fork)
}

fn shows_ends(args: &Args) -> bool {
    args.shows(EventKind::Exit) || args.shows(EventKind::Process)
}

fn shows_execs(args: &Args) -> bool {
    args.shows(EventKind::Exec) || args.shows(EventKind::Failed)
}
