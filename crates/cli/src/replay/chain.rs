//! Files that follow each other, as records.

use std::time::Duration;

use execsnoop_clikit::message;
use execsnoop_events::OwnedEvent;
use execsnoop_events::recording::Decoded;
use execsnoop_events::recording::Decoder;
use execsnoop_events::recording::End;
use execsnoop_events::recording::Header;
use execsnoop_events::recording::HeaderError;
use execsnoop_events::recording::LineError;
use execsnoop_events::recording::Names;
use execsnoop_events::recording::StreamId;
use execsnoop_events::recording::TimeRange;
use jiff::Timestamp;

use crate::recordings::Block;
use crate::recordings::Blocks;
use crate::recordings::Input;
use crate::recordings::Lines;
use crate::recordings::Next;

/// How long a stream is waited for before what was formatted is written.
const PATIENCE: Duration = Duration::from_millis(50);

/// How many lines that are no records are reported.
const REPORTED_LINES: u32 = 10;

/// A sequence of records.
pub struct Chain {
    state: State,
    name: String,
    decoder: Decoder,
    /// What is decoded, and how much of it.
    lines: Option<Lines>,
    at: usize,
    /// The next record, if it was looked at.
    next: Option<Kept>,
    /// The stream and the number of the frame before.
    last_frame: Option<(StreamId, u64)>,
    /// Lines that are no records.
    wrong_lines: u32,
    /// A part is damaged or cannot be read.
    pub is_damaged: bool,
}

/// A chain is only opened when its time comes.
enum State {
    Waiting(Input, TimeRange, Option<Timestamp>),
    Reading(Blocks),
    Ended,
}

/// How a chain answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A record was handed out.
    Record,
    /// Nothing has come yet.
    Nothing,
    /// Nothing will come any more.
    Ended,
}

/// A record that waits for those of other chains.
enum Kept {
    Header(Box<Header>),
    End(Box<End>),
    Event(OwnedEvent, KeptNames),
}

struct KeptNames {
    user: Option<String>,
    group: Option<String>,
}

impl Chain {
    /// The records of an input that a range of times needs. It begins at this time, if that is
    /// known.
    pub fn new(input: Input, times: TimeRange, begins: Option<Timestamp>) -> Self {
        Self {
            name: input.name().to_owned(),
            state: State::Waiting(input, times, begins),
            decoder: Decoder::default(),
            lines: None,
            at: 0,
            next: None,
            last_frame: None,
            wrong_lines: 0,
            is_damaged: false,
        }
    }

    /// The file that is read, for messages.
    pub fn name(&self) -> &str {
        self.lines.as_ref().map_or(&self.name, |lines| &lines.file)
    }

