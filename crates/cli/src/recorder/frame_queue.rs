//! Frames: the one that is filled, and those that wait to be written.

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use execsnoop_clikit::message;
use execsnoop_events::recording::FrameFlags;
use execsnoop_events::recording::FrameWriter;
use execsnoop_events::recording::StreamId;
use jiff::Timestamp;

/// A frame that waits to be written.
#[derive(Debug)]
pub struct ReadyFrame {
    /// Its index entry and its text.
    pub bytes: Vec<u8>,
    /// What is in it.
    pub counts: FrameCounts,
    /// It is the first of its file.
    pub begins_file: bool,
}

/// What is in frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// Lines.
    pub records: u64,
    /// The events that the account counts.
    pub events: u64,
}

/// Frames in order.
#[derive(Debug)]
pub struct FrameQueue {
    writer: FrameWriter,
    /// The frame that is filled: when its first line came, what is in it, and how it is marked.
    begun: Option<Instant>,
    counts: FrameCounts,
    flags: FrameFlags,
    begins_file: bool,
    ready: VecDeque<ReadyFrame>,
    /// The bytes of all frames that were ever ready.
    bytes: u64,
}

impl FrameQueue {
    /// The frames of a new stream.
    pub fn new(stream: StreamId) -> Self {
        Self {
            writer: FrameWriter::new(stream),
            begun: None,
            counts: FrameCounts::default(),
            flags: FrameFlags::NONE,
            begins_file: false,
            ready: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Whether the next line is the first of its frame.
    pub fn is_at_beginning(&self) -> bool {
        self.writer.is_empty()
    }

    /// Says what a reader can do with the frame that is filled.
    pub fn mark(&mut self, flags: FrameFlags, begins_file: bool) {
        self.flags = flags;
        self.begins_file = begins_file;
    }

    /// Appends a line that the account counts so often.
    pub fn append(&mut self, time: Timestamp, events: u64, write: impl FnOnce(&mut Vec<u8>)) {
        write(self.writer.text());
        let time_ns = i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX);
        self.writer.note(time_ns);
        self.counts.records += 1;
        self.counts.events += events;
        self.begun.get_or_insert_with(Instant::now);
    }

    /// Ends the frame if it is full.
    pub fn end_full(&mut self) {
        if self.writer.is_full() {
            self.end();
        }
    }

    /// Ends the frame if its first line is older than this.
    pub fn end_aged(&mut self, age: Duration) {
        if self.begun.is_some_and(|begun| begun.elapsed() >= age) {
            self.end();
        }
    }

    /// Ends the frame, unless nothing is in it.
    pub fn end(&mut self) {
        if self.writer.is_empty() {
            return;
        }
        self.begun = None;
        let counts = std::mem::take(&mut self.counts);
        let begins_file = std::mem::take(&mut self.begins_file);
        let flags = std::mem::replace(&mut self.flags, FrameFlags::NONE);
        match self.writer.finish(flags) {
            Ok(frame) => {
                self.bytes += frame.len() as u64;
                self.ready.push_back(ReadyFrame {
                    bytes: frame.to_vec(),
                    counts,
                    begins_file,
                });
            }
            Err(error) => message(format_args!("{} events are lost: {error}", counts.events)),
        }
    }

    /// The frame that is to be written next.
    pub fn next(&mut self) -> Option<&mut ReadyFrame> {
        self.ready.front_mut()
    }

    /// That frame is written.
    pub fn remove_next(&mut self) {
        self.ready.pop_front();
    }

    /// Drops everything, and returns it. What is in the frame that is filled becomes one of them.
    pub fn take_all(&mut self) -> VecDeque<ReadyFrame> {
        self.end();
        std::mem::take(&mut self.ready)
    }

    /// The bytes of all frames that were ever ready.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The bytes of frames that wait to be written.
    pub fn pending_bytes(&self) -> usize {
        self.ready.iter().map(|frame| frame.bytes.len()).sum()
    }
}
