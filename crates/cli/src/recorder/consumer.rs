//! The consumer: from selected events to files.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use execsnoop_clikit::Discarded;
use execsnoop_clikit::message;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Tally;
use execsnoop_events::json::Annotations;
use execsnoop_events::recording::EndReason;

use super::frames::Frames;
use super::output::RecordingOutput;
use super::progress::Counts;
use super::progress::Progress;
use crate::pipeline::Consumer;

/// How long a line waits in a frame at most.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Writes events as a recording.
#[derive(Debug)]
pub struct Recorder {
    frames: Frames,
    output: Box<dyn RecordingOutput>,
    /// The user asks for a new file.
    hangup: Arc<AtomicBool>,
    counts: Counts,
    progress: Progress,
    /// The end is in the queue, or written.
    is_over: bool,
    /// A file could not be made or was removed, and the user knows.
    has_warned: bool,
}

impl Recorder {
    /// A recorder that writes there. `hangup` is set when another file is asked for.
    pub fn new(
        frames: Frames,
        output: Box<dyn RecordingOutput>,
        hangup: Arc<AtomicBool>,
        progress: Progress,
    ) -> Self {
        Self {
            frames,
            output,
            hangup,
            counts: Counts::default(),
            progress,
            is_over: false,
            has_warned: false,
        }
    }

    /// Ends the file when it has its size.
    fn end_full_file(&mut self) {
        let limit = self.output.file_limit();
        if limit.is_some_and(|limit| self.frames.is_file_full(limit)) {
            self.frames.end_file(EndReason::Rotated, None);
        }
    }

    /// Ends the file when the user asks for it, and there can be another one.
    fn end_file_on_demand(&mut self) {
        if self.hangup.swap(false, Ordering::Relaxed) && self.output.file_limit().is_some() {
            self.frames.end_file(EndReason::Rotated, None);
        }
    }

    /// A file that was removed is followed by another, if there can be one.
    fn replace_removed_file(&mut self) {
        if self.has_warned || !self.output.is_removed() {
            return;
        }
        self.has_warned = true;
        let name = self.output.name();
        match self.output.file_limit() {
            Some(_) => {
                message(format_args!(
                    "the file that is written in {name} was removed: another one follows"
                ));
                self.frames.end_file(EndReason::Rotated, None);
            }
            None => message(format_args!(
                "{name} was removed while it is written: this recording will be lost"
            )),
        }
    }

    fn write_ready(&mut self) -> io::Result<()> {
        while let Some(frame) = self.frames.queue.next() {
            if std::mem::take(&mut frame.begins_file)
                && let Err(error) = self.output.next_file()
            {
                warn_of_file(&mut self.has_warned, &self.output.name(), &error);
            }
            self.output.write(&frame.bytes, frame.counts.events)?;
            self.counts.bytes += frame.bytes.len() as u64;
            self.frames.queue.remove_next();
        }
        Ok(())
    }
}

/// The frame goes into the file before: it begins with a header wherever it is.
fn warn_of_file(has_warned: &mut bool, name: &str, error: &io::Error) {
    if !std::mem::replace(has_warned, true) {
        message(format_args!(
            "cannot make a new file in {name}, so the last one is continued: {error}"
        ));
    }
}

impl Consumer for Recorder {
    fn begin(&mut self) -> anyhow::Result<()> {
        self.output.begin()
    }

    fn event(&mut self, event: &Event<'_>, notes: &Annotations<'_>, weight: u64) {
        if let EventData::Lost(lost) = &event.data {
            self.counts.lost += lost.count;
        }
        self.frames.push(event, notes, weight);
        self.counts.events += weight;
        self.end_full_file();
    }

    /// For the final usage of processes.
    fn is_waiting(&self) -> bool {
        self.frames.is_waiting()
    }

    fn end(&mut self, tally: &Tally) {
        self.frames.end_file(EndReason::Stopped, Some(tally));
        self.is_over = true;
        self.progress.clear();
    }

    fn flush(&mut self, wait: Duration) -> io::Result<bool> {
        if !self.is_over {
            self.frames.tick();
            self.frames.queue.end_aged(LONGEST_WAIT);
            self.end_full_file();
            self.end_file_on_demand();
            self.replace_removed_file();
            self.progress.show(&self.counts);
        }
        self.write_ready()?;
        if self.is_over {
            self.output.sync()?;
        }
        self.output.flush(wait)
    }

    fn take_shown(&mut self) -> u64 {
        self.output.take_written()
    }

    fn discard(&mut self) -> Discarded {
        let dropped = self.frames.drop_all();
        let not_taken = self.output.discard();
        Discarded {
            lines: dropped.records + not_taken.lines,
            events: dropped.events + not_taken.events,
        }
    }

    fn pending_bytes(&self) -> usize {
        self.frames.queue.pending_bytes() + self.output.pending_bytes()
    }

    fn name(&self) -> String {
        self.output.name()
    }
}
