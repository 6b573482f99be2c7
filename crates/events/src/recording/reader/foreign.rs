//! zstd frames without an index entry: another program wrote them, or the entry is damaged.

use std::io::Read;

use super::Found;
use super::FrameReader;
use super::State;
use crate::recording::damage::DamageKind;
use crate::recording::damage::ReadError;
use crate::recording::index::MAX_COMPRESSED;
use crate::recording::index::MAX_TEXT;
use crate::recording::inflate::Stopped;
use crate::recording::magic::Begins;
use crate::recording::magic::ENOUGH;

/// Text that is held back until the frame has ended well.
const HELD: usize = 4 << 20;

/// The longest skippable frame that is skipped on its word alone.
const TRUSTED: u64 = 1 << 20;

impl<R: Read> FrameReader<R> {
    pub(super) fn begin_foreign(&mut self) -> Option<Found> {
        self.inflate.begin();
        self.state = State::Foreign { taken: 0 };
        None
    }

    /// Decompresses until the frame ends, or much text is there. The input stays in the window
    /// until its text is handed out, to search in it if the frame turns out to be bad.
    pub(super) fn foreign(&mut self, taken: usize) -> Result<Option<Found>, ReadError> {
        if self.text.len() > MAX_TEXT || taken > MAX_COMPRESSED {
            return self.resync(1, DamageKind::TooLong);
        }
        let window = &self.input.window()[taken..];
        let limit = self.text.len().max(HELD);
        match self.inflate.run(window, &mut self.text, limit) {
            Stopped::AtEnd(len) => Ok(self.hand_out_foreign(taken + len, State::Boundary)),
            Stopped::Full(len) => Ok(self.pass(taken + len)),
            Stopped::Hungry(len) if self.input.fill(taken + len + 1)? => {
                self.state = State::Foreign { taken: taken + len };
                Ok(None)
            }
            Stopped::Hungry(_) => self.resync(1, DamageKind::Cut),
            Stopped::Damaged => self.resync(1, DamageKind::Frame),
        }
    }

    /// Hands out what is there in the middle of a frame, if there is a whole line.
    fn pass(&mut self, taken: usize) -> Option<Found> {
        self.hand_out_foreign(taken, State::Foreign { taken: 0 })
    }

    fn hand_out_foreign(&mut self, taken: usize, then: State) -> Option<Found> {
        let offset = self.input.offset();
        self.input.consume(taken);
        self.state = then;
        self.hand_out(None, offset)
    }

    /// Hands out the text of a frame that the search after damage found, from its first whole line.
    pub(super) fn unindexed(&mut self, len: usize) -> Option<Found> {
        self.attempts = 0;
        self.hand_out_foreign(len, State::Boundary)
    }

    /// Skips a frame that means nothing here. A long one is believed only if something known
    /// follows.
    pub(super) fn skip(&mut self, len: u64) -> Result<Option<Found>, ReadError> {
        if len > TRUSTED {
            return self.resync(1, DamageKind::Unknown);
        }
        let len = len as usize;
        self.input.fill(len + ENOUGH)?;
        let window = self.input.window();
        match window.get(len..) {
            None => return self.resync(1, DamageKind::Cut),
            Some(rest) if rest.is_empty() || Begins::of(rest) != Begins::Unknown => {}
            Some(_) => return self.resync(1, DamageKind::Unknown),
        }
        self.input.consume(len);
        Ok(None)
    }
}
