//! One consumer for several pipelines.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use execsnoop_clikit::Discarded;
use execsnoop_events::Event;
use execsnoop_events::json::Annotations;

use crate::pipeline::Consumer;

/// A handle of a consumer that others have too.
#[derive(Debug, Clone)]
pub struct SharedConsumer(Rc<RefCell<Shared>>);

#[derive(Debug)]
struct Shared {
    consumer: Box<dyn Consumer>,
    has_begun: bool,
    /// How many events may still be delivered.
    room: u64,
    /// Events that came after that.
    ignored: u64,
}

impl SharedConsumer {
    /// The first handle of a consumer that takes at most `limit` events.
    pub fn new(consumer: Box<dyn Consumer>, limit: Option<u64>) -> Self {
        Self(Rc::new(RefCell::new(Shared {
            consumer,
            has_begun: false,
            room: limit.unwrap_or(u64::MAX),
            ignored: 0,
        })))
    }

    /// Whether it takes no more events.
    pub fn is_full(&self) -> bool {
        self.0.borrow().room == 0
    }

    /// How many events came when it took no more.
    pub fn ignored(&self) -> u64 {
        self.0.borrow().ignored
    }
}

impl Consumer for SharedConsumer {
    fn begin(&mut self) -> anyhow::Result<()> {
        let mut shared = self.0.borrow_mut();
        match std::mem::replace(&mut shared.has_begun, true) {
            true => Ok(()),
            false => shared.consumer.begin(),
        }
    }

    fn event(&mut self, event: &Event<'_>, notes: &Annotations<'_>, weight: u64) {
        let mut shared = self.0.borrow_mut();
        if shared.room == 0 {
            shared.ignored += weight;
            return;
        }
        shared.room -= 1;
        shared.consumer.event(event, notes, weight);
    }

    fn is_done(&self) -> bool {
        self.is_full()
    }

    fn report(&mut self, event: &Event<'_>, notes: &Annotations<'_>) {
        self.0.borrow_mut().consumer.report(event, notes);
    }

    fn flush(&mut self, wait: Duration) -> io::Result<bool> {
        self.0.borrow_mut().consumer.flush(wait)
    }

    fn take_shown(&mut self) -> u64 {
        self.0.borrow_mut().consumer.take_shown()
    }

    fn discard(&mut self) -> Discarded {
        self.0.borrow_mut().consumer.discard()
    }

    fn pending_bytes(&self) -> usize {
        self.0.borrow().consumer.pending_bytes()
    }

    fn name(&self) -> String {
        self.0.borrow().consumer.name()
    }
}
