//! The table for people: our own columns, or those of the tools we stand in for.

mod columns;

use std::io::Write as _;

use execsnoop_events::Ancestor;
use execsnoop_events::Args as Argv;
use execsnoop_events::Body;
use execsnoop_events::Cpu;
use execsnoop_events::Event;
use execsnoop_events::Exec;
use execsnoop_events::Exit;
use execsnoop_events::ExitStatus;
use execsnoop_events::Fork;
use execsnoop_events::Image;
use execsnoop_events::Process;
use execsnoop_events::ProcessId;
use execsnoop_events::errno_name;
use execsnoop_events::json::Annotations;
use execsnoop_events::quote;
use execsnoop_events::signal_name;
use jiff::tz::TimeZone;

use crate::args::Args;
use crate::args::Compat;
use crate::output::text::columns::Column;
use crate::output::text::columns::What;
use crate::output::text::columns::columns;
use crate::output::units;

/// On a terminal, an argument longer than this is shown with an ellipsis.
const LONG_ARGUMENT: usize = 1024;

/// How much of it is shown.
const SHOWN_OF_LONG: usize = 256;

/// Arguments that bcc's and libbpf-tools' execsnoop show by default, the file name among them.
const COMPAT_MAX_ARGS: usize = 20;

const BOLD: &[u8] = b"\x1b[1m";
const RED: &[u8] = b"\x1b[31m";
const DIM: &[u8] = b"\x1b[2m";
const RESET: &[u8] = b"\x1b[0m";

type Quote = fn(&mut Vec<u8>, &[u8]);

/// Formats events as lines of a table.
#[derive(Debug)]
pub struct TextFormat {
    columns: Vec<Column>,
    compat: Option<Compat>,
    quote: Quote,
    max_args: usize,
    abridge: bool,
    colored: bool,
    zone: TimeZone,
    /// Time since boot at which the trace began.
    begin_ns: Option<u64>,
}

impl TextFormat {
    /// The table that `args` ask for.
    pub fn new(args: &Args, terminal: bool, colored: bool) -> Self {
        let default_max = args.compat.map_or(usize::MAX, |_| COMPAT_MAX_ARGS);
        let quote: Quote = match (args.quote, args.compat) {
            (true, _) => quote::double,
            (false, None) => quote::shell,
            (false, Some(_)) => quote::loose,
        };
        Self {
            columns: columns(args),
            compat: args.compat,
            quote,
            max_args: args.max_args.unwrap_or(default_max),
            abridge: terminal && args.compat.is_none(),
            colored,
            zone: TimeZone::system(),
            begin_ns: None,
        }
    }

    /// Appends the headings.
    pub fn header(&self, out: &mut Vec<u8>) {
        self.color(out, BOLD);
        for column in &self.columns {
            column.cell(out, |cell| {
                cell.extend_from_slice(column.heading.as_bytes())
            });
        }
        out.extend_from_slice(b"ARGS");
        self.color(out, RESET);
        out.push(b'\n');
    }

