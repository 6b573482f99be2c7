//! Finds the part of a recording that a range of times needs, from index entries alone.

mod read_at;
mod skip;
#[cfg(test)]
mod tests;
mod walk;

use super::damage::ReadError;
use super::index::FrameFlags;
use super::index::IndexEntry;
use skip::skip_early;
use walk::Stretch;
use walk::Walk;

pub use read_at::ReadAt;

/// A range of times, in ns since 1970. Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The earliest.
    pub since_ns: i64,
    /// The latest.
    pub until_ns: i64,
}

impl TimeRange {
    /// All times.
    pub const ALL: Self = Self {
        since_ns: i64::MIN,
        until_ns: i64::MAX,
    };
}

/// A part of a file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The frame with the header that is valid at `start`, if that is an earlier frame.
    pub header: Option<u64>,
    /// Where reading begins: at a header, a checkpoint, or the start of the file.
    pub start: u64,
    /// Where reading ends.
    pub end: u64,
}

impl Span {
    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

/// The part of a file that has every record in the range, and the checkpoint before them.
///
/// The clock can have been set back while the recording was made: the part begins before the first
/// frame with a late time, and ends behind the last frame with an early one. Where index entries
/// are missing or damaged, the times are not known, and the part includes that place. A file
/// without index entries is one part. In a file as its recorder wrote it, a binary search finds the
/// early frames, and a damaged one among them is not in the part.
///
/// # Errors
///
/// The file cannot be read, or a newer version wrote one of its frames.
pub fn span_of(file: &impl ReadAt, len: u64, times: TimeRange) -> Result<Span, ReadError> {
    let mut walk = Walk::new(file, len);
    let beginning = skip_early(&mut walk, times.since_ns)?;
    walk.go_to(beginning);
    let mut finder = Finder::new(times, beginning);
    while let Some(stretch) = walk.next()? {
        finder.take(&stretch);
        if finder.is_done() {
            finder.end = len;
            break;
        }
    }
    Ok(finder.span(len))
}

/// Looks at one stretch after the other.
#[derive(Debug)]
struct Finder {
    times: TimeRange,
    header: Option<u64>,
    /// Where reading would begin if the next stretch were in the range.
    beginning: u64,
    /// The header and the place where reading begins.
    start: Option<(Option<u64>, u64)>,
    end: u64,
}

impl Finder {
    /// Begins at a frame of a file with one header, which is at its start.
    fn new(times: TimeRange, beginning: u64) -> Self {
        Self {
            times,
            header: (beginning > 0).then_some(0),
            beginning,
            start: None,
            end: 0,
        }
    }

    fn take(&mut self, stretch: &Stretch) {
        if let Some(entry) = &stretch.entry {
            self.note_beginning(entry, stretch.offset);
        }
        if self.start.is_none() && self.has_late_times(stretch) {
            self.start = Some((self.header, self.beginning));
        }
        if self.has_early_times(stretch) {
            self.end = stretch.end;
        }
    }

    /// Whether the rest is in the range, whatever it is.
    fn is_done(&self) -> bool {
        self.start.is_some() && self.times.until_ns == i64::MAX
    }

    fn note_beginning(&mut self, entry: &IndexEntry, offset: u64) {
        if entry.flags.has(FrameFlags::HEADER) {
            self.header = Some(offset);
        }
        if entry.flags.is_beginning() {
            self.beginning = offset;
        }
    }

    fn has_late_times(&self, stretch: &Stretch) -> bool {
        let entry = stretch.entry.as_ref();
        entry.is_none_or(|entry| entry.last_ns >= self.times.since_ns)
    }

    fn has_early_times(&self, stretch: &Stretch) -> bool {
        let entry = stretch.entry.as_ref();
        entry.is_none_or(|entry| entry.first_ns <= self.times.until_ns)
    }

    fn span(&self, len: u64) -> Span {
        let (header, start) = self.start.unwrap_or((None, len));
        Span {
            header: header.filter(|offset| *offset < start),
            start,
            end: self.end.max(start),
        }
    }
}