    /// Hands out the next record that says something.
    pub fn take(&mut self, sink: &mut dyn FnMut(Decoded<'_>)) -> Taken {
        if let Some(kept) = self.next.take() {
            kept.lend(sink);
            return Taken::Record;
        }
        loop {
            if self.take_line(sink) {
                return Taken::Record;
            }
            match self.next_lines() {
                Taken::Record => {}
                other => return other,
            }
        }
    }

    /// Hands out the next record of the lines that are there.
    fn take_line(&mut self, sink: &mut dyn FnMut(Decoded<'_>)) -> bool {
        let Some(lines) = &self.lines else {
            return false;
        };
        while let Some(length) = line_length(&lines.text[self.at..]) {
            let line = &lines.text[self.at..self.at + length];
            self.at += length;
            match self.decoder.decode(line) {
                Ok(Decoded::Clock | Decoded::Unknown) => {}
                Ok(record) => {
                    sink(record);
                    return true;
                }
                Err(LineError::Header(error @ HeaderError::Newer { .. })) => {
                    self.is_damaged = true;
                    let file = &lines.file;
                    message(format_args!("{file}: {error}: {}", error.hint()));
                    self.state = State::Ended;
                    self.lines = None;
                    return false;
                }
                Err(error) => {
                    self.is_damaged = true;
                    self.wrong_lines += 1;
                    if self.wrong_lines <= REPORTED_LINES {
                        let (file, offset) = (&lines.file, lines.offset);
                        message(format_args!(
                            "{file}: in the frame at byte {offset}, {error}"
                        ));
                    }
                }
            }
        }
        false
    }

    /// Gets the lines that follow.
    fn next_lines(&mut self) -> Taken {
        let blocks = match &mut self.state {
            State::Ended => return Taken::Ended,
            State::Reading(blocks) => blocks,
            State::Waiting(..) => return self.start(),
        };
        if let Some(lines) = &mut self.lines {
            blocks.give_back(std::mem::take(&mut lines.text));
        }
        self.at = 0;
        match blocks.next(PATIENCE) {
            Next::Block(Block::Lines(lines)) => {
                self.report_gap(&lines);
                self.lines = Some(lines);
            }
            Next::Block(Block::Header(mut lines)) => {
                let length = line_length(&lines.text).unwrap_or(0);
                lines.text.truncate(length);
                self.lines = Some(lines);
            }
            Next::Block(Block::Damage(sentence)) => {
                self.is_damaged = true;
                self.last_frame = None; // what is missing is explained
                message(sentence);
            }
            Next::Failed(error) => {
                self.is_damaged = true;
                message(format_args!("{error:#}"));
            }
            Next::Pending => return Taken::Nothing,
            Next::Ended => {
                self.state = State::Ended;
                return Taken::Ended;
            }
        }
        Taken::Record
    }

    /// Each frame has the next number, also if there was no room for it.
    fn report_gap(&mut self, lines: &Lines) {
        let Some(index) = lines.index else {
            return;
        };
        let last = self.last_frame.replace((index.stream, index.sequence));
        let missing = match last {
            Some((stream, last)) if stream == index.stream => {
                index.sequence.saturating_sub(last).saturating_sub(1)
            }
            _ => 0,
        };
        if missing > 0 {
            self.is_damaged = true;
            let (file, offset) = (&lines.file, lines.offset);
            message(format_args!(
                "{file}: before byte {offset}, {missing} frames are missing: they were not \
                 written (is the disk full?) or removed"
            ));
        }
    }

    fn start(&mut self) -> Taken {
        if let State::Waiting(input, times, _) = std::mem::replace(&mut self.state, State::Ended) {
            self.state = State::Reading(input.read(times));
        }
        Taken::Record
    }

    /// When it begins, if it is not opened yet.
    pub fn begins(&self) -> Option<Timestamp> {
        match &self.state {
            State::Waiting(_, _, begins) => *begins,
            State::Reading(_) | State::Ended => None,
        }
    }

    /// Whether everything that is decoded next was before this time.
    pub fn is_before(&self, time: Timestamp) -> bool {
        let index = self.lines.as_ref().and_then(|lines| lines.index);
        index.is_some_and(|index| i128::from(index.last_ns) < time.as_nanosecond())
    }

    /// When the next record was; `None` at the end.
    pub fn next_time(&mut self) -> Option<Timestamp> {
        if let Some(begins) = self.begins() {
            return Some(begins);
        }
        while self.next.is_none() {
            let mut next = None;
            if self.take(&mut |record| next = Kept::new(record)) == Taken::Ended {
                return None;
            }
            self.next = next;
        }
        self.next.as_ref().map(Kept::time)
    }

    /// How much is read, from 0 to 1; `None` if that is not known.
    pub fn fraction(&self) -> Option<f64> {
        match &self.state {
            State::Waiting(..) => Some(0.0),
            State::Reading(blocks) => blocks.fraction(),
            State::Ended => Some(1.0),
        }
    }
}

/// The length of the first line, with its newline.
fn line_length(text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return None;
    }
    let end = memchr::memchr(b'\n', text);
    Some(end.map_or(text.len(), |end| end + 1))
}

impl Kept {
    fn new(record: Decoded<'_>) -> Option<Self> {
        match record {
            Decoded::Header(header) => Some(Self::Header(header)),
            Decoded::End(end) => Some(Self::End(end)),
            Decoded::Event(event, names) => {
                let kept = KeptNames {
                    user: names.user.map(str::to_owned),
                    group: names.group.map(str::to_owned),
                };
                Some(Self::Event(OwnedEvent::new(&event), kept))
            }
            Decoded::Clock | Decoded::Unknown => None,
        }
    }

    fn time(&self) -> Timestamp {
        match self {
            Self::Header(header) => header.time,
            Self::End(end) => end.time,
            Self::Event(event, _) => event.lend().time,
        }
    }

    fn lend(self, sink: &mut dyn FnMut(Decoded<'_>)) {
        match self {
            Self::Header(header) => sink(Decoded::Header(header)),
            Self::End(end) => sink(Decoded::End(end)),
            Self::Event(event, names) => {
                let names = Names {
                    user: names.user.as_deref(),
                    group: names.group.as_deref(),
                };
                sink(Decoded::Event(event.lend(), names));
            }
        }
    }
}
