//! What no program has seen, as the kernel has skipped all that should have.

use execsnoop_events::CountedKind;

use crate::skeleton::types::counters;
use crate::skeleton::types::turn_counters;

/// What the programs at a tracepoint see: enum hits in bpf/abi.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hits {
    Of(CountedKind),
    /// Failed execs, at a tracepoint of their own.
    Execveat,
    /// Execs that pass the point of no return.
    Prepared,
}

impl Hits {
    fn kind(self) -> CountedKind {
        match self {
            Self::Of(kind) => kind,
            Self::Execveat | Self::Prepared => CountedKind::Failed,
        }
    }

    fn turns(self, counters: &counters) -> &turn_counters {
        match self {
            Self::Of(kind) => &counters.turns[kind as usize],
            Self::Execveat => &counters.turns[CountedKind::ALL.len()],
            Self::Prepared => &counters.turns[CountedKind::ALL.len() + 1],
        }
    }
}

/// What all copies of a program have missed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// Events that happened.
    Events(CountedKind, u64),
    /// Runs, of which each may be an event, or irrelevant (a thread, a call that succeeded).
    Runs(u64),
}

impl Unseen {
    /// `skipped`: the runs that the kernel skipped, of each copy. What the first one has missed, a
    /// later one may have caught.
    pub(crate) fn by(hits: Hits, skipped: &[u64], counters: &counters) -> Self {
        let turns = hits.turns(counters);
        let missed = skipped.first().copied().unwrap_or_default() + turns.passed_on;
        let unseen = missed.saturating_sub(turns.caught);
        match hits.kind() {
            CountedKind::Failed => Self::Runs(unseen),
            CountedKind::Exec => Self::Events(CountedKind::Exec, unseen),
            // A single program is skipped for threads, too, and does not count them.
            _ if skipped.len() == 1 => Self::Runs(unseen),
            kind => Self::Events(kind, unseen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(hits: usize, caught: u64, passed_on: u64) -> counters {
        let mut counters = counters::default();
        counters.turns[hits] = turn_counters { caught, passed_on };
        counters
    }

    /// Each exec runs the program once, so each skipped run is an exec.
    #[test]
    fn a_single_program_knows_its_losses_only_of_execs() {
        let none = counters::default();
        let unseen = |kind| Unseen::by(Hits::Of(kind), &[3], &none);
        assert_eq!(
            unseen(CountedKind::Exec),
            Unseen::Events(CountedKind::Exec, 3)
        );
        for kind in [CountedKind::Failed, CountedKind::Fork, CountedKind::Exit] {
            assert_eq!(unseen(kind), Unseen::Runs(3));
        }
    }

    /// What the first has missed or left to others, and no copy has taken.
    #[test]
    fn copies_take_what_the_first_has_missed() {
        for kind in [CountedKind::Exec, CountedKind::Fork, CountedKind::Exit] {
            let counters = counters(kind as usize, 40, 2);
            let unseen = Unseen::by(Hits::Of(kind), &[39, 5, 0, 7], &counters);
            assert_eq!(unseen, Unseen::Events(kind, 1));
        }
    }

    /// Most system calls are no event.
    #[test]
    fn failed_execs_have_runs() {
        let execveat = counters(CountedKind::ALL.len(), 8, 0);
        let skipped = [9, 4];
        assert_eq!(
            Unseen::by(Hits::Execveat, &skipped, &execveat),
            Unseen::Runs(1)
        );
        assert_eq!(
            Unseen::by(Hits::Prepared, &skipped, &execveat),
            Unseen::Runs(9)
        );
    }
}
