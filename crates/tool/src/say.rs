//! Words for the person at the terminal.

use std::fmt::Display;
use std::io;
use std::io::Write;

/// Writes a message to stderr, in one piece. That nobody may be there to read it is no reason to fail: the macros of
/// the standard library would end the program, and with it the trace and a command's exit status.
pub fn say(message: impl Display) {
    let _ = Stderr.write_all(format!("{message}\n").as_bytes());
}

/// Standard error, as if it could not fail.
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
