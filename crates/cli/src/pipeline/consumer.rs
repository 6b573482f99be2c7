//! What receives the selected events.

use std::fmt;
use std::io;
use std::time::Duration;

use execsnoop_clikit::Discarded;
use execsnoop_events::Event;
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
    fn report(&mut self, event: &Event<'_>) {
        self.event(event, &Annotations::default(), 0);
    }

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
