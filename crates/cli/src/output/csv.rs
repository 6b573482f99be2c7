//! Comma-separated values: a header, then a line for each exec or fork, nothing else.

use execsnoop_events::Body;
use execsnoop_events::Event;
use execsnoop_events::Exec;
use execsnoop_events::Fork;
use execsnoop_events::errno_name;
use execsnoop_events::quote;

const COLUMNS: [&str; 18] = [
    "type",
    "time",
    "id",
    "pid",
    "tid",
    "ppid",
    "parent_id",
    "comm",
    "pcomm",
    "uid",
    "ret",
    "errno",
    "filename",
    "exe",
    "args",
    "args_complete",
    "cgroup_id",
    "ns_pid",
];

/// Formats events as CSV. Arguments stand in one column, quoted for a shell.
#[derive(Debug, Default)]
pub struct CsvFormat {
    cell: Vec<u8>,
}

impl CsvFormat {
    /// Appends the names of the columns.
    pub fn header(&self, out: &mut Vec<u8>) {
        write(out, |row| {
            COLUMNS.iter().try_for_each(|name| row.write_field(name))
        });
    }

    /// Appends an event; nothing for what has no place in a table.
    pub fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>) {
        let time = format!("{:.9}", event.time);
        match &event.body {
            Body::Exec(exec) => write(out, |row| self.exec(row, &time, exec)),
            Body::Fork(fork) => write(out, |row| fork_row(row, &time, fork)),
            Body::Lost(_) | Body::Clock(_) => {}
        }
    }

    fn exec(&mut self, row: &mut Row<'_>, time: &str, exec: &Exec<'_>) -> csv::Result<()> {
        row.write_field("exec")?;
        row.write_field(time)?;
        row.write_field(exec.process.to_string())?;
        row.write_field(exec.process.pid.to_string())?;
        row.write_field(exec.tid.to_string())?;
        row.write_field(exec.parent.pid.to_string())?;
        row.write_field(exec.parent.to_string())?;
        self.text(row, Some(exec.comm))?;
        self.text(row, Some(exec.parent_comm))?;
        row.write_field(exec.uid.to_string())?;
        row.write_field(exec.ret.to_string())?;
        row.write_field(errno_name(exec.ret.saturating_neg()).unwrap_or_default())?;
        self.text(row, exec.filename)?;
        self.text(row, exec.exe)?;
        self.arguments(row, exec)?;
        row.write_field(exec.args.complete().to_string())?;
        row.write_field(exec.cgroup_id.to_string())?;
        row.write_field(exec.ns_pid.to_string())
    }

    fn text(&mut self, row: &mut Row<'_>, text: Option<&[u8]>) -> csv::Result<()> {
        self.cell.clear();
        quote::plain(&mut self.cell, text.unwrap_or_default());
        row.write_field(&self.cell)
    }

    fn arguments(&mut self, row: &mut Row<'_>, exec: &Exec<'_>) -> csv::Result<()> {
        self.cell.clear();
        super::text::join(&mut self.cell, exec.args.iter(), |out, arg| {
            super::text::argument(out, arg, quote::shell);
        });
        row.write_field(&self.cell)
    }
}

fn fork_row(row: &mut Row<'_>, time: &str, fork: &Fork) -> csv::Result<()> {
    let id = fork.process.to_string();
    let (pid, creator_id) = (fork.process.pid.to_string(), fork.creator.to_string());
    let (creator_pid, ns_pid) = (fork.creator.pid.to_string(), fork.ns_pid.to_string());
    for name in COLUMNS {
        row.write_field(match name {
            "type" => "fork",
            "time" => time,
            "id" => &id,
            "pid" => &pid,
            "ppid" => &creator_pid,
            "parent_id" => &creator_id,
            "ns_pid" => &ns_pid,
            _ => "",
        })?;
    }
    Ok(())
}

type Row<'a> = csv::Writer<&'a mut Vec<u8>>;

/// Appends a row whose fields `fill` writes.
fn write(out: &mut Vec<u8>, fill: impl FnOnce(&mut Row<'_>) -> csv::Result<()>) {
    let mut row = csv::WriterBuilder::new()
        .buffer_capacity(512)
        .from_writer(out);
    fill(&mut row)
        .and_then(|()| row.write_record(None::<&[u8]>))
        .expect("writing to memory");
}
