//! The interface of sources.

use std::error::Error;
use std::time::Duration;

use super::tally::Tally;
use crate::event::CgroupKey;
use crate::event::Event;

/// Takes the events of a [`Source`].
pub type Sink<'a> = dyn FnMut(&Event<'_>) + 'a;

/// Where events come from: live probes, a recording, a list in a test.
pub trait Source {
    /// Waits until events are there, or `timeout` is over, or a signal arrives, and hands all of
    /// them to `sink` in order. Says whether more can come.
    ///
    /// # Errors
    ///
    /// If events cannot be read.
    fn poll(&mut self, timeout: Duration, sink: &mut Sink<'_>) -> Result<Poll, SourceError>;

    /// The source's clock, in ns since boot. A recording answers with the time of what it handed
    /// out last, so that a replay does not depend on when and where it runs.
    fn now_ns(&self) -> u64;

    /// Ends the source: capturing stops, pending events are handed to `sink`, and the counts are
    /// completed.
    ///
    /// # Errors
    ///
    /// If the rest cannot be read or counted.
    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<Tally, SourceError>;
}

/// How a [`Source`] answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// More events can come.
    Ready,
    /// No event will come any more.
    Ended,
}

/// Requests to a live source. Other sources ignore them.
pub trait Control {
    /// Events from this cgroup are not wanted: the source may leave them out from now on.
    fn exclude_cgroup(&mut self, _: CgroupKey) {}

    /// Names of cgroups were forgotten: the source sends each of them again, before the next event
    /// from that cgroup.
    fn resend_cgroup_names(&mut self) {}
}

/// Events could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read events")]
pub struct SourceError(#[source] Box<dyn Error + Send + Sync>);

impl SourceError {
    /// Wraps the underlying error.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
