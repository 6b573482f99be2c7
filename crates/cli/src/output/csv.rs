//! Comma-separated values: a header, then a line for each event, nothing else. What an event does not have
//! stays empty.

use std::fmt::Display;
use std::io::Write as _;

use execsnoop_events::Argv;
use execsnoop_events::CgroupOwner;
use execsnoop_events::Event;
use execsnoop_events::ExitStatus;
use execsnoop_events::Image;
use execsnoop_events::errno_name;
use execsnoop_events::json::Annotations;
use execsnoop_events::quote;

use crate::output::line::Line;
use crate::output::text;

/// Formats events as CSV. Lists (arguments, environment) stand in one column, quoted for a shell.
#[derive(Debug)]
pub struct CsvFormat {
    columns: Vec<Column>,
    cell: Vec<u8>,
}

/// A column: its name, and what fills it.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    fill: fn(&mut Cell<'_, '_>, &Line<'_>) -> csv::Result<()>,
}

/// Where a field goes.
struct Cell<'a, 'b> {
    row: &'a mut csv::Writer<&'b mut Vec<u8>>,
    /// Reused for each field.
    text: &'a mut Vec<u8>,
}

const fn column(
    name: &'static str,
    fill: fn(&mut Cell<'_, '_>, &Line<'_>) -> csv::Result<()>,
) -> Column {
    Column { name, fill }
}

/// All columns, in their order.
pub const COLUMNS: &[Column] = &[
    column("type", |cell, line| cell.show(Some(line.kind))),
    column("time", |cell, line| {
        cell.show(Some(format_args!("{:.9}", line.event.time)))
    }),
    column("id", |cell, line| cell.show(Some(line.process))),
    column("pid", |cell, line| cell.show(Some(line.process.pid))),
    column("tid", |cell, line| cell.show(line.tid)),
    column("ppid", |cell, line| cell.show(line.parent.map(|id| id.pid))),
    column("parent_id", |cell, line| cell.show(line.parent)),
    column("creator_id", |cell, line| cell.show(line.creator)),
    column("comm", |cell, line| cell.text(line.comm)),
    column("pcomm", |cell, line| cell.text(line.parent_comm)),
    column("uid", |cell, line| cell.show(line.uid)),
    column("user", |cell, line| cell.show(line.notes.user)),
    column("euid", |cell, line| cell.show(line.euid)),
    column("gid", |cell, line| cell.show(line.gid)),
    column("group", |cell, line| cell.show(line.notes.group)),
    column("egid", |cell, line| cell.show(line.egid)),
    column("login_uid", |cell, line| cell.show(line.session.login_uid)),
    column("audit_session", |cell, line| {
        cell.show(line.session.audit_id)
    }),
    column("sid", |cell, line| cell.show(line.session.leader)),
    column("tty", |cell, line| {
        cell.text(line.tty().map(|tty| tty.concat()).as_deref())
    }),
    column("ret", |cell, line| cell.show(line.ret)),
    column("errno", |cell, line| {
        cell.show(line.ret.and_then(|ret| errno_name(ret.saturating_neg())))
    }),
    column("filename", |cell, line| cell.text(image(line).filename)),
    column("exe", |cell, line| cell.text(image(line).exe)),
    column("script", |cell, line| {
        let image = image(line);
        cell.text(image.filename.filter(|_| image.script))
    }),
    column("deleted", |cell, line| cell.show(image(line).deleted())),
    column("memfd", |cell, line| cell.show(image(line).memfd())),
    column("secure", |cell, line| {
        let file = |image: Image<'_>| image.file.map(|_| image.secure);
        cell.show(line.image.and_then(file))
    }),
    column("args", |cell, line| {
        cell.list(line.image.map(|image| image.args))
    }),
    column("args_complete", |cell, line| {
        cell.show(line.image.map(|image| image.args.complete()))
    }),
    column("cwd", |cell, line| cell.text(image(line).cwd)),
    column("env", |cell, line| cell.list(image(line).env)),
    column("redacted", |cell, line| {
        cell.show(line.image.map(|_| line.notes.redacted))
    }),
    column("execs", |cell, line| cell.show(line.execs)),
    column("cgroup", |cell, line| {
        cell.text(line.identity().map(CgroupOwner::path))
    }),
    column("cgroup_id", |cell, line| cell.show(line.cgroup_id)),
    column("unit", |cell, line| {
        cell.text(line.identity().and_then(CgroupOwner::unit))
    }),
    column("user_unit", |cell, line| {
        cell.text(line.identity().and_then(CgroupOwner::user_unit))
    }),
    column("container", |cell, line| cell.text(line.container())),
    column("runtime", |cell, line| cell.show(line.runtime())),
    column("pod_uid", |cell, line| {
        cell.show(line.identity().and_then(CgroupOwner::pod_uid))
    }),
    column("ns_pid", |cell, line| cell.show(line.ns_pid)),
    column("code", |cell, line| cell.show(line.status().and_then(code))),
    column("signal", |cell, line| {
        cell.show(line.status().and_then(signal))
    }),
    column("lifetime_ns", |cell, line| {
        cell.show(line.exit.and(line.lifetime_ns()))
    }),
    column("exec_lifetime_ns", |cell, line| {
        let exec_ns = line.exit.and_then(|exit| exit.exec_ns);
        cell.show(exec_ns.map(|exec_ns| line.event.boot_ns.saturating_sub(exec_ns)))
    }),
    column("cpu_ns", |cell, line| {
        cell.show(line.cost().map(|cost| cost.cpu.total_ns))
    }),
    column("cpu_exact", |cell, line| {
        cell.show(line.cost().map(|cost| cost.cpu.exact))
    }),
    column("user_ns", |cell, line| {
        cell.show(line.cost().map(|cost| cost.cpu.user_ns))
    }),
    column("system_ns", |cell, line| {
        cell.show(line.cost().map(|cost| cost.cpu.system_ns))
    }),
    column("max_rss_bytes", |cell, line| {
        cell.show(line.cost().and_then(|cost| cost.max_rss_bytes))
    }),
    column("peak_rss_bytes", |cell, line| {
        cell.show(line.cost().map(|cost| cost.peak_rss_bytes))
    }),
    column("read_bytes", |cell, line| {
        cell.show(line.cost().and_then(|cost| cost.io).map(|io| io.read_bytes))
    }),
    column("write_bytes", |cell, line| {
        cell.show(
            line.cost()
                .and_then(|cost| cost.io)
                .map(|io| io.write_bytes),
        )
    }),
    column("minor_faults", |cell, line| {
        cell.show(line.cost().map(|cost| cost.minor_faults))
    }),
    column("major_faults", |cell, line| {
        cell.show(line.cost().map(|cost| cost.major_faults))
    }),
];

/// The column of this name.
pub fn named(name: &str) -> Option<Column> {
    COLUMNS.iter().find(|column| column.name == name).copied()
}

impl CsvFormat {
    /// Lines of these columns.
    pub fn new(columns: Vec<Column>) -> Self {
        Self {
            columns,
            cell: Vec::new(),
        }
    }

    /// Appends the names of the columns.
    pub fn header(&self, out: &mut Vec<u8>) {
        write(out, |row| {
            let mut names = self.columns.iter().map(|column| column.name);
            names.try_for_each(|name| row.write_field(name))
        });
    }

    /// Appends an event; nothing for what has no place in a table.
    pub fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
        let Some(line) = Line::of(event, notes) else {
            return;
        };
        let text = &mut self.cell;
        write(out, |row| {
            let mut cell = Cell { row, text };
            let mut columns = self.columns.iter();
            columns.try_for_each(|column| (column.fill)(&mut cell, &line))
        });
    }
}

impl Cell<'_, '_> {
    /// Writes a value, and nothing when there is none.
    fn show(&mut self, value: Option<impl Display>) -> csv::Result<()> {
        self.text.clear();
        if let Some(value) = value {
            write!(self.text, "{value}")?;
        }
        self.row.write_field(&*self.text)
    }

    fn text(&mut self, text: Option<&[u8]>) -> csv::Result<()> {
        self.text.clear();
        quote::plain(self.text, text.unwrap_or_default());
        self.row.write_field(&*self.text)
    }

    fn list(&mut self, list: Option<Argv<'_>>) -> csv::Result<()> {
        self.text.clear();
        if let Some(list) = list {
            text::join(self.text, list.iter(), |out, item| {
                text::argument(out, item, quote::shell);
            });
        }
        self.row.write_field(&*self.text)
    }
}

fn image<'a>(line: &Line<'a>) -> Image<'a> {
    line.image.unwrap_or(Image::UNKNOWN)
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
fn write(out: &mut Vec<u8>, fill: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>) {
    let mut row = csv::WriterBuilder::new()
        .buffer_capacity(512)
        .from_writer(out);
    fill(&mut row)
        .and_then(|()| row.write_record(None::<&[u8]>))
        .expect("writing to memory");
}
