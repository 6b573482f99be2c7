//! Lines that wait until the reader of the output takes them.

use std::io;
use std::time::Duration;

use crate::output_target::OutputTarget;

/// A buffer in front of an [`OutputTarget`]. It is filled, written without blocking, and reused.
#[derive(Debug)]
pub struct BufferedOutput {
    buffer: Vec<u8>,
    /// How much of the buffer is written.
    written: usize,
    target: OutputTarget,
}

impl BufferedOutput {
    /// An empty buffer for this target.
    pub fn new(target: OutputTarget) -> Self {
        Self {
            buffer: Vec::new(),
            written: 0,
            target,
        }
    }

    /// What was formatted and not written yet. Append to it.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Where it is written to.
    pub fn target(&self) -> &OutputTarget {
        &self.target
    }

    /// Writes what can be written without blocking; waits for the reader at most `wait`. Returns
    /// whether everything is written.
    ///
    /// # Errors
    ///
    /// The error of the write. [`io::ErrorKind::BrokenPipe`] means that the reader is gone.
    pub fn flush(&mut self, wait: Duration) -> io::Result<bool> {
        if !self.buffer.is_empty() {
            self.written += self.target.write(&self.buffer[self.written..], wait)?;
        }
        let all = self.written == self.buffer.len();
        if all {
            self.discard();
        }
        Ok(all)
    }

    /// Forgets what is not written.
    pub fn discard(&mut self) {
        self.buffer.clear();
        self.written = 0;
    }

    /// How many bytes wait to be written.
    pub fn pending_bytes(&self) -> usize {
        self.buffer.len() - self.written
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;

    use super::*;

    /// What is appended is written once, and the buffer is empty after that.
    #[test]
    fn writes_everything_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("lines");
        let target = OutputTarget::create(&path).expect("a file");
        let mut output = BufferedOutput::new(target);
        output.buffer().extend_from_slice(b"one\n");
        assert_eq!(output.pending_bytes(), 4);
        assert!(output.flush(Duration::ZERO).expect("written"));
        assert_eq!(output.pending_bytes(), 0);
        assert!(output.flush(Duration::ZERO).expect("nothing to write"));
        assert_eq!(fs::read(&path).expect("the file"), b"one\n");
    }

    /// A pipe takes what it has room for; the rest waits, in order.
    #[test]
    fn waits_for_a_slow_reader() {
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let target = OutputTarget::stream(&writer).expect("a stream");
        drop(writer);
        let mut output = BufferedOutput::new(target);
        let text: Vec<u8> = (0..1_000_000_u32).map(|n| b'a' + (n % 26) as u8).collect();
        output.buffer().extend_from_slice(&text);
        assert!(!output.flush(Duration::ZERO).expect("partly written"));
        let pending = output.pending_bytes();
        assert!(pending > 0 && pending < text.len());
        let reading = std::thread::spawn(move || {
            let mut read = Vec::new();
            reader.read_to_end(&mut read).expect("read");
            read
        });
        while !output.flush(Duration::from_millis(10)).expect("written") {}
        drop(output);
        assert!(reading.join().expect("joined") == text);
    }
}
