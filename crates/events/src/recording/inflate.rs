//! Decompresses zstd frames, with memory that grows with the text and not with a claim.

use std::fmt;

use zstd::zstd_safe::DCtx;
use zstd::zstd_safe::InBuffer;
use zstd::zstd_safe::OutBuffer;
use zstd::zstd_safe::ResetDirective;

/// The least room for text in a step: the most that a block of zstd gives.
const STEP: usize = 128 << 10;

/// Decompresses one frame at a time.
pub(super) struct Inflate(DCtx<'static>);

/// Why [`Inflate::run`] stopped, and how many bytes of its input it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The frame is whole, and its checksum is right if it has one.
    AtEnd(usize),
    /// More input is needed.
    Hungry(usize),
    /// There is as much text as was asked for.
    Full(usize),
    /// This is not a frame.
    Damaged,
}

impl Inflate {
    pub(super) fn new() -> Self {
        Self(DCtx::create())
    }

    /// Begins with a new frame.
    pub(super) fn begin(&mut self) {
        // Fails only in the middle of a change of parameters, and there is none.
        let _ = self.0.reset(ResetDirective::SessionOnly);
    }

    /// Appends to `text` what `input` gives, until the text is longer than `limit`.
    pub(super) fn run(&mut self, input: &[u8], text: &mut Vec<u8>, limit: usize) -> Stopped {
        let mut input = InBuffer::around(input);
        loop {
            if text.len() > limit {
                return Stopped::Full(input.pos());
            }
            if text.capacity() == text.len() {
                text.reserve(STEP);
            }
            if let Some(stopped) = self.step(&mut input, text) {
                return stopped;
            }
        }
    }

    fn step(&mut self, input: &mut InBuffer<'_>, text: &mut Vec<u8>) -> Option<Stopped> {
        let len = text.len();
        let mut output = OutBuffer::around_pos(text, len);
        let result = self.0.decompress_stream(&mut output, input);
        let has_room = output.pos() < output.capacity();
        match result {
            Err(_) => Some(Stopped::Damaged),
            Ok(0) => Some(Stopped::AtEnd(input.pos())),
            Ok(_) if has_room && input.pos() == input.src.len() => {
                Some(Stopped::Hungry(input.pos()))
            }
            Ok(_) => None,
        }
    }
}

impl fmt::Debug for Inflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inflate")
    }
}
