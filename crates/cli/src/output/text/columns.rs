//! The columns of the tables: ours, and those of the tools we stand in for.

use crate::args::Args;
use crate::args::Compat;
use crate::args::EventKind;

/// A column: its heading, and how wide it is. A blank follows it.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub what: What,
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
    Comm,
    Pid,
    ParentComm,
    Ppid,
    Cpu,
    Ret,
    Duration,
    CpuTime,
    Memory,
    End,
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
            heading,
            width,
            wanted,
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
