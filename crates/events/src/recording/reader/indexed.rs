//! Frames with an index entry.

use std::io::Read;

use super::Found;
use super::FrameReader;
use super::State;
use crate::recording::damage::DamageKind;
use crate::recording::damage::ReadError;
use crate::recording::index::ENTRY_LEN;
use crate::recording::index::EntryError;
use crate::recording::index::IndexEntry;
use crate::recording::index::MAX_ENTRY_LEN;
use crate::recording::inflate::Stopped;
use crate::recording::magic::is_verifiable;

/// Room for text that is made before it arrives. A frame has more only if one of its lines is long.
const ROOM: usize = 1 << 20;

impl<R: Read> FrameReader<R> {
    /// Reads an index entry of this length, and its frame.
    pub(super) fn indexed(&mut self, len: usize) -> Result<Option<Found>, ReadError> {
        if len > MAX_ENTRY_LEN {
            return self.resync(1, DamageKind::IndexEntry);
        }
        if !self.input.fill(len)? {
            return self.resync(1, DamageKind::Cut);
        }
        match IndexEntry::decode(&self.input.window()[..len]) {
            Ok(entry) => self.frame(entry),
            Err(EntryError::Damaged) => self.resync(1, DamageKind::IndexEntry),
            Err(EntryError::Newer(version)) => Err(ReadError::Newer {
                version: version.into(),
                offset: self.input.offset(),
            }),
        }
    }

    fn frame(&mut self, entry: IndexEntry) -> Result<Option<Found>, ReadError> {
        if let Some(cut) = self.cut_line() {
            return Ok(Some(cut));
        }
        let whole = ENTRY_LEN + entry.compressed_len as usize;
        if !self.input.fill(whole)? {
            return self.resync(ENTRY_LEN, DamageKind::Cut);
        }
        if !self.decompress(&entry, whole) {
            return self.resync(ENTRY_LEN, DamageKind::Frame);
        }
        let offset = self.input.offset();
        self.input.consume(whole);
        self.state = State::Boundary;
        self.attempts = 0;
        Ok(self.hand_out(Some(entry), offset))
    }

    /// False if anything but the frame that the entry announces is there.
    fn decompress(&mut self, entry: &IndexEntry, whole: usize) -> bool {
        let frame = &self.input.window()[ENTRY_LEN..whole];
        let text_len = entry.text_len as usize;
        self.text.reserve(text_len.min(ROOM));
        self.inflate.begin();
        let stopped = self.inflate.run(frame, &mut self.text, text_len);
        is_verifiable(frame)
            && stopped == Stopped::AtEnd(frame.len())
            && self.text.len() == text_len
            && self.text.last().is_none_or(|byte| *byte == b'\n')
    }
}
