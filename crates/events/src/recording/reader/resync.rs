//! The search for the next good frame after damage.

use std::io::Read;

use memchr::memchr;
use memchr::memchr2_iter;

use super::Found;
use super::FrameReader;
use super::State;
use crate::recording::damage::Damage;
use crate::recording::damage::DamageKind;
use crate::recording::damage::ReadError;
use crate::recording::index::ENTRY_MAGIC;
use crate::recording::index::EntryError;
use crate::recording::index::IndexEntry;
use crate::recording::index::MAX_COMPRESSED;
use crate::recording::index::MAX_ENTRY_LEN;
use crate::recording::index::MAX_TEXT;
use crate::recording::inflate::Stopped;
use crate::recording::magic::Begins;
use crate::recording::magic::ENOUGH;
use crate::recording::magic::ZSTD_MAGIC;
use crate::recording::magic::is_verifiable;

/// Tries to decompress what looks like a frame without an index entry, from one good frame to the
/// next. By chance its magic is in one of 4 billion places; more tries would help only an input
/// that was made to keep the reader busy.
const MAX_ATTEMPTS: u32 = 16;

/// What every record begins with.
const LINE_START: &[u8] = b"{\"type\":";

impl<R: Read> FrameReader<R> {
    /// Goes from a bad place to the next good frame, or to the end, and reports the bytes between.
    /// The search begins `skipped` bytes behind the bad place.
    pub(super) fn resync(
        &mut self,
        skipped: usize,
        what: DamageKind,
    ) -> Result<Option<Found>, ReadError> {
        let offset = self.input.offset();
        self.text.clear();
        self.state = State::Boundary;
        self.input.consume(skipped.min(self.input.window().len()));
        while self.next_candidate()? && !self.is_good_frame()? {
            self.input.consume(1);
        }
        Ok(Some(Found::Damage(Damage {
            offset,
            length: self.input.offset() - offset,
            what,
        })))
    }

    /// Moves to the next place that begins like a frame. False at the end of the input.
    fn next_candidate(&mut self) -> Result<bool, ReadError> {
        loop {
            let window = self.input.window();
            if let Some(at) = find_magic(window) {
                self.input.consume(at);
                return Ok(true);
            }
            // A magic can begin in the last three bytes.
            let done = window.len().saturating_sub(ENTRY_MAGIC.len() - 1);
            self.input.consume(done);
            if !self.input.fill(ENTRY_MAGIC.len())? {
                let rest = self.input.window().len();
                self.input.consume(rest);
                return Ok(false);
            }
        }
    }

    fn is_good_frame(&mut self) -> Result<bool, ReadError> {
        self.input.fill(ENOUGH)?;
        match Begins::of(self.input.window()) {
            Begins::Entry(len) => self.is_good_entry(len),
            Begins::Zstd => self.is_good_zstd(),
            Begins::Skippable(_) | Begins::Unknown => Ok(false),
        }
    }

    /// Whether there is an entry with a good CRC. One of a newer version is good, too: the reader
    /// has to stop there.
    fn is_good_entry(&mut self, len: usize) -> Result<bool, ReadError> {
        if len > MAX_ENTRY_LEN || !self.input.fill(len)? {
            return Ok(false);
        }
        let entry = IndexEntry::decode(&self.input.window()[..len]);
        Ok(!matches!(entry, Err(EntryError::Damaged)))
    }

    /// Whether there is a whole frame with a good checksum. Its text is kept.
    fn is_good_zstd(&mut self) -> Result<bool, ReadError> {
        if !is_verifiable(self.input.window()) || self.attempts >= MAX_ATTEMPTS {
            return Ok(false);
        }
        self.attempts += 1;
        let Some(len) = self.decompress_whole()? else {
            self.text.clear();
            return Ok(false);
        };
        self.drop_cut_beginning();
        self.state = State::Found { len };
        Ok(true)
    }

    /// Decompresses a whole frame, and returns its length.
    fn decompress_whole(&mut self) -> Result<Option<usize>, ReadError> {
        let mut taken = 0;
        self.inflate.begin();
        while taken <= MAX_COMPRESSED {
            let window = &self.input.window()[taken..];
            match self.inflate.run(window, &mut self.text, MAX_TEXT) {
                Stopped::AtEnd(len) => return Ok(Some(taken + len)),
                Stopped::Hungry(len) if self.input.fill(taken + len + 1)? => taken += len,
                Stopped::Hungry(_) | Stopped::Full(_) | Stopped::Damaged => return Ok(None),
            }
        }
        Ok(None)
    }

    /// A frame of another program can begin in the middle of a line, whose beginning is lost.
    fn drop_cut_beginning(&mut self) {
        if !self.text.starts_with(LINE_START) {
            let end = memchr(b'\n', &self.text).map_or(self.text.len(), |at| at + 1);
            self.text.drain(..end);
        }
    }
}

/// Where the next magic of an index entry or a zstd frame is.
fn find_magic(window: &[u8]) -> Option<usize> {
    let places = memchr2_iter(ENTRY_MAGIC[0], ZSTD_MAGIC[0], window);
    let is_magic = |at: &usize| {
        let bytes = &window[*at..];
        bytes.starts_with(&ENTRY_MAGIC) || bytes.starts_with(&ZSTD_MAGIC)
    };
    places.into_iter().find(is_magic)
}
