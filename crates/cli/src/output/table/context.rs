//! What cells have to know besides the line: the time zone, when the trace began, whose columns.

use std::io::Write as _;

use execsnoop_events::Event;
use execsnoop_events::errno_name;
use execsnoop_events::fastfmt::decimal;
use jiff::tz::TimeZone;

use super::options::Compat;

/// What all lines of a table share.
#[derive(Debug)]
pub struct Context {
    /// Another execsnoop, whose columns are printed.
    pub compat: Option<Compat>,
    /// Time since boot at which the trace began.
    pub begin_ns: Option<u64>,
    pub(super) zone: TimeZone,
}

impl Context {
    /// In the time zone of this machine.
    pub fn new(compat: Option<Compat>) -> Self {
        Self {
            compat,
            begin_ns: None,
            zone: TimeZone::system(),
        }
    }

    /// Appends the time as `09:49:07`.
    pub fn clock_time(&self, cell: &mut Vec<u8>, event: &Event<'_>) {
        let time = self.zone.to_datetime(event.time);
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        write_to(cell, format_args!("{hour:02}:{minute:02}:{second:02}"));
    }

    /// Appends the seconds since the trace began, as `1.234`.
    pub fn seconds(&self, cell: &mut Vec<u8>, event: &Event<'_>) {
        let begin = self.begin_ns.unwrap_or(event.boot_ns);
        let millis = event.boot_ns.saturating_sub(begin) / 1_000_000;
        write_to(cell, format_args!("{}.{:03}", millis / 1000, millis % 1000));
    }

    /// Appends what exec returned: the errno's name, or the number.
    pub fn ret(&self, cell: &mut Vec<u8>, ret: i32) {
        match errno_name(ret.saturating_neg()) {
            Some(name) if self.compat.is_none() => cell.extend_from_slice(name.as_bytes()),
            _ if self.compat.is_none() => decimal(cell, ret),
            _ => write_to(cell, format_args!("{ret:>3}")),
        }
    }
}

/// Appends formatted text.
pub fn write_to(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory");
}
