//! The thread that reads.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;

use anyhow::Context as _;
use anyhow::Error;
use anyhow::anyhow;
use execsnoop_events::recording::Damage;
use execsnoop_events::recording::DamageKind;
use execsnoop_events::recording::Frame;
use execsnoop_events::recording::FrameReader;
use execsnoop_events::recording::Part;
use execsnoop_events::recording::ReadError;
use execsnoop_events::recording::Span;
use execsnoop_events::recording::TimeRange;
use execsnoop_events::recording::span_of;

use super::block::Block;
use super::block::Lines;
use super::block::Progress;
use super::source::Seekable;
use super::source::Source;

/// The caller wants no more.
struct Unwanted;

/// Why a source was not read to its end.
enum Stop {
    Unwanted,
    Failed(Error),
}

impl From<Unwanted> for Stop {
    fn from(_: Unwanted) -> Self {
        Self::Unwanted
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads the sources of an input.
pub(super) struct Reading {
    times: TimeRange,
    blocks: SyncSender<(Progress, anyhow::Result<Block>)>,
    spares: Receiver<Vec<u8>>,
    /// The bytes of the sources before.
    before: u64,
}

impl Reading {
    pub(super) fn new(
        times: TimeRange,
        blocks: SyncSender<(Progress, anyhow::Result<Block>)>,
        spares: Receiver<Vec<u8>>,
    ) -> Self {
        Self {
            times,
            blocks,
            spares,
            before: 0,
        }
    }

    pub(super) fn run(mut self, sources: &[Source]) {
        for source in sources {
            let end = self.before + source.len().unwrap_or(0);
            match self.source(source) {
                Ok(()) => {}
                Err(Stop::Unwanted) => return,
                Err(Stop::Failed(error)) => {
                    if self.send(end, Err(error)).is_err() {
                        return;
                    }
                }
            }
            self.before = end;
        }
    }

    fn source(&self, source: &Source) -> Result<(), Stop> {
        let name: Arc<str> = source.name().into();
        match source {
            Source::Stdin => self.frames(&name, FrameReader::new(io::stdin().lock()), None),
            Source::Stream(path) => {
                let stream = File::open(path).with_context(|| format!("cannot open {name}"))?;
                self.frames(&name, FrameReader::new(stream), None)
            }
            Source::File(path, len) => {
                let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
                self.file(&name, &file, *len)
            }
        }
    }

    fn file(&self, name: &Arc<str>, file: &File, len: u64) -> Result<(), Stop> {
        let span = self.span(file, len).map_err(|error| failed(name, error))?;
        if span.is_empty() {
            return Ok(());
        }
        if let Some(header) = span.header {
            self.header(name, file, header)?;
        }
        let part = part(name, file, span.start)?.take(span.end - span.start);
        self.frames(name, FrameReader::at(part, span.start), Some(span.end))
    }

    fn span(&self, file: &File, len: u64) -> Result<Span, ReadError> {
        let all = Span {
            header: None,
            start: 0,
            end: len,
        };
        match self.times {
            TimeRange::ALL => Ok(all),
            times => span_of(&Seekable(file), len, times),
        }
    }

    /// Sends the frame with the header. If it is damaged, there is none.
    fn header(&self, name: &Arc<str>, file: &File, offset: u64) -> Result<(), Stop> {
        let mut reader = FrameReader::at(part(name, file, offset)?, offset);
        let part = reader.next().map_err(|error| failed(name, error))?;
        if let Some(Part::Frame(frame)) = part {
            let lines = self.lines(name, &frame);
            self.send(self.before, Ok(Block::Header(lines)))?;
        }
        Ok(())
    }

    fn frames<R: Read>(
        &self,
        name: &Arc<str>,
        mut reader: FrameReader<R>,
        end: Option<u64>,
    ) -> Result<(), Stop> {
        loop {
            let block = match reader.next().map_err(|error| failed(name, error))? {
                None => return Ok(()),
                Some(Part::Frame(frame)) => Block::Lines(self.lines(name, &frame)),
                Some(Part::Damage(damage)) => Block::Damage(sentence(name, &damage, end)),
            };
            self.send(self.before + reader.offset(), Ok(block))?;
        }
    }

    fn lines(&self, name: &Arc<str>, frame: &Frame<'_>) -> Lines {
        let mut text = self.spares.try_recv().unwrap_or_default();
        text.extend_from_slice(frame.text);
        Lines {
            file: Arc::clone(name),
            offset: frame.offset,
            index: frame.index,
            text,
        }
    }

    fn send(&self, passed: u64, block: anyhow::Result<Block>) -> Result<(), Unwanted> {
        let message = (Progress(passed), block);
        self.blocks.send(message).map_err(|_| Unwanted)
    }
}

/// A file from an offset on.
fn part<'a>(name: &str, mut file: &'a File, offset: u64) -> Result<&'a File, Error> {
    file.seek(SeekFrom::Start(offset))
        .with_context(|| format!("cannot read {name}"))?;
    Ok(file)
}

fn failed(name: &str, error: ReadError) -> Error {
    match error {
        ReadError::Io(error) => Error::from(error).context(format!("cannot read {name}")),
        newer => anyhow!("{name}: {newer}; read it with a newer execsnoop"),
    }
}

fn sentence(name: &str, damage: &Damage, end: Option<u64>) -> String {
    let Damage {
        offset,
        length,
        what,
    } = damage;
    let is_last = end.is_some_and(|end| offset + length == end);
    match what {
        DamageKind::Cut if is_last => format!(
            "{name} ends in the middle of a frame: its last {length} bytes are lost, from byte \
             {offset} on; the recorder was killed, or the file was cut"
        ),
        DamageKind::CutLine if *length == 0 => {
            format!("{name}: at byte {offset}, a line was lost: its end is missing")
        }
        what => format!("{name}: at byte {offset}, {length} bytes were skipped: {what}"),
    }
}
