//! The end of the pipeline: the consumer, and how much it may get.

use std::io;
use std::time::Duration;

use execsnoop_clikit::Discarded;
use execsnoop_clikit::Unwritten;
use execsnoop_clikit::message;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Loss;
use execsnoop_events::Lost;
use execsnoop_events::Tally;
use execsnoop_events::json::Annotations;

use super::consumer::Consumer;

/// Hands events to the consumer and counts them.
#[derive(Debug)]
pub struct Delivery {
    consumer: Box<dyn Consumer>,
    /// How many events may still be shown.
    room: u64,
    /// Events that were written.
    shown: u64,
    /// Events that were given up.
    discarded: u64,
    /// Lines for which there was no room, or no reader.
    unwritten: Unwritten,
    /// The reader is gone, or the output failed.
    closed: bool,
    warned_of_loss: bool,
    /// The events were recorded some time ago.
    is_replay: bool,
}

impl Delivery {
    /// A delivery of at most `limit` events.
    pub fn new(consumer: Box<dyn Consumer>, limit: Option<u64>) -> Self {
        Self {
            consumer,
            room: limit.unwrap_or(u64::MAX),
            shown: 0,
            discarded: 0,
            unwritten: Unwritten::default(),
            closed: false,
            warned_of_loss: false,
            is_replay: false,
        }
    }

    /// What is delivered was recorded some time ago.
    pub fn set_replay(&mut self) {
        self.is_replay = true;
    }

    /// Whether the consumer waits for events that complete others.
    pub fn is_waiting(&self) -> bool {
        self.consumer.is_waiting()
    }

    /// Whether nothing more is shown.
    pub fn is_done(&self) -> bool {
        self.closed || self.room == 0 || self.consumer.is_done()
    }

    /// How long the next flush may take to come; `None` if only events make one necessary.
    pub fn longest_wait(&self) -> Option<Duration> {
        self.consumer.longest_wait()
    }

    /// Takes note that time has passed.
    pub fn tick(&mut self, now_ns: u64) {
        self.consumer.tick(now_ns);
    }

    /// Takes note of a process that has ended and was not selected.
    pub fn unselected(&mut self, event: &Event<'_>, notes: &Annotations<'_>) {
        self.consumer.unselected(event, notes);
    }

    /// Ends the output: no event will come any more.
    pub fn finish(&mut self) {
        self.consumer.finish();
    }

    /// Begins the output.
    pub fn begin(&mut self) -> anyhow::Result<()> {
        self.consumer.begin()
    }

    /// Delivers an event that counts as `weight` events of the account.
    pub fn event(&mut self, event: &Event<'_>, notes: &Annotations<'_>, weight: u64) {
        self.consumer.event(event, notes, weight);
        self.room -= 1;
    }

    /// Delivers what completes other events. It is no event of the account.
    pub fn complete(&mut self, event: &Event<'_>, notes: &Annotations<'_>) {
        if !self.closed {
            self.consumer.event(event, notes, 0);
        }
    }

    /// Says what the source counted, after the last event.
    pub fn end(&mut self, tally: &Tally) {
        if !self.closed {
            self.consumer.end(tally);
        }
    }

    /// Delivers a report of the source itself.
    pub fn report(&mut self, event: &Event<'_>, notes: &Annotations<'_>) {
        if let EventData::Lost(lost) = &event.data {
            self.warn_of_loss(lost);
        }
        if !self.closed {
            self.consumer.report(event, notes);
        }
    }

    /// Says at once that something is missing; the account says how much.
    fn warn_of_loss(&mut self, lost: &Lost) {
        if std::mem::replace(&mut self.warned_of_loss, true) {
            return;
        }
        let (count, kind, reason) = (lost.count, lost.kind.name(), lost.reason.name());
        let (what, hint) = match lost.reason {
            _ if self.is_replay => ("were lost when this was recorded", ""),
            Loss::RingFull => ("are being lost", "; a larger --ring-size may help"),
            Loss::Skipped | Loss::Malformed => ("are being lost", ""),
        };
        message(format_args!(
            "events {what} ({count} {kind}: {reason}){hint}"
        ));
    }

    /// Writes what was formatted; waits for the reader at most `wait`. Returns whether nothing is
    /// left to write. A reader that is gone is a quiet end, not an error. If there is no room, the
    /// lines are given up and counted, and the trace goes on.
    pub fn flush(&mut self, wait: Duration) -> anyhow::Result<bool> {
        if self.closed {
            return Ok(true);
        }
        let flushed = self.consumer.flush(wait);
        self.shown += self.consumer.take_shown();
        let error = match flushed {
            Ok(is_all) => return Ok(is_all),
            Err(error) => error,
        };
        let lines = self.drop_unwritten();
        if Unwritten::is_no_room(&error) {
            let name = self.consumer.name();
            self.unwritten.add_no_room(lines, &name, &error);
            return Ok(true);
        }
        self.closed = true;
        match error.kind() {
            io::ErrorKind::BrokenPipe => Ok(true),
            _ => Err(self.cannot_write(error)),
        }
    }

    /// Gives up what is not written, and everything after it.
    pub fn discard(&mut self) {
        self.drop_unwritten();
        self.closed = true;
    }

    /// The same, because the reader takes nothing.
    pub fn give_up_reader(&mut self) {
        let lines = self.drop_unwritten();
        self.unwritten.add_not_taken(lines, &self.consumer.name());
        self.closed = true;
    }

    /// Returns how many lines are not written.
    fn drop_unwritten(&mut self) -> u64 {
        let Discarded { lines, events } = self.consumer.discard();
        self.discarded += events;
        lines
    }

    /// The lines that were not written although tracing went on, as an error.
    pub fn unwritten(&self) -> Option<anyhow::Error> {
        self.unwritten.to_error()
    }

    /// How many bytes wait for the reader.
    pub fn pending_bytes(&self) -> usize {
        self.consumer.pending_bytes()
    }

    /// Events that were written.
    pub fn shown(&self) -> u64 {
        self.shown
    }

    /// Events that were given up after they were formatted.
    pub fn discarded(&self) -> u64 {
        self.discarded
    }

    fn cannot_write(&self, error: io::Error) -> anyhow::Error {
        let name = self.consumer.name();
        anyhow::Error::new(error).context(format!(
            "cannot write to {name}, so tracing ends here (-o names another file)"
        ))
    }
}
