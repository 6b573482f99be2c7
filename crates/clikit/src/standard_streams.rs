//! Standard output and error as the program was given them.

use std::io;
use std::io::ErrorKind;
use std::io::Write as _;
use std::sync::OnceLock;

use anyhow::Context as _;
use anyhow::bail;

/// Whether standard output and standard error were closed.
static CLOSED: OnceLock<[bool; 2]> = OnceLock::new();

/// Says that these streams were closed when the program began. Rust's runtime opens /dev/null in
/// their place, where everything can be written and no reader gets it. The first call decides.
pub fn set_closed_streams(stdout: bool, stderr: bool) {
    CLOSED.get_or_init(|| [stdout, stderr]);
}

/// An error if standard output is closed.
pub(crate) fn check_stdout() -> anyhow::Result<()> {
    match CLOSED.get() {
        Some([true, _]) => bail!("standard output is closed"),
        _ => Ok(()),
    }
}

/// An error if standard error is closed.
pub(crate) fn check_stderr() -> anyhow::Result<()> {
    match CLOSED.get() {
        Some([_, true]) => bail!("standard error is closed"),
        _ => Ok(()),
    }
}

/// Writes a text that is whole to standard output. A reader that is gone is no error.
///
/// # Errors
///
/// Standard output is closed, or cannot be written.
pub fn write_stdout(bytes: &[u8]) -> anyhow::Result<()> {
    check_stdout()?;
    let mut stdout = io::stdout();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}
