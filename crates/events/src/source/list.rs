//! A source that hands out events from memory.

use std::collections::VecDeque;
use std::time::Duration;

use super::tally::Tally;
use super::traits::Control;
use super::traits::Poll;
use super::traits::Sink;
use super::traits::Source;
use super::traits::SourceError;
use crate::event::Event;
use crate::event::OwnedEvent;

/// A source over a list of events. Its clock is the time of the last event it handed out.
#[derive(Debug, Default)]
pub struct EventList {
    events: VecDeque<OwnedEvent>,
    tally: Tally,
    now_ns: u64,
}

impl EventList {
    /// A source of copies of these events.
    pub fn new<'a>(events: impl IntoIterator<Item = Event<'a>>) -> Self {
        let mut list = Self::default();
        for event in events {
            list.push(&event);
        }
        list
    }

    /// Adds a copy of an event.
    pub fn push(&mut self, event: &Event<'_>) {
        if let Some(kind) = event.data.kind() {
            self.tally.of_mut(kind).seen += 1;
        }
        self.events.push_back(OwnedEvent::new(event));
    }

    /// What the list counts as seen, filtered and lost. Losses can be added to it.
    pub fn tally_mut(&mut self) -> &mut Tally {
        &mut self.tally
    }
}

impl Source for EventList {
    fn poll(&mut self, _: Duration, sink: &mut Sink<'_>) -> Result<Poll, SourceError> {
        if let Some(event) = self.events.pop_front() {
            self.now_ns = self.now_ns.max(event.boot_ns());
            sink(&event.lend());
        }
        match self.events.is_empty() {
            true => Ok(Poll::Ended),
            false => Ok(Poll::Ready),
        }
    }

    fn now_ns(&self) -> u64 {
        self.now_ns
    }

    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<Tally, SourceError> {
        for event in std::mem::take(&mut self.events) {
            sink(&event.lend());
        }
        Ok(self.tally)
    }
}

impl Control for EventList {}
