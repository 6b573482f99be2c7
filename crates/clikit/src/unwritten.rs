//! Lines that could not be written, while everything else went on.

use std::io;
use std::io::ErrorKind;

use crate::stderr::message;

/// Counts lines that were not written. It says once that there are any; the number is for the end.
#[derive(Debug, Default)]
pub struct Unwritten {
    lines: u64,
    /// Why the first was not written.
    cause: Option<String>,
}

impl Unwritten {
    /// Whether an error can pass while tracing goes on: there is no room for more.
    pub fn is_no_room(error: &io::Error) -> bool {
        matches!(
            error.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
        )
    }

    /// Counts lines for which the output of this name had no room.
    pub fn add_no_room(&mut self, lines: u64, name: &str, error: &io::Error) {
        if self.cause.is_none() {
            message(format_args!(
                "cannot write to {name}: {error}; tracing goes on, and lines that are not written \
                 are counted"
            ));
        }
        self.add(lines, &format!("{name}: {error}"));
    }

    /// Counts lines that the reader of the output of this name did not take.
    pub fn add_not_taken(&mut self, lines: u64, name: &str) {
        self.add(lines, &format!("{name}, whose reader takes nothing"));
    }

    fn add(&mut self, lines: u64, cause: &str) {
        self.lines += lines;
        self.cause.get_or_insert_with(|| cause.to_owned());
    }

    /// The number of lines, as an error; `None` if all were written.
    pub fn to_error(&self) -> Option<anyhow::Error> {
        let (lines, cause) = (self.lines, self.cause.as_ref()?);
        Some(anyhow::anyhow!("{lines} lines were not written to {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number and the first cause are for the end.
    #[test]
    fn counts() {
        let mut unwritten = Unwritten::default();
        assert!(unwritten.to_error().is_none());
        let full = io::Error::from(ErrorKind::StorageFull);
        assert!(Unwritten::is_no_room(&full));
        assert!(!Unwritten::is_no_room(&ErrorKind::BrokenPipe.into()));
        unwritten.add_no_room(2, "\"x\"", &full);
        unwritten.add_not_taken(3, "\"x\"");
        let error = unwritten.to_error().expect("some were not written");
        assert!(
            error
                .to_string()
                .starts_with("5 lines were not written to \"x\": "),
            "{error}"
        );
    }
}