    /// Appends an event; nothing for what has no place in a table.
    pub fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
        match &event.body {
            Body::Exec(exec) => self.exec(out, event, exec, notes.tries),
            Body::Fork(fork) => self.fork(out, event, fork),
            Body::Exit(exit) => self.exit(out, event, exit),
            Body::Process(process) => self.process(out, event, process),
            Body::Clock(_) => {
                self.begin_ns.get_or_insert(event.boot_ns);
            }
            Body::Lost(_) | Body::Running(_) | Body::Freed(_) => {}
        }
        if let Some(ancestors) = notes.ancestors {
            self.ancestors(out, ancestors);
        }
    }

    /// Puts the ancestors at the end of the line. (`<` as it stands here is no argument: it would be
    /// quoted.)
    fn ancestors(&self, out: &mut Vec<u8>, ancestors: &[Ancestor<'_>]) {
        if out.pop_if(|last| *last == b'\n').is_none() {
            return;
        }
        self.color(out, DIM);
        for ancestor in ancestors {
            out.extend_from_slice(b" <- ");
            quote::shell(out, ancestor.comm);
            write_to(out, format_args!("({})", ancestor.process.pid));
        }
        self.color(out, RESET);
        out.push(b'\n');
    }

    fn exec(&self, out: &mut Vec<u8>, event: &Event<'_>, exec: &Exec<'_>, tries: Option<u32>) {
        for column in &self.columns {
            let failed = exec.failed() && column.what == What::Ret;
            if failed {
                self.color(out, RED);
            }
            column.cell(out, |cell| self.exec_cell(cell, column.what, event, exec));
            if failed {
                self.color(out, RESET);
            }
        }
        self.arguments(out, &Called::by_exec(exec));
        if let Some(tries) = tries.filter(|tries| *tries > 1) {
            out.push(b' ');
            self.note(out, format_args!("<{tries} tries>"));
        }
        out.push(b'\n');
    }

    fn exec_cell(&self, cell: &mut Vec<u8>, what: What, event: &Event<'_>, exec: &Exec<'_>) {
        match what {
            What::Event if exec.failed() => cell.extend_from_slice(b"failed"),
            What::Event => cell.extend_from_slice(b"exec"),
            What::Time => self.clock_time(cell, event),
            What::Seconds => self.seconds(cell, event),
            What::Uid => maybe(cell, exec.uid),
            What::Comm => name(cell, exec.comm),
            What::Pid => number(cell, exec.process.pid),
            What::ParentComm => name(cell, exec.parent_comm),
            What::Ppid => maybe(cell, exec.parent.known().map(|id| id.pid)),
            What::Cpu => maybe(cell, exec.cpu),
            What::Ret => self.ret(cell, exec.ret),
            What::Duration | What::CpuTime | What::Memory | What::End => cell.push(b'-'),
        }
    }

    fn exit(&self, out: &mut Vec<u8>, event: &Event<'_>, exit: &Exit<'_>) {
        for column in &self.columns {
            self.ending_cell(out, column, event, Some(exit), |cell, what| match what {
                What::Event => cell.extend_from_slice(b"exit"),
                What::Uid => maybe(cell, exit.uid),
                What::Comm => name(cell, exit.comm),
                What::Pid => number(cell, exit.process.pid),
                What::Ppid => maybe(cell, exit.parent.known().map(|id| id.pid)),
                _ => cell.push(b'-'),
            });
        }
        self.name_only(out, exit.comm);
        out.push(b'\n');
    }

    fn process(&self, out: &mut Vec<u8>, event: &Event<'_>, process: &Process<'_>) {
        for column in &self.columns {
            self.ending_cell(
                out,
                column,
                event,
                process.exit.as_ref(),
                |cell, what| match what {
                    What::Event => cell.extend_from_slice(b"process"),
                    What::Uid => maybe(cell, process.uid),
                    What::Comm => name(cell, process.comm),
                    What::Pid => number(cell, process.process.pid),
                    What::ParentComm => name(cell, process.parent_comm.unwrap_or_default()),
                    What::Ppid => maybe(cell, process.parent.known().map(|id| id.pid)),
                    What::Duration => lifetime(cell, event, process.process),
                    What::End => cell.extend_from_slice(b"alive"),
                    _ => cell.push(b'-'),
                },
            );
        }
        let image = process.image.unwrap_or(Image::UNKNOWN);
        match image.args.unknown() {
            true => self.name_only(out, process.comm),
            false => self.arguments(out, &Called::by_image(&image)),
        }
        out.push(b'\n');
    }

    /// A cell of the line of an end; `other` fills in what is not about time or the end.
    fn ending_cell(
        &self,
        out: &mut Vec<u8>,
        column: &Column,
        event: &Event<'_>,
        exit: Option<&Exit<'_>>,
        other: impl FnOnce(&mut Vec<u8>, What),
    ) {
        let bad = column.what == What::End
            && exit
                .and_then(|exit| exit.status)
                .is_some_and(|status| !status.success());
        if bad {
            self.color(out, RED);
        }
        column.cell(out, |cell| match (column.what, exit) {
            (What::Time, _) => self.clock_time(cell, event),
            (What::Seconds, _) => self.seconds(cell, event),
            (What::Duration, Some(exit)) => lifetime(cell, event, exit.process),
            (
                What::CpuTime,
                Some(Exit {
                    cost: Some(cost), ..
                }),
            ) => cpu_time(cell, &cost.cpu),
            (
                What::Memory,
                Some(Exit {
                    cost: Some(cost), ..
                }),
            ) => memory(cell, cost.max_rss_bytes),
            (What::End, Some(exit)) => end(cell, exit.status),
            (what, _) => other(cell, what),
        });
        if bad {
            self.color(out, RESET);
        }
    }

    /// Of a process whose arguments are not known, the name: in brackets, as ps shows it.
    fn name_only(&self, out: &mut Vec<u8>, comm: &[u8]) {
        out.push(b'[');
        name(out, comm);
        out.push(b']');
    }

    fn fork(&self, out: &mut Vec<u8>, event: &Event<'_>, fork: &Fork) {
        for column in &self.columns {
            column.cell(out, |cell| match column.what {
                What::Event => cell.extend_from_slice(b"fork"),
                What::Time => self.clock_time(cell, event),
                What::Seconds => self.seconds(cell, event),
                What::Pid => number(cell, fork.process.pid),
                What::Ppid => number(cell, fork.creator.pid),
                _ => cell.push(b'-'),
            });
        }
        out.extend_from_slice(if fork.vfork == Some(true) {
            b"vfork\n"
        } else {
            b"-\n"
        });
    }

    fn clock_time(&self, cell: &mut Vec<u8>, event: &Event<'_>) {
        let time = self.zone.to_datetime(event.time);
        write_to(
            cell,
            format_args!(
                "{:02}:{:02}:{:02}",
                time.hour(),
                time.minute(),
                time.second()
            ),
        );
    }

    fn seconds(&self, cell: &mut Vec<u8>, event: &Event<'_>) {
        let begin = self.begin_ns.unwrap_or(event.boot_ns);
        let millis = event.boot_ns.saturating_sub(begin) / 1_000_000;
        write_to(cell, format_args!("{}.{:03}", millis / 1000, millis % 1000));
    }

    fn ret(&self, cell: &mut Vec<u8>, ret: i32) {
        match errno_name(ret.saturating_neg()) {
            Some(name) if self.compat.is_none() => cell.extend_from_slice(name.as_bytes()),
            _ if self.compat.is_none() => write_to(cell, format_args!("{ret}")),
            _ => write_to(cell, format_args!("{ret:>3}")),
        }
    }

    fn arguments(&self, out: &mut Vec<u8>, called: &Called<'_>) {
        // Of a failed exec the file's name matters most: it tells which one was not found.
        let by_file = self.compat.is_some() || called.failed;
        let args: &mut dyn Iterator<Item = Option<&[u8]>> = match by_file {
            true => &mut called.as_called(),
            false => &mut called.args.iter(),
        };
        let mut rest = args.peekable();
        join(out, rest.by_ref().take(self.max_args), |out, arg| {
            self.argument(out, arg)
        });
        if rest.peek().is_some() {
            out.extend_from_slice(b" ...");
        }
        if !called.args.complete() {
            self.incomplete(out, &called.args);
        }
    }

    fn argument(&self, out: &mut Vec<u8>, arg: Option<&[u8]>) {
        match arg {
            Some(long) if self.abridge && long.len() > LONG_ARGUMENT => {
                (self.quote)(out, whole_characters(&long[..SHOWN_OF_LONG]));
                self.note(out, format_args!("…<{} bytes>", long.len()));
            }
            _ => argument(out, arg, self.quote),
        }
    }

    fn incomplete(&self, out: &mut Vec<u8>, args: &Argv<'_>) {
        let (known, total) = (args.known_bytes(), args.total_bytes());
        out.push(b' ');
        if args.unknown() {
            self.note(out, format_args!("<arguments unreadable>"));
        } else if known < total {
            self.note(out, format_args!("<incomplete: {known} of {total} bytes>"));
        } else {
            self.note(out, format_args!("<incomplete>"));
        }
    }

    /// A remark of ours. No argument looks like it, `<` being quoted; except with --compat, whose columns
    /// have no quotes.
    fn note(&self, out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
        self.color(out, DIM);
        write_to(out, text);
        self.color(out, RESET);
    }

    fn color(&self, out: &mut Vec<u8>, code: &[u8]) {
        if self.colored {
            out.extend_from_slice(code);
        }
    }
}

