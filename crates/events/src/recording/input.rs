//! A window on the input: what was read and is still needed.

use std::io;
use std::io::Read;

/// Bytes asked for at once.
const CHUNK: usize = 128 << 10;

/// The bytes from one place on, read as they are asked for. The memory grows with what arrives,
/// never with what a length in the input claims.
#[derive(Debug)]
pub(super) struct Input<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Where in `buffer` the window begins.
    start: usize,
    /// Where in the input the window begins.
    offset: u64,
}

impl<R: Read> Input<R> {
    pub(super) fn new(reader: R, offset: u64) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            start: 0,
            offset,
        }
    }

    /// Where the window begins, in bytes from the start of the input.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes that are there.
    pub(super) fn window(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Reads until this many bytes are there. False if the input ends before.
    pub(super) fn fill(&mut self, len: usize) -> io::Result<bool> {
        while self.window().len() < len {
            if !self.read_more()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Moves the window forward.
    pub(super) fn consume(&mut self, len: usize) {
        debug_assert!(len <= self.window().len());
        self.start += len;
        self.offset += len as u64;
    }

    fn read_more(&mut self) -> io::Result<bool> {
        self.drop_consumed();
        let old = self.buffer.len();
        self.buffer.resize(old + CHUNK, 0);
        let result = read_once(&mut self.reader, &mut self.buffer[old..]);
        self.buffer.truncate(old + *result.as_ref().unwrap_or(&0));
        result.map(|len| len > 0)
    }

    /// Only when it is at least half, so that each byte is moved once on the average.
    fn drop_consumed(&mut self) {
        if self.start >= self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.buffer.shrink_to(8 * CHUNK);
            self.start = 0;
        }
    }
}

fn read_once(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
