//! What is wrong with a recording.

use std::fmt;
use std::io;

/// A part of the input that gave no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins, in bytes from the start of the input.
    pub offset: u64,
    /// The number of bytes that were skipped. 0 if only text was lost.
    pub length: u64,
    /// What is wrong there.
    pub what: DamageKind,
}

/// What is wrong with a part of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DamageKind {
    /// A frame without its end: the recorder was killed, or the file was cut.
    Cut,
    /// An index entry with a wrong CRC. Its frame may follow.
    IndexEntry,
    /// A frame that cannot be decompressed, or whose checksum or length is wrong.
    Frame,
    /// Bytes that are not part of a recording.
    Unknown,
    /// A line without its end.
    CutLine,
    /// A line longer than [`MAX_TEXT`](super::MAX_TEXT).
    TooLong,
}

impl fmt::Display for DamageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "a frame is cut",
            Self::IndexEntry => "an index entry is damaged",
            Self::Frame => "a frame is damaged",
            Self::Unknown => "these bytes are not part of a recording",
            Self::CutLine => "a line is cut",
            Self::TooLong => "a line is too long",
        })
    }
}

/// A recording cannot be read any further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The input cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A frame was written by a newer version.
    #[error(
        "the frame at byte {offset} has format {version}, which is newer than {}",
        super::FORMAT
    )]
    Newer {
        /// The format version of the frame.
        version: u32,
        /// Where its index entry is.
        offset: u64,
    },
}
