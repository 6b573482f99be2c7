//! Edits of a text.

use std::ops::Range;

/// A range of a text, and what replaces it.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub range: Range<usize>,
    pub text: String,
}
