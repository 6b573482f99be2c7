//! One event's way from its source to the output.

use std::io;

use execsnoop_events::Body;
use execsnoop_events::Descendants;
use execsnoop_events::Event;
use execsnoop_events::Kind;
use execsnoop_events::Lost;
use execsnoop_events::Tally;

use crate::accounting::Account;
use crate::filter::Filter;
use crate::output::Output;

/// Chooses, formats and counts events.
#[derive(Debug)]
pub struct Pipeline {
    kinds: Vec<Kind>,
    filter: Filter,
    /// Set when only the descendants of a command are shown.
    descendants: Option<Descendants>,
    output: Output,
    /// How many events may still be shown.
    room: u64,
    /// Formatted, not yet written.
    unwritten: u64,
    closed: bool,
    warned_of_loss: bool,
    account: Account,
}

impl Pipeline {
    /// A pipeline that shows events of these kinds, `limit` of them at most.
    pub fn new(kinds: Vec<Kind>, filter: Filter, output: Output, limit: Option<u64>) -> Self {
        Self {
            kinds,
            filter,
            descendants: None,
            output,
            room: limit.unwrap_or(u64::MAX),
            unwritten: 0,
            closed: false,
            warned_of_loss: false,
            account: Account::default(),
        }
    }

    /// Shows only what descends from the tracer's child.
    pub fn only_descendants(&mut self) {
        self.descendants = Some(Descendants::default());
    }

    /// Whether nothing more will be shown.
    pub fn done(&self) -> bool {
        self.closed || self.room == 0
    }

    /// Takes an event.
    pub fn take(&mut self, event: &Event<'_>) {
        if let (Some(set), Body::Fork(fork)) = (&mut self.descendants, &event.body) {
            set.observe(fork);
        }
        match event.body.kind() {
            Some(kind) if self.kinds.contains(&kind) => self.take_counted(event),
            Some(_) => {} // only needed on the way
            None => self.take_report(event),
        }
    }

    fn take_counted(&mut self, event: &Event<'_>) {
        if !self.chosen(&event.body) {
            self.account.filtered += 1;
        } else if self.done() {
            self.account.discarded += 1;
        } else {
            self.output.format(event);
            self.unwritten += 1;
            self.room -= 1;
        }
    }

    fn chosen(&mut self, body: &Body<'_>) -> bool {
        let (process, matches) = match body {
            Body::Exec(exec) => (exec.process, self.filter.lets_through(exec)),
            Body::Fork(fork) => (fork.process, true),
            Body::Lost(_) | Body::Clock(_) => return true,
        };
        let descends = |set: &Descendants| set.contains(process);
        matches && self.descendants.as_ref().is_none_or(descends)
    }

    fn take_report(&mut self, event: &Event<'_>) {
        if let Body::Lost(lost) = &event.body {
            self.warn_of_loss(lost);
        }
        if !self.closed {
            self.output.format(event);
        }
    }

    /// Says at once that something is missing; how much is said at the end.
    fn warn_of_loss(&mut self, lost: &Lost) {
        if !std::mem::replace(&mut self.warned_of_loss, true) {
            eprintln!(
                "execsnoop: events are being lost ({} {}: {}); a larger --ring-size may help",
                lost.count,
                lost.kind.name(),
                lost.reason.name()
            );
        }
    }

    /// Writes what was formatted. That nobody reads any more is a quiet end, not an error.
    pub fn flush(&mut self) -> io::Result<()> {
        let written = self.output.flush();
        let count = std::mem::take(&mut self.unwritten);
        match written {
            Ok(()) => {
                self.account.shown += count;
                Ok(())
            }
            Err(err) => {
                self.account.discarded += count;
                self.closed = true;
                match err.kind() {
                    io::ErrorKind::BrokenPipe => Ok(()),
                    _ => Err(err),
                }
            }
        }
    }

    /// The final account, given what happened before the events reached us.
    pub fn account(&self, tally: &Tally) -> Account {
        let mut account = self.account.clone();
        account.add(tally, self.kinds.iter().copied());
        if !account.balanced() {
            tracing::warn!("the account does not add up; please report this as a bug");
        }
        account
    }
}
