//! What receives the selected events.

use std::fmt;
use std::io;
use std::time::Duration;

use execsnoop_clikit::Discarded;
use execsnoop_events::Event;
use execsnoop_events::Tally;
use execsnoop_events::json::Annotations;

/// Receives selected events, in order: a table, CSV, JSON, a ranking, a report.
///
/// The pipeline makes one call per event. [`event`](Self::event) must not block; what it makes can
/// wait until [`flush`](Self::flush).
pub trait Consumer: fmt::Debug {
    /// Tracing has begun.
    ///
    /// # Errors
    ///
    /// If the output cannot be used.
    fn begin(&mut self) -> anyhow::Result<()>;

    /// Takes an event that was selected. It counts as `weight` events of the account.
    fn event(&mut self, event: &Event<'_>, notes: &Annotations<'_>, weight: u64);

    /// Takes a report of the source itself: a loss, or a step of the clock.
    fn report(&mut self, event: &Event<'_>, notes: &Annotations<'_>) {
        self.event(event, notes, 0);
    }

    /// Takes a process that has ended and was not selected: it may link two others.
    fn unselected(&mut self, _event: &Event<'_>, _notes: &Annotations<'_>) {}

    /// Takes note of the time by the source's clock, in ns since boot; 0 if that has no time yet.
    fn tick(&mut self, _now_ns: u64) {}

    /// No event will come any more.
    fn finish(&mut self) {}

    /// Whether it wants no more events.
    fn is_done(&self) -> bool {
        false
    }

    /// How long the next [`flush`](Self::flush) may take to come while nothing happens; `None` if
    /// it has nothing to do then.
    fn longest_wait(&self) -> Option<Duration> {
        None
    }

    /// Whether it waits for events that complete others.
    fn is_waiting(&self) -> bool {
        false
    }

    /// Takes what the source counted, after the last event.
    fn end(&mut self, _tally: &Tally) {}

    /// Hands on what was made of the events; waits for the reader at most `wait`. Returns whether
    /// everything is handed on.
    ///
    /// # Errors
    ///
    /// The error of the write; [`io::ErrorKind::BrokenPipe`] if the reader is gone.
    fn flush(&mut self, wait: Duration) -> io::Result<bool>;

    /// The events that were handed on since the last call.
    fn take_shown(&mut self) -> u64;

    /// Gives up what is not handed on, and says how much that is.
    fn discard(&mut self) -> Discarded;

    /// How many bytes wait for the reader.
    fn pending_bytes(&self) -> usize;

    /// The output's name, for a message.
    fn name(&self) -> String;
}
