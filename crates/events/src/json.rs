//! Events as JSON lines: a contract with whoever reads them.
//!
//! Fields are added, never renamed or removed. What a source cannot know is null, never left out
//! (except `errno` and `args_b64`, which belong to some records only). Numbers stay below 2^53;
//! larger ones are strings. Text that is not UTF-8 shows U+FFFD; of arguments, `args_b64` then holds
//! the exact bytes. Characters that could command a terminal are escaped, so that a line can be
//! looked at.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::io;

use data_encoding::BASE64;
use jiff::Timestamp;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeSeq as _;
use serde_json::ser::CompactFormatter;
use serde_json::ser::Formatter;

use crate::argv::Args;
use crate::errno::errno_name;
use crate::event::Body;
use crate::event::Event;
use crate::event::Exec;
use crate::event::Exit;
use crate::event::ExitStatus;
use crate::event::Fork;
use crate::event::Image;
use crate::event::Lost;
use crate::event::Process;
use crate::event::ProcessId;
use crate::lineage::Ancestor;
use crate::quote::printable;
use crate::signal::signal_name;

/// What may be said of an event beside the event itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Annotations<'a> {
    /// The process's ancestors, the nearest first; `None` when nobody asked for them.
    pub ancestors: Option<&'a [Ancestor<'a>]>,
    /// How many calls of exec this stands for; `None` when they are not joined.
    pub tries: Option<u32>,
}

/// Appends an event to `out` as one line, with its newline. Allocates nothing unless `out` must grow
/// or something in the event is not UTF-8.
pub fn write_line(out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
    let mut json = serde_json::Serializer::with_formatter(&mut *out, SafeForTerminals);
    let time = Time(event.time);
    let written = match &event.body {
        Body::Exec(exec) => ExecLine::new(time, exec, notes).serialize(&mut json),
        Body::Exit(exit) => ExitLine::new(event, exit, notes).serialize(&mut json),
        Body::Process(process) => ProcessLine::new(event, process, notes).serialize(&mut json),
        Body::Running(_) | Body::Freed(_) => return, // no line of their own: they only complete others
        Body::Fork(fork) => ForkLine::new(time, fork).serialize(&mut json),
        Body::Lost(lost) => LostLine::new(time, lost).serialize(&mut json),
        Body::Clock(_) => ClockLine::new(time, event.boot_ns).serialize(&mut json),
    };
    written.expect("writing to memory, and every key is a string");
    out.push(b'\n');
}

#[derive(Serialize)]
struct ExecLine<'a> {
    r#type: &'static str,
    time: Time,
    id: Id,
    pid: u32,
    tid: u32,
    ppid: u32,
    parent_id: Id,
    comm: Text<'a>,
    pcomm: Text<'a>,
    uid: u32,
    euid: u32,
    gid: u32,
    ret: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<&'static str>,
    filename: Option<Text<'a>>,
    exe: Option<Text<'a>>,
    script: Option<Text<'a>>,
    args: Option<Texts<'a>>,
    args_complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    args_b64: Option<Base64s<'a>>,
    cgroup: Option<Text<'a>>,
    cgroup_id: Decimal,
    container: Option<Text<'a>>,
    ns_pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    tries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestors: Option<Ancestors<'a>>,
}

impl<'a> ExecLine<'a> {
    fn new(time: Time, exec: &Exec<'a>, notes: &Annotations<'a>) -> Self {
        Self {
            r#type: "exec",
            time,
            id: Id(exec.process),
            pid: exec.process.pid,
            tid: exec.tid,
            ppid: exec.parent.pid,
            parent_id: Id(exec.parent),
            comm: Text(exec.comm),
            pcomm: Text(exec.parent_comm),
            uid: exec.uid,
            euid: exec.euid,
            gid: exec.gid,
            ret: exec.ret,
            errno: errno_name(exec.ret.saturating_neg()),
            filename: exec.filename.map(Text),
            exe: exec.exe.map(Text),
            script: exec.filename.filter(|_| exec.script).map(Text),
            args: (!exec.args.unknown()).then_some(Texts(exec.args)),
            args_complete: exec.args.complete(),
            args_b64: (!all_utf8(&exec.args)).then_some(Base64s(exec.args)),
            cgroup: None,
            cgroup_id: Decimal(exec.cgroup_id),
            container: None,
            ns_pid: exec.ns_pid,
            tries: notes.tries,
            ancestors: notes.ancestors.map(Ancestors),
        }
    }
}

fn all_utf8(args: &Args<'_>) -> bool {
    args.iter()
        .flatten()
        .all(|arg| std::str::from_utf8(arg).is_ok())
}

