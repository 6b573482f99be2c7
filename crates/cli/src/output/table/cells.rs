//! The cells of a line: for each column, what fills it.

use execsnoop_events::CgroupOwner;
use execsnoop_events::Cpu;
use execsnoop_events::ExitStatus;
use execsnoop_events::PathRoot;
use execsnoop_events::fastfmt::decimal;
use execsnoop_events::quote;
use execsnoop_events::signal_name;
use execsnoop_events::units;

use super::context::Context;
use super::line::Line;
use super::options::TableOptions;

/// How many digits of a container's id are shown, as docker shows them.
const CONTAINER_DIGITS: usize = 12;

/// A column: its names, how wide it is, and what fills it. A blank follows it.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name on the command line; empty for a column that cannot be named.
    pub name: &'static str,
    /// The field of the schema that it shows.
    pub field: &'static str,
    pub(super) heading: &'static str,
    pub(super) width: usize,
    /// Appends the cell; nothing if there is no value.
    pub(super) fill: Fill,
    /// Whether the value deserves attention: a failed exec, a process that did not end well.
    pub(super) is_bad: fn(&Line<'_>) -> bool,
    /// Whether the column is shown by default.
    pub(super) is_default: fn(&TableOptions) -> bool,
}

/// Fills a cell.
pub(super) type Fill = fn(&Context, &mut Vec<u8>, &Line<'_>);

impl Column {
    /// A column for a field of the schema, under the same name.
    pub(super) const fn new(
        name: &'static str,
        heading: &'static str,
        width: usize,
        fill: Fill,
    ) -> Self {
        Self {
            name,
            field: name,
            heading,
            width,
            fill,
            is_bad: |_| false,
            is_default: |_| true,
        }
    }

    /// The same column, for another field.
    pub(super) const fn showing(self, field: &'static str) -> Self {
        Self { field, ..self }
    }

    /// The same column, highlighted if this holds.
    pub(super) const fn bad_if(self, is_bad: fn(&Line<'_>) -> bool) -> Self {
        Self { is_bad, ..self }
    }

    /// The same column with another heading and width, shown by default if this holds.
    pub(super) const fn default(
        self,
        heading: &'static str,
        width: usize,
        is_default: fn(&TableOptions) -> bool,
    ) -> Self {
        Self {
            heading,
            width,
            is_default,
            ..self
        }
    }
}

/// Appends what `fill` appends, padded with blanks to the width, and a blank after it.
pub(super) fn pad(out: &mut Vec<u8>, width: usize, fill: impl FnOnce(&mut Vec<u8>)) {
    let begin = out.len();
    fill(out);
    let text = std::str::from_utf8(&out[begin..]).unwrap_or_default();
    let missing = width.saturating_sub(text.chars().count());
    out.resize(out.len() + missing + 1, b' ');
}

pub(super) fn number(cell: &mut Vec<u8>, number: Option<u32>) {
    if let Some(number) = number {
        decimal(cell, number);
    }
}

pub(super) fn text(cell: &mut Vec<u8>, text: Option<&[u8]>) {
    if let Some(text) = text {
        quote::plain(cell, text);
    }
}

/// A path. If it is not that of a file of the machine, what it is relative to stands before it; no
/// path begins like this.
pub(super) fn path(cell: &mut Vec<u8>, path: Option<&[u8]>, root: Option<PathRoot>) {
    if let Some(root) = root.filter(|root| *root != PathRoot::Machine) {
        cell.push(b'(');
        cell.extend_from_slice(root.name().as_bytes());
        cell.push(b')');
    }
    text(cell, path);
}

/// A name, or the number if there is no name.
pub(super) fn name_or_number(cell: &mut Vec<u8>, name: Option<&str>, id: Option<u32>) {
    match name {
        Some(name) => quote::plain(cell, name.as_bytes()),
        None => number(cell, id),
    }
}

pub(super) fn event_type(cell: &mut Vec<u8>, line: &Line<'_>) {
    let word = match line.is_failed() {
        true => "failed",
        false => line.record.name(),
    };
    cell.extend_from_slice(word.as_bytes());
}

pub(super) fn tty(cell: &mut Vec<u8>, line: &Line<'_>) {
    for part in line.tty().iter().flatten() {
        quote::plain(cell, part);
    }
}

/// A container's id is cut as docker cuts it; names (of LXC) stay whole.
pub(super) fn container(cell: &mut Vec<u8>, line: &Line<'_>) {
    if line.has_unnamed_cgroup() {
        cell.push(b'?');
    }
    if let Some(id) = line.container() {
        let is_hash = id.len() == 64 && id.iter().all(u8::is_ascii_hexdigit);
        quote::plain(cell, if is_hash { &id[..CONTAINER_DIGITS] } else { id });
    }
}

/// What the cgroup's path tells; a question mark if that is not known.
pub(super) fn owner(
    cell: &mut Vec<u8>,
    line: &Line<'_>,
    part: for<'a> fn(&'a CgroupOwner) -> Option<&'a [u8]>,
) {
    match line.has_unnamed_cgroup() {
        true => cell.push(b'?'),
        false => text(cell, line.owner().and_then(part)),
    }
}

pub(super) fn flags(cell: &mut Vec<u8>, line: &Line<'_>) {
    for (index, flag) in line.flags().enumerate() {
        if index > 0 {
            cell.push(b',');
        }
        cell.extend_from_slice(flag.as_bytes());
    }
}

pub(super) fn duration(cell: &mut Vec<u8>, ns: Option<u64>) {
    if let Some(ns) = ns {
        units::duration(cell, ns);
    }
}

/// An estimate is marked as one.
pub(super) fn cpu_time(cell: &mut Vec<u8>, cpu: Option<Cpu>) {
    let Some(cpu) = cpu else {
        return;
    };
    if !cpu.exact {
        cell.push(b'~');
    }
    units::duration(cell, cpu.total_ns);
}

pub(super) fn size(cell: &mut Vec<u8>, bytes: Option<u64>) {
    if let Some(bytes) = bytes {
        units::size(cell, bytes);
    }
}

/// The exit status, the name of the signal, or that it is alive.
pub(super) fn exit(cell: &mut Vec<u8>, line: &Line<'_>) {
    match line.status() {
        None if line.is_alive() => cell.extend_from_slice(b"alive"),
        None => {}
        Some(ExitStatus::Code(code)) => decimal(cell, code),
        Some(ExitStatus::Signal {
            number,
            core_dumped,
        }) => {
            match signal_name(number) {
                Some(name) => cell.extend_from_slice(name.as_bytes()),
                None => cell.extend_from_slice(format!("signal {number}").as_bytes()),
            }
            if core_dumped {
                cell.extend_from_slice(b",core");
            }
            if line.is_oom_killed() {
                cell.extend_from_slice(b",oom");
            }
        }
    }
}
