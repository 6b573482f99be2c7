//! Lines that are not compressed.

use std::io::Read;

use memchr::memchr;

use super::Found;
use super::FrameReader;
use super::State;
use crate::recording::damage::Damage;
use crate::recording::damage::DamageKind;
use crate::recording::damage::ReadError;
use crate::recording::index::MAX_TEXT;

impl<R: Read> FrameReader<R> {
    /// Hands out the whole lines of what arrives.
    pub(super) fn plain(&mut self) -> Result<Option<Found>, ReadError> {
        let offset = self.input.offset() - self.text.len() as u64;
        if self.text.len() > MAX_TEXT {
            self.text.clear();
            self.state = State::PlainSkip { from: offset };
            return Ok(None);
        }
        if !self.input.fill(1)? {
            self.state = State::Ended;
            return Ok(self.plain_damage(offset, DamageKind::CutLine));
        }
        let window = self.input.window();
        let (len, old) = (window.len(), self.text.len());
        self.text.extend_from_slice(window);
        self.input.consume(len);
        Ok(self.hand_out_from(old, None, offset))
    }

    /// Goes to the end of a line that is too long.
    pub(super) fn skip_line(&mut self, from: u64) -> Result<Option<Found>, ReadError> {
        let is_ended = !self.input.fill(1)?;
        let window = self.input.window();
        let end = memchr(b'\n', window);
        let len = end.map_or(window.len(), |at| at + 1);
        self.input.consume(len);
        if end.is_none() && !is_ended {
            return Ok(None);
        }
        self.state = State::Plain;
        Ok(self.plain_damage(from, DamageKind::TooLong))
    }

    fn plain_damage(&mut self, offset: u64, what: DamageKind) -> Option<Found> {
        self.text.clear();
        let length = self.input.offset() - offset;
        let damage = Damage {
            offset,
            length,
            what,
        };
        (length > 0).then_some(Found::Damage(damage))
    }
}