#[derive(Serialize)]
struct ForkLine {
    r#type: &'static str,
    time: Time,
    id: Id,
    pid: u32,
    creator_id: Id,
    creator_pid: u32,
    vfork: bool,
    ns_pid: u32,
}

impl ForkLine {
    fn new(time: Time, fork: &Fork) -> Self {
        Self {
            r#type: "fork",
            time,
            id: Id(fork.process),
            pid: fork.process.pid,
            creator_id: Id(fork.creator),
            creator_pid: fork.creator.pid,
            vfork: fork.vfork,
            ns_pid: fork.ns_pid,
        }
    }
}

#[derive(Serialize)]
struct ExitLine<'a> {
    r#type: &'static str,
    time: Time,
    id: Id,
    pid: u32,
    ppid: u32,
    parent_id: Id,
    comm: Text<'a>,
    uid: u32,
    gid: u32,
    cgroup: Option<Text<'a>>,
    cgroup_id: Decimal,
    container: Option<Text<'a>>,
    ns_pid: u32,
    #[serde(flatten)]
    end: EndFields,
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestors: Option<Ancestors<'a>>,
}

impl<'a> ExitLine<'a> {
    fn new(event: &Event<'_>, exit: &Exit<'a>, notes: &Annotations<'a>) -> Self {
        Self {
            r#type: "exit",
            time: Time(event.time),
            id: Id(exit.process),
            pid: exit.process.pid,
            ppid: exit.parent.pid,
            parent_id: Id(exit.parent),
            comm: Text(exit.comm),
            uid: exit.uid,
            gid: exit.gid,
            cgroup: None,
            cgroup_id: Decimal(exit.cgroup_id),
            container: None,
            ns_pid: exit.ns_pid,
            end: EndFields::new(event.boot_ns, exit),
            ancestors: notes.ancestors.map(Ancestors),
        }
    }
}

/// How a process ended and what it cost; all null for one that lives.
#[derive(Serialize, Default)]
struct EndFields {
    exit: Option<&'static str>,
    code: Option<u8>,
    signal: Option<u8>,
    signal_name: Option<Cow<'static, str>>,
    core_dumped: Option<bool>,
    lifetime_ns: Option<u64>,
    exec_lifetime_ns: Option<u64>,
    cpu_ns: Option<u64>,
    cpu_exact: Option<bool>,
    user_ns: Option<u64>,
    system_ns: Option<u64>,
    max_rss_bytes: Option<u64>,
    peak_rss_bytes: Option<u64>,
    read_bytes: Option<u64>,
    write_bytes: Option<u64>,
    read_chars: Option<u64>,
    write_chars: Option<u64>,
    minor_faults: Option<u64>,
    major_faults: Option<u64>,
    voluntary_switches: Option<u64>,
    involuntary_switches: Option<u64>,
}

impl EndFields {
    fn new(boot_ns: u64, exit: &Exit<'_>) -> Self {
        let cost = &exit.cost;
        let (code, signal, core_dumped) = match exit.status {
            ExitStatus::Code(code) => (Some(code), None, false),
            ExitStatus::Signal {
                number,
                core_dumped,
            } => (None, Some(number), core_dumped),
        };
        Self {
            exit: Some(if code.is_some() { "exited" } else { "killed" }),
            code,
            signal,
            signal_name: signal.and_then(signal_name),
            core_dumped: Some(core_dumped),
            lifetime_ns: Some(boot_ns.saturating_sub(exit.process.start_ns)),
            exec_lifetime_ns: exit.exec_ns.map(|exec_ns| boot_ns.saturating_sub(exec_ns)),
            cpu_ns: Some(cost.cpu.total_ns),
            cpu_exact: Some(cost.cpu.exact),
            user_ns: Some(cost.cpu.user_ns),
            system_ns: Some(cost.cpu.system_ns),
            max_rss_bytes: cost.max_rss_bytes,
            peak_rss_bytes: Some(cost.peak_rss_bytes),
            read_bytes: cost.io.map(|io| io.read_bytes),
            write_bytes: cost.io.map(|io| io.write_bytes),
            read_chars: cost.io.map(|io| io.read_chars),
            write_chars: cost.io.map(|io| io.write_chars),
            minor_faults: Some(cost.minor_faults),
            major_faults: Some(cost.major_faults),
            voluntary_switches: Some(cost.voluntary_switches),
            involuntary_switches: Some(cost.involuntary_switches),
        }
    }
}

