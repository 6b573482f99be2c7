//! Comma-separated values: a header, then a line for each event, nothing else. What an event does not have
//! stays empty.

use std::fmt::Display;

use execsnoop_events::Body;
use execsnoop_events::Cost;
use execsnoop_events::Event;
use execsnoop_events::Exec;
use execsnoop_events::Exit;
use execsnoop_events::ExitStatus;
use execsnoop_events::Fork;
use execsnoop_events::Image;
use execsnoop_events::Process;
use execsnoop_events::ProcessId;
use execsnoop_events::errno_name;
use execsnoop_events::quote;

/// Formats events as CSV. Arguments stand in one column, quoted for a shell.
#[derive(Debug, Default)]
pub struct CsvFormat {
    cell: Vec<u8>,
}

/// What a line can say, in the order of the columns.
#[derive(Default)]
struct Line<'a> {
    kind: &'static str,
    process: Option<ProcessId>,
    tid: Option<u32>,
    parent: Option<ProcessId>,
    creator: Option<ProcessId>,
    comm: Option<&'a [u8]>,
    parent_comm: Option<&'a [u8]>,
    uid: Option<u32>,
    ret: Option<i32>,
    image: Option<Image<'a>>,
    execs: Option<u32>,
    cgroup_id: Option<u64>,
    ns_pid: Option<u32>,
    exit: Option<Exit<'a>>,
}

impl<'a> Line<'a> {
    fn of(body: &Body<'a>) -> Option<Self> {
        Some(match body {
            Body::Exec(exec) => Self::exec(exec),
            Body::Fork(fork) => Self::fork(fork),
            Body::Exit(exit) => Self::exit(exit),
            Body::Process(process) => Self::process(process),
            Body::Freed(_) | Body::Running(_) | Body::Lost(_) | Body::Clock(_) => return None,
        })
    }

    fn exec(exec: &Exec<'a>) -> Self {
        Self {
            kind: "exec",
            process: Some(exec.process),
            tid: Some(exec.tid),
            parent: exec.parent.known(),
            comm: Some(exec.comm),
            parent_comm: Some(exec.parent_comm),
            uid: exec.uid,
            ret: Some(exec.ret),
            image: Some(exec.image()),
            cgroup_id: exec.cgroup_id,
            ns_pid: exec.ns_pid,
            ..Self::default()
        }
    }

    fn fork(fork: &Fork) -> Self {
        Self {
            kind: "fork",
            process: Some(fork.process),
            creator: Some(fork.creator),
            ns_pid: fork.ns_pid,
            ..Self::default()
        }
    }

    fn exit(exit: &Exit<'a>) -> Self {
        Self {
            kind: "exit",
            process: Some(exit.process),
            parent: exit.parent.known(),
            comm: Some(exit.comm),
            uid: exit.uid,
            cgroup_id: exit.cgroup_id,
            ns_pid: exit.ns_pid,
            exit: Some(*exit),
            ..Self::default()
        }
    }

    fn process(process: &Process<'a>) -> Self {
        Self {
            kind: "process",
            process: Some(process.process),
            parent: process.parent.known(),
            creator: process.creator,
            comm: Some(process.comm),
            parent_comm: process.parent_comm,
            uid: process.uid,
            image: process.image,
            execs: Some(process.execs),
            cgroup_id: process.cgroup_id,
            ns_pid: process.ns_pid,
            exit: process.exit,
            ..Self::default()
        }
    }
}