/// What was called, and how.
struct Called<'a> {
    filename: Option<&'a [u8]>,
    script: bool,
    failed: bool,
    args: Argv<'a>,
}

impl<'a> Called<'a> {
    fn by_exec(exec: &Exec<'a>) -> Self {
        Self {
            failed: exec.failed(),
            ..Self::by_image(&exec.image())
        }
    }

    fn by_image(image: &Image<'a>) -> Self {
        Self {
            filename: image.filename,
            script: image.script,
            failed: false,
            args: image.args,
        }
    }

    /// The file name, then the arguments as the caller gave them, without its own name for itself. (A
    /// script's come after the interpreter's, which the kernel put before them.)
    fn as_called(&self) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a> {
        let filename = self.filename;
        let own = if self.script {
            self.args
                .iter()
                .position(|arg| arg == filename)
                .unwrap_or(0)
        } else {
            0
        };
        std::iter::once(filename).chain(self.args.iter().skip(own + 1))
    }
}

fn lifetime(cell: &mut Vec<u8>, event: &Event<'_>, process: ProcessId) {
    units::duration(cell, event.boot_ns.saturating_sub(process.start_ns));
}

/// An estimate is marked as one.
fn cpu_time(cell: &mut Vec<u8>, cpu: &Cpu) {
    if !cpu.exact {
        cell.push(b'~');
    }
    units::duration(cell, cpu.total_ns);
}

