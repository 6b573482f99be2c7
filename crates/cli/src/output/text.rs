//! The table for people: our own columns, or those of the tools we stand in for.

pub mod columns;

use std::io::Write as _;

use execsnoop_events::Ancestor;
use execsnoop_events::Argv;
use execsnoop_events::CgroupOwner;
use execsnoop_events::Cpu;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exec;
use execsnoop_events::ExitStatus;
use execsnoop_events::Image;
use execsnoop_events::errno_name;
use execsnoop_events::fastfmt::decimal;
use execsnoop_events::json::Annotations;
use execsnoop_events::quote;
use execsnoop_events::signal_name;
use jiff::tz::TimeZone;

use crate::args::Args;
use crate::args::Compat;
use crate::output::line::Line;
use crate::output::text::columns::Column;
use crate::output::text::columns::What;
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
    /// The arguments at the end of each line.
    shows_args: bool,
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
    /// A table with these columns, and with the arguments behind them.
    pub fn new(
        args: &Args,
        columns: Vec<Column>,
        shows_args: bool,
        terminal: bool,
        colored: bool,
    ) -> Self {
        let default_max = args.compat.map_or(usize::MAX, |_| COMPAT_MAX_ARGS);
        let quote: Quote = match (args.quote, args.compat) {
            (true, _) => quote::double,
            (false, None) => quote::shell,
            (false, Some(_)) => quote::loose,
        };
        Self {
            columns,
            shows_args,
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
        if self.shows_args {
            out.extend_from_slice(b"ARGS");
        }
        self.color(out, RESET);
        out.push(b'\n');
    }

    /// Appends an event; nothing for what has no place in a table.
    pub fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
        if let EventData::Clock(_) = event.data {
            self.begin_ns.get_or_insert(event.boot_ns);
        }
        if let Some(line) = Line::of(event, notes) {
            self.line(out, &line);
        }
    }

    fn line(&self, out: &mut Vec<u8>, line: &Line<'_>) {
        for column in &self.columns {
            let bad = is_bad(column.what, line);
            if bad {
                self.color(out, RED);
            }
            column.cell(out, |cell| self.cell(cell, column.what, line));
            if bad {
                self.color(out, RESET);
            }
        }
        if self.shows_args {
            self.what_ran(out, line);
        }
        if let Some(tries) = line.notes.tries.filter(|tries| *tries > 1) {
            out.push(b' ');
            self.note(out, format_args!("<{tries} tries>"));
        }
        self.ancestors(out, line.notes.ancestors.unwrap_or_default());
        out.push(b'\n');
    }

    /// Fills a cell; a dash stands for what there is not.
    fn cell(&self, cell: &mut Vec<u8>, what: What, line: &Line<'_>) {
        let begin = cell.len();
        match what {
            What::Event if line.failed() => cell.extend_from_slice(b"failed"),
            What::Event => cell.extend_from_slice(line.kind.as_bytes()),
            What::Time => self.clock_time(cell, line.event),
            What::Seconds => self.seconds(cell, line.event),
            What::Ret => line.ret.iter().for_each(|ret| self.ret(cell, *ret)),
            What::Duration => line
                .lifetime_ns()
                .iter()
                .for_each(|ns| units::duration(cell, *ns)),
            What::CpuTime => line
                .cost()
                .iter()
                .for_each(|cost| cpu_time(cell, &cost.cpu)),
            What::Memory => line
                .cost()
                .and_then(|cost| cost.max_rss_bytes)
                .iter()
                .for_each(|bytes| units::size(cell, *bytes)),
            What::End => end(cell, line),
            What::Env => environment(cell, line),
            What::Flags => join_with(cell, b',', line.flags(), |cell, flag| {
                cell.extend_from_slice(flag.as_bytes());
            }),
            What::Container => container(cell, line),
            What::Tty => line
                .tty()
                .iter()
                .flatten()
                .for_each(|part| quote::plain(cell, part)),
            What::Args => {}
            _ => match number_of(what, line) {
                Some(number) => decimal(cell, number),
                None => name_of(what, line)
                    .iter()
                    .for_each(|name| quote::plain(cell, name)),
            },
        }
        if cell.len() == begin {
            cell.push(b'-');
        }
    }

    /// The arguments, or what stands for them.
    fn what_ran(&self, out: &mut Vec<u8>, line: &Line<'_>) {
        match &line.event.data {
            EventData::Fork(fork) => {
                out.extend_from_slice(if fork.vfork == Some(true) {
                    b"vfork"
                } else {
                    b"-"
                });
            }
            EventData::Exec(exec) => self.arguments(out, &Called::by_exec(exec)),
            _ => match line.image.filter(|image| !image.args.unknown()) {
                Some(image) => self.arguments(out, &Called::by_image(&image)),
                None => self.name_only(out, line.comm.unwrap_or_default()),
            },
        }
    }

    /// Of a process whose arguments are not known, the name: in brackets, as ps shows it.
    fn name_only(&self, out: &mut Vec<u8>, comm: &[u8]) {
        out.push(b'[');
        quote::plain(out, if comm.is_empty() { b"-" } else { comm });
        out.push(b']');
    }

    /// Puts the ancestors at the end of the line. (`<` as it stands here is no argument: it would be
    /// quoted.)
    fn ancestors(&self, out: &mut Vec<u8>, ancestors: &[Ancestor<'_>]) {
        if ancestors.is_empty() {
            return;
        }
        self.color(out, DIM);
        for ancestor in ancestors {
            out.extend_from_slice(b" <- ");
            quote::shell(out, ancestor.comm);
            out.push(b'(');
            decimal(out, ancestor.process.pid);
            out.push(b')');
        }
        self.color(out, RESET);
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
            _ if self.compat.is_none() => decimal(cell, ret),
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
        // Of processes that were there before the trace, it is not known.
        let filename = self.filename.or_else(|| self.args.iter().next().flatten());
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

/// A failed exec, a process that did not end well.
fn is_bad(what: What, line: &Line<'_>) -> bool {
    match what {
        What::Ret => line.failed(),
        What::End => line.status().is_some_and(|status| !status.success()),
        _ => false,
    }
}

fn number_of(what: What, line: &Line<'_>) -> Option<u32> {
    match what {
        What::Uid => line.uid,
        What::User if line.notes.user.is_none() => line.uid,
        What::Euid => line.euid,
        What::Gid => line.gid,
        What::Group if line.notes.group.is_none() => line.gid,
        What::LoginUid => line.session.login_uid,
        What::Sid => line.session.leader,
        What::Pid => Some(line.process.pid),
        What::Tid => line.tid,
        What::NsPid => line.ns_pid,
        What::Ppid => line.parent.or(line.creator).map(|id| id.pid),
        What::Cpu => line.cpu,
        _ => None,
    }
}

fn name_of<'a>(what: What, line: &Line<'a>) -> Option<&'a [u8]> {
    let identity = line.identity();
    match what {
        What::User => line.notes.user.map(str::as_bytes),
        What::Group => line.notes.group.map(str::as_bytes),
        What::Comm => line.comm,
        What::ParentComm => line.parent_comm,
        What::Exe => line.image.and_then(|image| image.exe),
        What::Cwd => line.image.and_then(|image| image.cwd),
        What::Cgroup => identity.map(CgroupOwner::path),
        What::Unit => identity.and_then(CgroupOwner::unit),
        What::UserUnit => identity.and_then(CgroupOwner::user_unit),
        What::Runtime => line.runtime().map(str::as_bytes),
        What::PodUid => identity.and_then(CgroupOwner::pod_uid).map(str::as_bytes),
        _ => None,
    }
}

