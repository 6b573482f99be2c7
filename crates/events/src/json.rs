//! Events as JSON lines: a contract with whoever reads them.
//!
//! Fields are added, never renamed or removed. What a source cannot know is null, never left out
//! (except `errno` and `args_b64`, which belong to some records only). Numbers stay below 2^53;
//! larger ones are strings. Text that is not UTF-8 shows U+FFFD; of arguments, `args_b64` then holds
//! the exact bytes. Characters that could command a terminal are escaped, so that a line can be
//! looked at.

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
use crate::event::Fork;
use crate::event::Lost;
use crate::event::ProcessId;
use crate::quote::printable;

/// Appends an event to `out` as one line, with its newline. Allocates nothing unless `out` must grow
/// or something in the event is not UTF-8.
pub fn write_line(out: &mut Vec<u8>, event: &Event<'_>) {
    let mut json = serde_json::Serializer::with_formatter(&mut *out, SafeForTerminals);
    let time = Time(event.time);
    let written = match &event.body {
        Body::Exec(exec) => ExecLine::new(time, exec).serialize(&mut json),
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
}

impl<'a> ExecLine<'a> {
    fn new(time: Time, exec: &Exec<'a>) -> Self {
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
