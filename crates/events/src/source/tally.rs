//! Counts of the events of a source.

use crate::event::CountedKind;
use crate::event::Loss;

/// Counts of the events of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindTally {
    /// Events that happened while the source was open.
    pub seen: u64,
    /// Refused by a filter inside the source.
    pub filtered: u64,
    /// Lost because the ring buffer had no room.
    pub ring_full: u64,
    /// Lost because the kernel skipped a run of the program.
    pub skipped: u64,
    /// Lost because the record could not be decoded.
    pub malformed: u64,
}

impl KindTally {
    /// All that was lost, by reason.
    pub fn losses(&self) -> [(Loss, u64); 3] {
        [
            (Loss::RingFull, self.ring_full),
            (Loss::Skipped, self.skipped),
            (Loss::Malformed, self.malformed),
        ]
    }

    /// Counts events that happened and were lost.
    pub fn add_loss(&mut self, reason: Loss, count: u64) {
        self.seen += count;
        match reason {
            Loss::RingFull => self.ring_full += count,
            Loss::Skipped => self.skipped += count,
            Loss::Malformed => self.malformed += count,
        }
    }

    /// How many were lost in all.
    pub fn lost(&self) -> u64 {
        self.losses().iter().map(|&(_, count)| count).sum()
    }
}

/// Counts of all events: for each kind, `seen = handed out + filtered + lost`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    kinds: [KindTally; CountedKind::ALL.len()],
    /// Execs handed out without all arguments because the ring was too full for them.
    pub args_ring: u64,
    /// Execs handed out without all arguments because their memory could not be read.
    pub args_unread: u64,
    /// Execs handed out with all arguments, but without the environment that was asked for, because
    /// the ring was too full for it.
    pub env_ring: u64,
    /// The same, because its memory could not be read.
    pub env_unread: u64,
    /// Runs of programs for events other than execs that the kernel skipped. Each may be a lost
    /// event, or irrelevant (a thread, a call that succeeded).
    pub skipped_runs: u64,
    /// A lower bound of the process connector messages that were lost; their kind is not known.
    pub messages_lost: u64,
    /// Failed execs handed out without all arguments because there were too many.
    pub args_many: u64,
}

impl Tally {
    /// The tally of one kind.
    pub fn of(&self, kind: CountedKind) -> &KindTally {
        &self.kinds[kind as usize]
    }

    /// The tally of one kind, to be changed.
    pub fn of_mut(&mut self, kind: CountedKind) -> &mut KindTally {
        &mut self.kinds[kind as usize]
    }
}
