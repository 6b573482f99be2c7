//! One run of a recorder, played again.

use std::time::Duration;

use execsnoop_events::CountedKind;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::ExistingState;
use execsnoop_events::Tally;
use execsnoop_events::recording::End;
use execsnoop_events::recording::EndReason;
use execsnoop_events::recording::Names;

use super::wanted::Wanted;
use crate::pipeline::Account;
use crate::pipeline::Pipeline;

/// A run of a recorder.
#[derive(Debug)]
pub struct Session {
    pipeline: Pipeline,
    wanted: Wanted,
    /// Counted here, since perhaps not all of the run is read.
    tally: Tally,
    /// Nothing but the process table was read.
    is_at_beginning: bool,
    /// The times of the first and the last event, in ns since boot.
    first_ns: Option<u64>,
    last_ns: u64,
    /// The run's own account, if its end was read.
    end: Option<End>,
}

impl Session {
    /// A run whose events go through this pipeline.
    pub fn new(pipeline: Pipeline, wanted: Wanted) -> Self {
        Self {
            pipeline,
            wanted,
            tally: Tally::default(),
            is_at_beginning: true,
            first_ns: None,
            last_ns: 0,
            end: None,
        }
    }

    /// Takes an event, and the names of its user and group.
    pub fn push(&mut self, event: &Event<'_>, names: &Names<'_>) {
        let event = &self.wanted.of(event);
        self.pipeline.learn_names(&event.data, names);
        self.first_ns.get_or_insert(event.boot_ns);
        self.last_ns = self.last_ns.max(event.boot_ns);
        self.count(&event.data);
        self.pipeline.push(event);
    }

    fn count(&mut self, data: &EventData<'_>) {
        self.count_ends_before(data);
        if let Some(kind) = data.kind() {
            self.tally.of_mut(kind).seen += 1;
        }
        if let EventData::Lost(lost) = data {
            self.tally
                .of_mut(lost.kind)
                .add_loss(lost.reason, lost.count);
        }
    }

    /// Where reading begins, processes can be about to end: they are shown, so they count.
    fn count_ends_before(&mut self, data: &EventData<'_>) {
        match data {
            EventData::Clock(_) | EventData::Cgroup(_) => {}
            EventData::Existing(existing) if self.is_at_beginning => {
                let is_ending = matches!(existing.state, ExistingState::Ending { .. });
                self.tally.of_mut(CountedKind::Exit).seen += u64::from(is_ending);
            }
            _ => self.is_at_beginning = false,
        }
    }

    /// Another file of the run begins.
    pub fn begin_file(&mut self) {
        self.end = None;
    }

    /// Whether the last file that was read has an end.
    pub fn has_end_of_file(&self) -> bool {
        self.end.is_some()
    }

    /// Takes the end of a file.
    pub fn end(&mut self, end: End) {
        self.last_ns = self.last_ns.max(end.boot_ns);
        self.end = Some(end);
    }

    /// Whether the recorder was stopped, and did not just stop writing.
    pub fn has_ended(&self) -> bool {
        self.end
            .as_ref()
            .is_some_and(|end| end.reason == EndReason::Stopped)
    }

    /// Writes what was formatted; waits for the reader.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        while !self.pipeline.flush(Duration::from_secs(1))? {}
        Ok(())
    }

    /// Whether nothing more is shown.
    pub fn is_done(&self) -> bool {
        self.pipeline.is_done()
    }

    /// Whether a filter asks for containers, units or cgroups, and none of them was seen.
    pub fn no_cgroup_matched(&self) -> bool {
        self.pipeline.no_cgroup_matched()
    }

    /// The lines for which there was no room, as an error.
    pub fn unwritten(&self) -> Option<anyhow::Error> {
        self.pipeline.unwritten()
    }

    /// Shows what is left, and returns the account.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn finish(&mut self) -> anyhow::Result<Account> {
        self.pipeline.tick(self.last_ns);
        self.pipeline.finish();
        self.flush()?;
        let tally = self.tally();
        let mut account = self.pipeline.account(&tally);
        account.elapsed_ns = self
            .last_ns
            .saturating_sub(self.first_ns.unwrap_or(u64::MAX));
        Ok(account)
    }

    /// What was read, and what the recorder says of losses.
    fn tally(&self) -> Tally {
        let Some(end) = self.end.as_ref().filter(|_| self.has_ended()) else {
            return self.tally;
        };
        let mut tally = end.tally;
        for kind in CountedKind::ALL {
            let read = self.tally.of(kind).seen - self.tally.of(kind).lost();
            let of = tally.of_mut(kind);
            of.seen = read + of.lost() + of.filtered;
        }
        tally
    }
}
