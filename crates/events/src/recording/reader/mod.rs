//! Reads frames, whole ones among damaged ones.

mod foreign;
mod indexed;
mod plain;
mod resync;
#[cfg(test)]
mod tests;

use std::io::Read;

use memchr::memrchr;

use super::damage::Damage;
use super::damage::DamageKind;
use super::damage::ReadError;
use super::index::IndexEntry;
use super::inflate::Inflate;
use super::input::Input;
use super::magic::Begins;
use super::magic::ENOUGH;
use super::magic::is_cut_magic;

/// A buffer that grew beyond this, for a long line, is given back.
const KEPT: usize = 8 << 20;

/// Hands out the text of a recording in its order, and says what is damaged.
///
/// The input is one or more recordings behind each other, zstd frames that another program made of
/// the lines, or the lines themselves. After damage, reading goes on at the next good frame.
///
/// A frame with an index entry is handed out only if all of it is good. So is a frame without one,
/// unless its text is longer than 4 MiB: then its lines are handed out as they come.
#[derive(Debug)]
pub struct FrameReader<R> {
    input: Input<R>,
    inflate: Inflate,
    /// What was decompressed, from the lines that were handed out last.
    text: Vec<u8>,
    /// The bytes of `text` that were handed out.
    handed_out: usize,
    state: State,
    /// Tries to read a frame without an index entry since the last good one.
    attempts: u32,
}

/// A part of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Lines.
    Frame(Frame<'a>),
    /// Bytes that gave no lines.
    Damage(Damage),
}

/// The lines of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the index entry says. Text without an entry can be a part of a frame.
    pub index: Option<IndexEntry>,
    /// Where the frame or its part begins, in bytes from the start of the input.
    pub offset: u64,
    /// Whole lines, each with its newline.
    pub text: &'a [u8],
}

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of the input.
    Start,
    /// Before a frame.
    Boundary,
    /// In a frame without an index entry. This much of the window is decompressed.
    Foreign { taken: usize },
    /// Before a frame of this length, whose text is there already.
    Found { len: usize },
    /// Among lines that are not compressed.
    Plain,
    /// In a line that is too long, which began at this offset.
    PlainSkip { from: u64 },
    /// Nothing is left.
    Ended,
}

/// A [`Part`] whose text is still in the reader.
#[derive(Debug, Clone, Copy)]
enum Found {
    Frame {
        index: Option<IndexEntry>,
        offset: u64,
    },
    Damage(Damage),
}

impl<R: Read> FrameReader<R> {
    /// Reads from the start of an input.
    pub fn new(input: R) -> Self {
        Self::at(input, 0)
    }

    /// Reads an input that begins at this offset of a larger one. Offsets count from its start.
    pub fn at(input: R, offset: u64) -> Self {
        Self {
            input: Input::new(input, offset),
            inflate: Inflate::new(),
            text: Vec::new(),
            handed_out: 0,
            state: State::Start,
            attempts: 0,
        }
    }

    /// How much of the input is read, in bytes from its start.
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// The next part, or `None` at the end.
    ///
    /// # Errors
    ///
    /// The input cannot be read, or a newer version wrote the next frame.
    #[expect(
        clippy::should_implement_trait,
        reason = "a part borrows from the reader"
    )]
    pub fn next(&mut self) -> Result<Option<Part<'_>>, ReadError> {
        self.text.drain(..self.handed_out);
        self.text.shrink_to(KEPT);
        self.handed_out = 0;
        let found = self.search()?;
        Ok(found.map(|found| match found {
            Found::Damage(damage) => Part::Damage(damage),
            Found::Frame { index, offset } => Part::Frame(Frame {
                index,
                offset,
                text: &self.text[..self.handed_out],
            }),
        }))
    }

    fn search(&mut self) -> Result<Option<Found>, ReadError> {
        while self.state != State::Ended {
            let found = match self.state {
                State::Start => self.start()?,
                State::Boundary => self.boundary()?,
                State::Foreign { taken } => self.foreign(taken)?,
                State::Found { len } => self.unindexed(len),
                State::Plain => self.plain()?,
                State::PlainSkip { from } => self.skip_line(from)?,
                State::Ended => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Lines begin like an object. Nothing else in a recording does.
    fn start(&mut self) -> Result<Option<Found>, ReadError> {
        self.input.fill(2)?;
        self.state = match self.input.window().starts_with(b"{\"") {
            true => State::Plain,
            false => State::Boundary,
        };
        Ok(None)
    }

    fn boundary(&mut self) -> Result<Option<Found>, ReadError> {
        self.input.fill(ENOUGH)?;
        let window = self.input.window();
        if window.is_empty() {
            self.state = State::Ended;
            return Ok(self.cut_line());
        }
        match Begins::of(window) {
            Begins::Entry(len) => self.indexed(len),
            Begins::Zstd => Ok(self.begin_foreign()),
            Begins::Skippable(len) => self.skip(len),
            Begins::Unknown if is_cut_magic(window) => self.resync(1, DamageKind::Cut),
            Begins::Unknown => self.resync(1, DamageKind::Unknown),
        }
    }

    /// Hands out the whole lines of `text`. What follows them stays.
    fn hand_out(&mut self, index: Option<IndexEntry>, offset: u64) -> Option<Found> {
        self.hand_out_from(0, index, offset)
    }

    /// The same, if there is no newline before this place in `text`.
    fn hand_out_from(
        &mut self,
        start: usize,
        index: Option<IndexEntry>,
        offset: u64,
    ) -> Option<Found> {
        let end = memrchr(b'\n', &self.text[start..]);
        self.handed_out = end.map_or(0, |at| start + at + 1);
        (self.handed_out > 0).then_some(Found::Frame { index, offset })
    }

    /// Reports the beginning of a line that no frame continues.
    fn cut_line(&mut self) -> Option<Found> {
        let is_cut = !self.text.is_empty();
        self.text.clear();
        let damage = Damage {
            offset: self.input.offset(),
            length: 0,
            what: DamageKind::CutLine,
        };
        is_cut.then_some(Found::Damage(damage))
    }
}
