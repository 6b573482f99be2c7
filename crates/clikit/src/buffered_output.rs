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
    /// The events in the buffer.
    events: Events,
    target: OutputTarget,
}

/// Entries of the buffer, each of which stands for some events.
#[derive(Debug, Default)]
struct Events {
    /// Where each entry ends, and for how many events it stands.
    ends: Vec<(usize, u64)>,
    /// How many entries are written.
    written: usize,
    /// The events of written entries that were not asked for yet.
    not_taken: u64,
}

/// What was given up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Discarded {
    /// Lines.
    pub lines: u64,
    /// Events, if parts of them are not written.
    pub events: u64,
}

impl BufferedOutput {
    /// An empty buffer for this target.
    pub fn new(target: OutputTarget) -> Self {
        Self {
            buffer: Vec::new(),
            written: 0,
            events: Events::default(),
            target,
        }
    }

    /// What was formatted and not written yet. Append to it.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Says that what was appended until now is what each file begins with, if there are several.
    pub fn end_header(&mut self) {
        self.target.set_header(&self.buffer);
    }

    /// Says that what was appended last stands for this many events.
    pub fn end_events(&mut self, count: u64) {
        self.events.ends.push((self.buffer.len(), count));
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
            self.events.count_written(self.written);
        }
        let all = self.written == self.buffer.len();
        if all {
            self.clear();
        }
        Ok(all)
    }

    /// The events that were written since the last call.
    pub fn take_written(&mut self) -> u64 {
        std::mem::take(&mut self.events.not_taken)
    }

    /// Forgets what is not written, and says how much that is. A line of which only a part is
    /// written counts.
    pub fn discard(&mut self) -> Discarded {
        let rest = &self.buffer[self.written..];
        let events = &self.events.ends[self.events.written..];
        let discarded = Discarded {
            lines: rest.iter().filter(|byte| **byte == b'\n').count() as u64,
            events: events.iter().map(|(_, count)| count).sum(),
        };
        self.clear();
        discarded
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.written = 0;
        self.events.ends.clear();
        self.events.written = 0;
    }

    /// How many bytes wait to be written.
    pub fn pending_bytes(&self) -> usize {
        self.buffer.len() - self.written
    }
}

impl Events {
    /// Counts the entries that end before this position.
    fn count_written(&mut self, position: usize) {
        let left = self.ends[self.written..].iter();
        for (_, count) in left.take_while(|(end, _)| *end <= position) {
            self.written += 1;
            self.not_taken += count;
        }
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

    /// A line counts when it is written whole.
    #[test]
    fn counts_whole_lines() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let target = OutputTarget::stream(&writer).expect("a stream");
        let mut output = BufferedOutput::new(target);
        for length in [10, 20, 1_000_000, 30] {
            let line = "x".repeat(length) + "\n";
            output.buffer().extend_from_slice(line.as_bytes());
            output.end_events(length as u64);
        }
        assert!(!output.flush(Duration::ZERO).expect("partly written"));
        assert_eq!(output.take_written(), 30);
        assert_eq!(output.take_written(), 0);
        let (lines, events) = (2, 1_000_030);
        assert_eq!(output.discard(), Discarded { lines, events });
        assert_eq!(output.discard(), Discarded::default());
        assert_eq!(output.pending_bytes(), 0);
        drop(reader);
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
