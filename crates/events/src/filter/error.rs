//! Errors in a filter, with their position.

use std::fmt;

use crate::schema::RecordType;
use crate::text::quote::printable;

/// The number of characters shown on either side of an error in a long line.
const AROUND: usize = 36;

/// An invalid filter: describes the problem and points at its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CelError {
    message: String,
    /// A hint; can be empty.
    help: String,
    /// The line with the error, and the number of its characters before the error.
    line: String,
    column: usize,
    missing_records: &'static [RecordType],
}

impl CelError {
    /// The records that have the field, if none of them is shown; else empty.
    pub fn missing_records(&self) -> &'static [RecordType] {
        self.missing_records
    }
}

/// An error without the text that it points into.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Characters from the beginning of the text.
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) help: String,
    missing_records: &'static [RecordType],
}

impl Wrong {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            help: String::new(),
            missing_records: &[],
        }
    }

    /// The field is only in these records, and none of them is shown.
    pub(super) fn missing_records(mut self, records: &'static [RecordType]) -> Self {
        self.missing_records = records;
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Points at the error in the text.
    pub(super) fn point_into(self, text: &str) -> CelError {
        let mut column = self.at;
        let mut line = "";
        for candidate in text.split('\n') {
            line = candidate;
            let len = candidate.chars().count();
            if column <= len {
                break;
            }
            column -= len + 1;
        }
        let (line, column) = window(line, column);
        CelError {
            message: shown(&self.message),
            help: shown(&self.help),
            line,
            column,
            missing_records: self.missing_records,
        }
    }
}

/// A text made safe to show, line by line, with an unchanged number of characters.
fn shown(text: &str) -> String {
    let shown = |c: char| match c == '\n' || printable(c) {
        true => c,
        false => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(shown).collect()
}

/// The surroundings of a position in a line, made safe to show, and the position in them.
fn window(line: &str, column: usize) -> (String, usize) {
    let column = column.min(line.chars().count());
    let skipped = column.saturating_sub(AROUND);
    let text: String = line.chars().skip(skipped).take(2 * AROUND).collect();
    let text = shown(&text.replace('\t', " "));
    if skipped == 0 {
        return (text, column);
    }
    (format!("...{text}"), column - skipped + 3)
}

impl fmt::Display for CelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            message,
            help,
            line,
            column,
            ..
        } = self;
        write!(f, "{message}\n    {line}\n    {:column$}^", "")?;
        for line in help.lines() {
            write!(f, "\n{line}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CelError {}
