//! Goes from index entry to index entry.

use std::io;

use memchr::memmem;

use super::read_at::ReadAt;
use crate::recording::damage::ReadError;
use crate::recording::index::ENTRY_LEN;
use crate::recording::index::ENTRY_MAGIC;
use crate::recording::index::EntryError;
use crate::recording::index::IndexEntry;
use crate::recording::index::MAX_ENTRY_LEN;
use crate::recording::magic::Begins;
use crate::recording::magic::ENOUGH;
use crate::recording::magic::ZSTD_MAGIC;

/// Bytes read at once: a few small frames, and not much more than an entry of a large one.
const NEAR: usize = 1 << 10;

/// Bytes read at once to find the next entry in a good file.
const NEXT: usize = 32 << 10;

/// Bytes read at once while searching behind damage.
const FAR: usize = 256 << 10;

/// A part of a file: a frame with its index entry, or bytes of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) offset: u64,
    pub(super) end: u64,
    pub(super) entry: Option<IndexEntry>,
}

/// The stretches of a file, in its order.
pub(super) struct Walk<'a, F> {
    file: &'a F,
    len: u64,
    offset: u64,
    /// Behind the last good index entry: its frame may be cut, and hide others.
    behind_entry: u64,
    buffer: Vec<u8>,
    buffer_offset: u64,
}

impl<'a, F: ReadAt> Walk<'a, F> {
    pub(super) fn new(file: &'a F, len: u64) -> Self {
        Self {
            file,
            len,
            offset: 0,
            behind_entry: 0,
            buffer: Vec::with_capacity(FAR),
            buffer_offset: 0,
        }
    }

    /// Goes to a frame.
    pub(super) fn go_to(&mut self, offset: u64) {
        self.offset = offset;
        self.behind_entry = offset;
    }

    /// The length of the file.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The first good entry from an offset on, before an end.
    pub(super) fn entry_from(
        &mut self,
        mut from: u64,
        end: u64,
    ) -> Result<Option<(u64, IndexEntry)>, ReadError> {
        while from < end
            && let Some(found) = self.find_magic(from, NEXT)?
        {
            if let Some(entry) = self.entry(found)? {
                return Ok(Some((found, entry)).filter(|_| found < end));
            }
            from = found + 1;
        }
        Ok(None)
    }

    pub(super) fn next(&mut self) -> Result<Option<Stretch>, ReadError> {
        if self.offset >= self.len {
            return Ok(None);
        }
        if self.offset == 0 && self.has_no_entries()? {
            return Ok(Some(self.pass(self.len, None)));
        }
        match self.entry(self.offset)? {
            Some(entry) => Ok(Some(self.pass_frame(entry))),
            None => self.pass_unknown().map(Some),
        }
    }

    /// Lines, or a frame that another program made of them.
    fn has_no_entries(&mut self) -> io::Result<bool> {
        let bytes = self.bytes(0, ENOUGH, NEAR)?;
        Ok(bytes.starts_with(b"{\"") || bytes.starts_with(&ZSTD_MAGIC))
    }

    fn pass_frame(&mut self, entry: IndexEntry) -> Stretch {
        self.behind_entry = self.offset + ENTRY_LEN as u64;
        let end = self.offset + entry.whole_len();
        self.pass(end.min(self.len), Some(entry))
    }

    /// Goes to the next good entry. The search begins behind the last one.
    fn pass_unknown(&mut self) -> Result<Stretch, ReadError> {
        self.offset = self.behind_entry;
        let mut from = self.offset;
        while let Some(found) = self.find_magic(from, FAR)? {
            if self.entry(found)?.is_some() {
                return Ok(self.pass(found, None));
            }
            from = found + 1;
        }
        Ok(self.pass(self.len, None))
    }

    fn pass(&mut self, end: u64, entry: Option<IndexEntry>) -> Stretch {
        let offset = self.offset;
        self.offset = end;
        Stretch { offset, end, entry }
    }

    /// The entry at this offset, if a good one is there.
    pub(super) fn entry(&mut self, offset: u64) -> Result<Option<IndexEntry>, ReadError> {
        let Begins::Entry(len) = Begins::of(self.bytes(offset, ENOUGH, NEAR)?) else {
            return Ok(None);
        };
        if len > MAX_ENTRY_LEN {
            return Ok(None);
        }
        match IndexEntry::decode(self.bytes(offset, len, NEAR)?) {
            Ok(entry) => Ok(Some(entry)),
            Err(EntryError::Damaged) => Ok(None),
            Err(EntryError::Newer(version)) => Err(ReadError::Newer {
                version: version.into(),
                offset,
            }),
        }
    }

    fn find_magic(&mut self, mut from: u64, step: usize) -> io::Result<Option<u64>> {
        let finder = memmem::Finder::new(&ENTRY_MAGIC);
        while from < self.len {
            let bytes = self.bytes(from, step, step)?;
            if let Some(at) = finder.find(bytes) {
                return Ok(Some(from + at as u64));
            }
            // A magic can begin in the last three bytes.
            let done = bytes.len().saturating_sub(ENTRY_MAGIC.len() - 1).max(1);
            from += done as u64;
        }
        Ok(None)
    }

    /// At most `len` bytes from this offset on. Fewer at the end. Reads `ahead` bytes at once.
    fn bytes(&mut self, offset: u64, len: usize, ahead: usize) -> io::Result<&[u8]> {
        let end = self.buffer_offset + self.buffer.len() as u64;
        let is_there = self.buffer_offset <= offset && offset + len as u64 <= end;
        if !is_there {
            self.read(offset, len.max(ahead))?;
        }
        let start = (offset - self.buffer_offset) as usize;
        let end = self.buffer.len().min(start + len);
        Ok(&self.buffer[start..end])
    }

    fn read(&mut self, offset: u64, len: usize) -> io::Result<()> {
        let rest = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.buffer.resize(len.min(rest), 0);
        self.buffer_offset = offset;
        let mut filled = 0;
        while filled < self.buffer.len() {
            let place = offset + filled as u64;
            match self.file.read_at(&mut self.buffer[filled..], place) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.truncate(filled);
        Ok(())
    }
}
