//! What is wrong with a filter, and where.

use std::fmt;

use crate::schema::RecordType;
use crate::text::quote::printable;

/// How much of a long line is shown on either side of what is wrong with it.
const AROUND: usize = 36;

/// A filter that cannot be used: says what is wrong, and points at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CelError {
    message: String,
    /// What may help; can be empty.
    help: String,
    /// The line in question, and how many characters of it come before the place.
    line: String,
    column: usize,
    missing_records: &'static [RecordType],
}

impl CelError {
    /// The records that have the field in question, if none of them is shown; else empty.
    pub fn missing_records(&self) -> &'static [RecordType] {
        self.missing_records
    }
}

/// The same, before the text is there to point into.
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

    /// The field in question is only in these records, and none of them is shown.
    pub(super) fn missing_records(mut self, records: &'static [RecordType]) -> Self {
        self.missing_records = records;
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Points at the place in the text.
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

/// A text as it can be shown, line by line, with as many characters as before.
fn shown(text: &str) -> String {
    let shown = |c: char| match c == '\n' || printable(c) {
        true => c,
        false => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(shown).collect()
}

/// What surrounds a place in a line, as it can be shown, and the place in that.
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