fn memory(cell: &mut Vec<u8>, bytes: Option<u64>) {
    match bytes {
        Some(bytes) => units::size(cell, bytes),
        None => cell.push(b'-'),
    }
}

fn end(cell: &mut Vec<u8>, status: Option<ExitStatus>) {
    let Some(status) = status else {
        return cell.push(b'-');
    };
    match status {
        ExitStatus::Code(code) => number(cell, code.into()),
        ExitStatus::Signal {
            number,
            core_dumped,
        } => {
            match signal_name(number) {
                Some(name) => cell.extend_from_slice(name.as_bytes()),
                None => write_to(cell, format_args!("signal {number}")),
            }
            if core_dumped {
                cell.extend_from_slice(b",core");
            }
        }
    }
}

/// Appends the items with a blank between them.
pub fn join<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, item: impl Fn(&mut Vec<u8>, T)) {
    for (index, each) in items.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        item(out, each);
    }
}

/// Appends an argument; one that could not be read is not shown as an empty one.
pub fn argument(out: &mut Vec<u8>, arg: Option<&[u8]>, quote: impl Fn(&mut Vec<u8>, &[u8])) {
    match arg {
        Some(arg) => quote(out, arg),
        None => out.extend_from_slice(b"<unreadable>"),
    }
}

/// Without the part of a character at the end.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    let incomplete = |err: &std::str::Utf8Error| err.error_len().is_none();
    match std::str::from_utf8(bytes) {
        Err(err) if incomplete(&err) => &bytes[..err.valid_up_to()],
        _ => bytes,
    }
}

/// A number, if it is known.
fn maybe(cell: &mut Vec<u8>, known: Option<u32>) {
    match known {
        Some(known) => number(cell, known),
        None => cell.push(b'-'),
    }
}

/// A process's name, if it is known.
fn name(cell: &mut Vec<u8>, name: &[u8]) {
    match name {
        [] => cell.push(b'-'),
        name => quote::plain(cell, name),
    }
}

fn number(cell: &mut Vec<u8>, number: u32) {
    write_to(cell, format_args!("{number}"));
}

fn write_to(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory");
}

#[cfg(test)]
mod tests;