#[derive(Serialize)]
struct ProcessLine<'a> {
    r#type: &'static str,
    time: Time,
    id: Id,
    pid: u32,
    ppid: u32,
    parent_id: Id,
    creator_id: Option<Id>,
    creator_pid: Option<u32>,
    comm: Text<'a>,
    pcomm: Option<Text<'a>>,
    uid: u32,
    gid: u32,
    filename: Option<Text<'a>>,
    exe: Option<Text<'a>>,
    script: Option<Text<'a>>,
    args: Option<Texts<'a>>,
    args_complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    args_b64: Option<Base64s<'a>>,
    execs: u32,
    cgroup: Option<Text<'a>>,
    cgroup_id: Decimal,
    container: Option<Text<'a>>,
    ns_pid: u32,
    #[serde(flatten)]
    end: EndFields,
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestors: Option<Ancestors<'a>>,
}

impl<'a> ProcessLine<'a> {
    fn new(event: &Event<'_>, process: &Process<'a>, notes: &Annotations<'a>) -> Self {
        let image = process.image.unwrap_or(Image::UNKNOWN);
        let end = process.exit.as_ref();
        Self {
            r#type: "process",
            time: Time(event.time),
            id: Id(process.process),
            pid: process.process.pid,
            ppid: process.parent.pid,
            parent_id: Id(process.parent),
            creator_id: process.creator.map(Id),
            creator_pid: process.creator.map(|creator| creator.pid),
            comm: Text(process.comm),
            pcomm: process.parent_comm.map(Text),
            uid: process.uid,
            gid: process.gid,
            filename: image.filename.map(Text),
            exe: image.exe.map(Text),
            script: image.filename.filter(|_| image.script).map(Text),
            args: (!image.args.unknown()).then_some(Texts(image.args)),
            args_complete: image.args.complete(),
            args_b64: (!all_utf8(&image.args)).then_some(Base64s(image.args)),
            execs: process.execs,
            cgroup: None,
            cgroup_id: Decimal(process.cgroup_id),
            container: None,
            ns_pid: process.ns_pid,
            end: end.map_or_else(EndFields::default, |exit| {
                EndFields::new(event.boot_ns, exit)
            }),
            ancestors: notes.ancestors.map(Ancestors),
        }
    }
}

/// The list of ancestors; their arguments only where they are given.
struct Ancestors<'a>(&'a [Ancestor<'a>]);

#[derive(Serialize)]
struct AncestorFields<'a> {
    id: Id,
    pid: u32,
    comm: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Texts<'a>>,
}

impl Serialize for Ancestors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|ancestor| AncestorFields {
            id: Id(ancestor.process),
            pid: ancestor.process.pid,
            comm: Text(ancestor.comm),
            args: ancestor.args.filter(|args| !args.unknown()).map(Texts),
        }))
    }
}

#[derive(Serialize)]
struct LostLine {
    r#type: &'static str,
    time: Time,
    count: u64,
    kind: &'static str,
    reason: &'static str,
}

impl LostLine {
    fn new(time: Time, lost: &Lost) -> Self {
        Self {
            r#type: "lost",
            time,
            count: lost.count,
            kind: lost.kind.name(),
            reason: lost.reason.name(),
        }
    }
}

#[derive(Serialize)]
struct ClockLine {
    r#type: &'static str,
    time: Time,
    boot_ns: Decimal,
}

impl ClockLine {
    fn new(time: Time, boot_ns: u64) -> Self {
        Self {
            r#type: "clock",
            time,
            boot_ns: Decimal(boot_ns),
        }
    }
}

struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.9}", self.0))
    }
}

struct Id(ProcessId);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A number that may exceed 2^53, as a string.
struct Decimal(u64);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

struct Text<'a>(&'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.collect_str(self),
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

struct Texts<'a>(Args<'a>);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|arg| arg.map(Text)))
    }
}

struct Base64s<'a>(Args<'a>);

impl Serialize for Base64s<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for arg in self.0.iter() {
            list.serialize_element(&arg.map(|arg| BASE64.encode(arg)))?;
        }
        list.end()
    }
}

/// Appends anything that is not an event to `out` as one line, with its newline, and as safe to look at.
pub fn write_object(out: &mut Vec<u8>, object: &impl Serialize) -> serde_json::Result<()> {
    let mut json = serde_json::Serializer::with_formatter(&mut *out, SafeForTerminals);
    object.serialize(&mut json)?;
    out.push(b'\n');
    Ok(())
}

/// JSON as `serde_json` writes it, but with every character escaped that does not show as itself.
struct SafeForTerminals;

impl Formatter for SafeForTerminals {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(|c| !printable(c)) {
            let (shown, from) = rest.split_at(at);
            writer.write_all(shown.as_bytes())?;
            let c = from.chars().next().expect("find gave the start of one");
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &from[c.len_utf8()..];
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests;
