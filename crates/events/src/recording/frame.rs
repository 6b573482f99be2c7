//! Writes frames.

use std::fmt;

use zstd::zstd_safe::CCtx;
use zstd::zstd_safe::CParameter;
use zstd::zstd_safe::InBuffer;
use zstd::zstd_safe::OutBuffer;
use zstd::zstd_safe::ResetDirective;
use zstd::zstd_safe::compress_bound;
use zstd::zstd_safe::get_error_name;
use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective;

use super::index::ENTRY_LEN;
use super::index::FrameFlags;
use super::index::IndexEntry;
use super::index::MAX_TEXT;
use super::index::StreamId;

/// A frame is full with this much text, in bytes.
const FULL: usize = 64 << 10;

/// Buffers that grew beyond this, for a long line, are given back.
const KEPT: usize = 1 << 20;

/// How well frames are compressed by default: as fast as possible.
const LEVEL: i32 = 1;

/// Collects lines, and makes frames of them. Its buffers are used again for each frame.
pub struct FrameWriter {
    context: CCtx<'static>,
    text: Vec<u8>,
    frame: Vec<u8>,
    next: IndexEntry,
    /// Where the last header or checkpoint is, in the bytes since the last header.
    beginning: Option<u64>,
}

impl FrameWriter {
    /// Begins a stream.
    pub fn new(stream: StreamId) -> Self {
        Self {
            context: CCtx::create(),
            text: Vec::new(),
            frame: Vec::new(),
            next: empty_entry(stream),
            beginning: None,
        }
        .with_level(LEVEL)
    }

    /// Compresses with this level of zstd: 1 is fast, 19 is small. zstd limits it to what it has.
    pub fn with_level(mut self, level: i32) -> Self {
        let wanted = [
            CParameter::CompressionLevel(level),
            CParameter::ChecksumFlag(true),
            CParameter::ContentSizeFlag(true),
        ];
        for parameter in wanted {
            // These three have no value that zstd refuses.
            let _ = self.context.set_parameter(parameter);
        }
        self
    }

    /// The text of the frame. Lines are appended to it, each with its newline.
    pub fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Counts a record that was appended, and its time in ns since 1970.
    pub fn note(&mut self, time_ns: i64) {
        self.next.records += 1;
        self.next.first_ns = self.next.first_ns.min(time_ns);
        self.next.last_ns = self.next.last_ns.max(time_ns);
        self.next.latest_ns = self.next.latest_ns.max(time_ns);
    }

    /// Whether the frame has enough text to be finished.
    pub fn is_full(&self) -> bool {
        self.text.len() >= FULL
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The number of records in the frame.
    pub fn records(&self) -> u32 {
        self.next.records
    }

    /// The sequence number of the frame. Each frame takes one, also if it is never written.
    pub fn sequence(&self) -> u64 {
        self.next.sequence
    }

    /// Ends the frame: its index entry and its compressed text, in one piece. The next one begins.
    ///
    /// # Errors
    ///
    /// The text is too long or cannot be compressed. It is dropped.
    pub fn finish(&mut self, flags: FrameFlags) -> Result<&[u8], FrameError> {
        let result = self.compress(flags);
        let whole = result.map_or(0, |()| self.frame.len() as u64);
        self.next = IndexEntry {
            sequence: self.next.sequence + 1,
            latest_ns: self.next.latest_ns,
            position: self.next.position + whole,
            ..empty_entry(self.next.stream)
        };
        self.text.clear();
        self.text.shrink_to(KEPT);
        result.map(|()| self.frame.as_slice())
    }

    fn compress(&mut self, flags: FrameFlags) -> Result<(), FrameError> {
        debug_assert!(
            self.text.last().is_none_or(|byte| *byte == b'\n'),
            "a line has no end"
        );
        if self.text.len() > MAX_TEXT {
            return Err(FrameError::TooLong(self.text.len()));
        }
        self.prepare_buffer();
        self.compress_text()
            .map_err(|code| FrameError::Zstd(get_error_name(code)))?;
        self.note_place(flags);
        let entry = IndexEntry {
            flags,
            compressed_len: (self.frame.len() - ENTRY_LEN) as u32,
            text_len: self.text.len() as u32,
            ..self.next
        };
        self.frame[..ENTRY_LEN].copy_from_slice(&entry.encode());
        Ok(())
    }

    fn note_place(&mut self, flags: FrameFlags) {
        if flags.has(FrameFlags::HEADER) {
            self.next.position = 0;
        }
        if flags.is_beginning() {
            self.beginning = Some(self.next.position);
        }
        let back = self.beginning.map(|place| self.next.position - place);
        let back = back.and_then(|back| u32::try_from(back).ok());
        self.next.back = back.unwrap_or(u32::MAX);
    }

    /// Space for the index entry, and room for whatever zstd makes of the text.
    fn prepare_buffer(&mut self) {
        self.frame.clear();
        self.frame.shrink_to(KEPT);
        self.frame
            .reserve(ENTRY_LEN + compress_bound(self.text.len()));
        self.frame.resize(ENTRY_LEN, 0);
    }

    fn compress_text(&mut self) -> Result<(), usize> {
        self.context.reset(ResetDirective::SessionOnly)?;
        self.context
            .set_pledged_src_size(Some(self.text.len() as u64))?;
        let mut input = InBuffer::around(&self.text);
        let mut output = OutBuffer::around_pos(&mut self.frame, ENTRY_LEN);
        let end = ZSTD_EndDirective::ZSTD_e_end;
        // There is room for all of it, so this is one round.
        while self
            .context
            .compress_stream2(&mut output, &mut input, end)?
            > 0
        {}
        Ok(())
    }
}

impl fmt::Debug for FrameWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("FrameWriter");
        debug
            .field("text_len", &self.text.len())
            .field("next", &self.next);
        debug.finish_non_exhaustive()
    }
}

fn empty_entry(stream: StreamId) -> IndexEntry {
    IndexEntry {
        flags: FrameFlags::NONE,
        records: 0,
        sequence: 0,
        first_ns: i64::MAX,
        last_ns: i64::MIN,
        compressed_len: 0,
        text_len: 0,
        stream,
        latest_ns: i64::MIN,
        position: 0,
        back: u32::MAX,
    }
}

/// A frame could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The text is longer than a reader accepts.
    #[error("a frame of {0} bytes is longer than {MAX_TEXT}")]
    TooLong(usize),
    /// zstd failed.
    #[error("cannot compress a frame: {0}")]
    Zstd(&'static str),
}