type Row<'a> = csv::Writer<&'a mut Vec<u8>>;
type Fill = fn(&mut CsvFormat, &mut Row<'_>, &Event<'_>, &Line<'_>) -> csv::Result<()>;

/// Each column's name, and what fills it.
const COLUMNS: &[(&str, Fill)] = &[
    ("type", |_, row, _, line| row.write_field(line.kind)),
    ("time", |_, row, event, _| {
        show(row, Some(format_args!("{:.9}", event.time)))
    }),
    ("id", |_, row, _, line| show(row, line.process)),
    ("pid", |_, row, _, line| {
        show(row, line.process.map(|id| id.pid))
    }),
    ("tid", |_, row, _, line| show(row, line.tid)),
    ("ppid", |_, row, _, line| {
        show(row, line.parent.map(|id| id.pid))
    }),
    ("parent_id", |_, row, _, line| show(row, line.parent)),
    ("creator_id", |_, row, _, line| show(row, line.creator)),
    ("comm", |csv, row, _, line| csv.text(row, line.comm)),
    ("pcomm", |csv, row, _, line| csv.text(row, line.parent_comm)),
    ("uid", |_, row, _, line| show(row, line.uid)),
    ("ret", |_, row, _, line| show(row, line.ret)),
    ("errno", |_, row, _, line| {
        show(
            row,
            line.ret.and_then(|ret| errno_name(ret.saturating_neg())),
        )
    }),
    ("filename", |csv, row, _, line| {
        csv.text(row, line.image.and_then(|image| image.filename))
    }),
    ("exe", |csv, row, _, line| {
        csv.text(row, line.image.and_then(|image| image.exe))
    }),
    ("args", |csv, row, _, line| csv.arguments(row, line)),
    ("args_complete", |_, row, _, line| {
        show(row, line.image.map(|image| image.args.complete()))
    }),
    ("execs", |_, row, _, line| show(row, line.execs)),
    ("cgroup_id", |_, row, _, line| show(row, line.cgroup_id)),
    ("ns_pid", |_, row, _, line| show(row, line.ns_pid)),
    ("code", |_, row, _, line| {
        show(row, line.exit.and_then(|exit| exit.status).and_then(code))
    }),
    ("signal", |_, row, _, line| {
        show(row, line.exit.and_then(|exit| exit.status).and_then(signal))
    }),
    ("lifetime_ns", |_, row, event, line| {
        let since = |exit: Exit<'_>| event.boot_ns.saturating_sub(exit.process.start_ns);
        show(row, line.exit.map(since))
    }),
    ("exec_lifetime_ns", |_, row, event, line| {
        let exec_ns = line.exit.and_then(|exit| exit.exec_ns);
        show(
            row,
            exec_ns.map(|exec_ns| event.boot_ns.saturating_sub(exec_ns)),
        )
    }),
    ("cpu_ns", |_, row, _, line| {
        cost(row, line, |cost| Some(cost.cpu.total_ns))
    }),
    ("cpu_exact", |_, row, _, line| {
        cost(row, line, |cost| Some(cost.cpu.exact))
    }),
    ("user_ns", |_, row, _, line| {
        cost(row, line, |cost| Some(cost.cpu.user_ns))
    }),
    ("system_ns", |_, row, _, line| {
        cost(row, line, |cost| Some(cost.cpu.system_ns))
    }),
    ("max_rss_bytes", |_, row, _, line| {
        cost(row, line, |cost| cost.max_rss_bytes)
    }),
    ("peak_rss_bytes", |_, row, _, line| {
        cost(row, line, |cost| Some(cost.peak_rss_bytes))
    }),
    ("read_bytes", |_, row, _, line| {
        cost(row, line, |cost| cost.io.map(|io| io.read_bytes))
    }),
    ("write_bytes", |_, row, _, line| {
        cost(row, line, |cost| cost.io.map(|io| io.write_bytes))
    }),
    ("minor_faults", |_, row, _, line| {
        cost(row, line, |cost| Some(cost.minor_faults))
    }),
    ("major_faults", |_, row, _, line| {
        cost(row, line, |cost| Some(cost.major_faults))
    }),
];

impl CsvFormat {
    /// Appends the names of the columns.
    pub fn header(&self, out: &mut Vec<u8>) {
        write(out, |row| {
            COLUMNS
                .iter()
                .try_for_each(|(name, _)| row.write_field(name))
        });
    }

    /// Appends an event; nothing for what has no place in a table.
    pub fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>) {
        if let Some(line) = Line::of(&event.body) {
            write(out, |row| {
                COLUMNS
                    .iter()
                    .try_for_each(|(_, fill)| fill(self, row, event, &line))
            });
        }
    }

    fn text(&mut self, row: &mut Row<'_>, text: Option<&[u8]>) -> csv::Result<()> {
        self.cell.clear();
        quote::plain(&mut self.cell, text.unwrap_or_default());
        row.write_field(&self.cell)
    }

    fn arguments(&mut self, row: &mut Row<'_>, line: &Line<'_>) -> csv::Result<()> {
        self.cell.clear();
        if let Some(image) = line.image {
            super::text::join(&mut self.cell, image.args.iter(), |out, arg| {
                super::text::argument(out, arg, quote::shell);
            });
        }
        row.write_field(&self.cell)
    }
}

/// Writes a field, empty when there is nothing to show.
fn show(row: &mut Row<'_>, value: Option<impl Display>) -> csv::Result<()> {
    match value {
        Some(value) => row.write_field(value.to_string()),
        None => row.write_field(""),
    }
}

fn cost<T: Display>(
    row: &mut Row<'_>,
    line: &Line<'_>,
    of: impl FnOnce(&Cost) -> Option<T>,
) -> csv::Result<()> {
    show(
        row,
        line.exit
            .as_ref()
            .and_then(|exit| exit.cost.as_ref())
            .and_then(of),
    )
}

fn code(status: ExitStatus) -> Option<u8> {
    match status {
        ExitStatus::Code(code) => Some(code),
        ExitStatus::Signal { .. } => None,
    }
}

fn signal(status: ExitStatus) -> Option<u8> {
    match status {
        ExitStatus::Code(_) => None,
        ExitStatus::Signal { number, .. } => Some(number),
    }
}

/// Appends a row whose fields `fill` writes.
fn write(out: &mut Vec<u8>, fill: impl FnOnce(&mut Row<'_>) -> csv::Result<()>) {
    let mut row = csv::WriterBuilder::new()
        .buffer_capacity(512)
        .from_writer(out);
    fill(&mut row)
        .and_then(|()| row.write_record(None::<&[u8]>))
        .expect("writing to memory");
}
