//! What the thread that reads hands over.

use std::sync::Arc;

use execsnoop_events::recording::IndexEntry;

/// A part of an input.
#[derive(Debug)]
pub(crate) enum Block {
    /// The frame with the header for what follows. The rest of it is before the range.
    Header(Lines),
    /// Records.
    Lines(Lines),
    /// Bytes were skipped: a sentence with the name of the file.
    Damage(String),
}

/// Whole lines, each with its newline.
#[derive(Debug)]
pub(crate) struct Lines {
    /// The file, as messages name it.
    pub(crate) file: Arc<str>,
    /// Where their frame begins, in bytes from the start of the file.
    pub(crate) offset: u64,
    /// The index entry of their frame, if it has a good one.
    pub(crate) index: Option<IndexEntry>,
    /// The lines.
    pub(crate) text: Vec<u8>,
}

/// The bytes of the input up to the end of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress(pub(super) u64);
