//! Why a line cannot be decoded.

use crate::recording::header::HeaderError;
use crate::text::quote;

/// How much of a line an error shows.
const EXCERPT: usize = 60;

/// A line is no record of a recording.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The line, or a field of it, is not what it should be.
    #[error("{problem}{}: {excerpt}", of(field))]
    Malformed {
        /// The field, if it is one.
        field: Option<&'static str>,
        /// What is wrong.
        problem: Problem,
        /// The beginning of what is there, without what could command a terminal.
        excerpt: String,
    },
    /// A header that cannot be used.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not JSON.
    #[error("not a JSON object")]
    Syntax,
    /// More lists and objects in each other than records have.
    #[error("too deep")]
    Depth,
    /// Longer than any record.
    #[error("too long")]
    Length,
    /// The field is there twice.
    #[error("more than one value")]
    Twice,
    /// The field is not there.
    #[error("no value")]
    Missing,
    /// A value of another type.
    #[error("a value of the wrong type")]
    Type,
    /// A number that is too large, or negative.
    #[error("a number out of range")]
    Range,
    /// A word that this version does not know.
    #[error("an unknown word")]
    Word,
    /// Not a time, an id, or base64.
    #[error("a text of the wrong form")]
    Form,
    /// No record has said yet how the clocks relate.
    #[error("no clock record before this one")]
    Clock,
}

fn of(field: &Option<&'static str>) -> String {
    field.map_or_else(String::new, |field| format!(" of \"{field}\""))
}

impl Problem {
    /// The error that this is, in a line or a value.
    #[cold]
    pub(super) fn of(self, field: Option<&'static str>, text: &[u8]) -> LineError {
        let mut excerpt = Vec::new();
        quote::plain(&mut excerpt, &text[..text.len().min(EXCERPT)]);
        if text.len() > EXCERPT {
            excerpt.extend_from_slice(b"...");
        }
        LineError::Malformed {
            field,
            problem: self,
            excerpt: String::from_utf8_lossy(&excerpt).into_owned(),
        }
    }
}