/// So much of a container's id as docker shows of it; names (of LXC) stay whole.
fn container(cell: &mut Vec<u8>, line: &Line<'_>) {
    const SHOWN: usize = 12;
    if let Some(id) = line.container() {
        let hash = id.len() == 64 && id.iter().all(u8::is_ascii_hexdigit);
        quote::plain(cell, if hash { &id[..SHOWN] } else { id });
    }
}

fn environment(cell: &mut Vec<u8>, line: &Line<'_>) {
    if let Some(env) = line.image.and_then(|image| image.env) {
        join(cell, env.iter(), |cell, entry| {
            argument(cell, entry, quote::shell)
        });
    }
}

/// An estimate is marked as one.
fn cpu_time(cell: &mut Vec<u8>, cpu: &Cpu) {
    if !cpu.exact {
        cell.push(b'~');
    }
    units::duration(cell, cpu.total_ns);
}

fn end(cell: &mut Vec<u8>, line: &Line<'_>) {
    match line.status() {
        None if line.kind == "process" && line.exit.is_none() => cell.extend_from_slice(b"alive"),
        None => {}
        Some(ExitStatus::Code(code)) => decimal(cell, code),
        Some(ExitStatus::Signal {
            number,
            core_dumped,
        }) => {
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
    join_with(out, b' ', items, item);
}

/// Appends the items with something else between them.
pub fn join_with<T>(
    out: &mut Vec<u8>,
    between: u8,
    items: impl Iterator<Item = T>,
    item: impl Fn(&mut Vec<u8>, T),
) {
    for (index, each) in items.enumerate() {
        if index > 0 {
            out.push(between);
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

fn write_to(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory");
}

#[cfg(test)]
mod tests;
