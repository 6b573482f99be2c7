//! What a recording needs besides the events that are selected.

use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::ProcessId;
use foldhash::HashSet;

/// A process that ends unseen leaves its entry behind. That many are never alive.
const MOST: usize = 1 << 17;

/// Follows which processes have a selected exec: their ends are recorded too. What is left of an
/// end that was not selected is that the process is gone.
#[derive(Debug, Default)]
pub struct Completion {
    /// An event can be refused. If none can, nothing is followed.
    has_conditions: bool,
    /// Alive, with a recorded exec.
    recorded: HashSet<ProcessId>,
    /// Ended without being recorded; the final usage is to come.
    refused: HashSet<ProcessId>,
}

impl Completion {
    /// `has_conditions`: an event can be refused.
    pub fn new(has_conditions: bool) -> Self {
        Self {
            has_conditions,
            ..Self::default()
        }
    }

    /// An exec of the process was selected.
    pub fn has_recorded(&mut self, process: ProcessId) {
        if self.has_conditions {
            insert(&mut self.recorded, process);
        }
    }

    /// Whether the end of the process is recorded in any case. It has ended now.
    pub fn wants_end(&mut self, process: ProcessId) -> bool {
        self.recorded.remove(&process)
    }

    /// The end of the process is not recorded. Returns what is recorded instead.
    pub fn refuse<'a>(&mut self, event: &Event<'a>, process: ProcessId) -> Event<'a> {
        insert(&mut self.refused, process);
        Event {
            data: EventData::Gone(process),
            ..*event
        }
    }

    /// Whether an event that completes others is recorded.
    pub fn wants(&mut self, data: &EventData<'_>) -> bool {
        match data {
            EventData::FinalUsage(usage) => !self.refused.remove(&usage.process),
            _ => true,
        }
    }
}

fn insert(set: &mut HashSet<ProcessId>, process: ProcessId) {
    if set.len() >= MOST {
        set.clear();
    }
    set.insert(process);
}
