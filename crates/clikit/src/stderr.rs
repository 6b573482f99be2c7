//! Messages for the person at the terminal.

use std::fmt::Display;
use std::io;
use std::io::Write;
use std::sync::OnceLock;

/// The name in front of each message.
static PROGRAM: OnceLock<&'static str> = OnceLock::new();

/// Sets the name that [`message`] puts in front. The first call decides.
pub(crate) fn set_program(name: &'static str) {
    PROGRAM.get_or_init(|| name);
}

/// Writes `PROGRAM: text` to stderr, as one line in one write.
///
/// A closed stderr is no error: the macros of the standard library would end the program, and with
/// it the trace and the exit status of a command.
pub fn message(text: impl Display) {
    match PROGRAM.get() {
        Some(program) => stderr_line(format_args!("{program}: {text}")),
        None => stderr_line(text),
    }
}

/// Writes a line to stderr without the program's name: tables, reports, the account of a trace.
pub fn stderr_line(text: impl Display) {
    let _ = Stderr.write_all(format!("{text}\n").as_bytes());
}

/// Standard error whose writes always succeed.
#[derive(Debug, Clone, Copy)]
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
