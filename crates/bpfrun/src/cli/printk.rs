//! What programs print with bpf_trace_printk: lines in the kernel's trace pipe.
//!
//! The pipe is one for the whole machine, and who reads a line takes it from all others. So it is
//! only opened for programs that print; lines of other BPF programs that print at the same time
//! come along.

use std::fs::File;
use std::io::Read as _;

use anyhow::anyhow;
use bpfrun::Value;
use execsnoop_host::tracefs::Tracefs;

use crate::cli::clock::timestamp;
use crate::cli::output::Form;
use crate::cli::output::Output;
use crate::cli::output::json;
use execsnoop_events::quote;

/// How such lines are marked.
const MARK: &str = ": bpf_trace_printk: ";

/// The most pieces read at a time, so that other output gets its turn.
const TURN: usize = 16;

/// The reading end of the pipe.
#[derive(Debug)]
pub struct TracePipe {
    pipe: File,
    /// A line whose end is not there yet.
    rest: Vec<u8>,
}

impl TracePipe {
    /// Opens the pipe and throws away what was printed before.
    pub fn open() -> anyhow::Result<Self> {
        let pipe = Tracefs::open().and_then(|tracefs| tracefs.nonblocking_file("trace_pipe"));
        let pipe = pipe.map_err(|error| {
            anyhow!(
                "the program prints with bpf_trace_printk, but the kernel's trace pipe cannot be \
                 read ({error}): run as root, or mount -t tracefs tracefs /sys/kernel/tracing"
            )
        })?;
        let mut opened = Self {
            pipe,
            rest: Vec::new(),
        };
        while opened.fill() {
            opened.rest.clear();
        }
        opened.rest.clear();
        Ok(opened)
    }

    /// Shows the lines that have come.
    pub fn show(&mut self, output: &mut Output) {
        for _ in 0..TURN {
            if !self.fill() {
                break;
            }
            let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
                continue;
            };
            let lines: Vec<u8> = self.rest.drain(..=end).collect();
            String::from_utf8_lossy(&lines)
                .lines()
                .filter(|line| line.contains(MARK))
                .for_each(|line| show_line(line, output));
        }
    }

    /// Reads a piece, and returns whether there was one.
    fn fill(&mut self) -> bool {
        let mut piece = [0; 4096];
        let count = self.pipe.read(&mut piece).unwrap_or(0);
        self.rest.extend_from_slice(&piece[..count]);
        count > 0
    }
}

fn show_line(line: &str, output: &mut Output) {
    match output.parts() {
        (Form::Text(_), out) => {
            quote::loose(out, line.as_bytes());
            out.push(b'\n');
        }
        (Form::Json, out) => json::line(out, "print", &timestamp(), |object| {
            let printed = Printed::parse(line);
            object.text("comm", printed.comm);
            object.value("pid", &printed.pid.map_or(Value::Absent, Value::Uint));
            object.value("cpu", &printed.cpu.map_or(Value::Absent, Value::Uint));
            object.text("message", printed.message);
        }),
        (Form::Csv(_), _) => {}
    }
}

/// The parts of `  bash-1234  [001] d..21  123.456789: bpf_trace_printk: hello`.
#[derive(Debug, PartialEq, Eq)]
struct Printed<'a> {
    comm: &'a str,
    pid: Option<u64>,
    cpu: Option<u64>,
    message: &'a str,
}

impl<'a> Printed<'a> {
    fn parse(line: &'a str) -> Self {
        let (head, message) = line.split_once(MARK).unwrap_or(("", line));
        let (task, rest) = head.split_once(" [").unwrap_or((head, ""));
        let (comm, pid) = task.trim().rsplit_once('-').unwrap_or((task, ""));
        Self {
            comm,
            pid: pid.parse().ok(),
            cpu: rest.split(']').next().and_then(|cpu| cpu.parse().ok()),
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's line, with a name that has a dash in it; and any line.
    #[test]
    fn lines() {
        let line = "  a-b-1234    [001] d..21  123.456789: bpf_trace_printk: hello, [x]";
        let expected = Printed {
            comm: "a-b",
            pid: Some(1234),
            cpu: Some(1),
            message: "hello, [x]",
        };
        assert_eq!(Printed::parse(line), expected);
        assert_eq!(Printed::parse("what?").message, "what?");
    }
}
