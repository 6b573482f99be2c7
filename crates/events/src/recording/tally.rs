//! What a source counted, as a part of a record.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::event::CountedKind;
use crate::source::KindTally;
use crate::source::Tally;

/// A [`Tally`]. What a recorder of an older version did not count is 0.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Tallies {
    exec: Counts,
    failed_exec: Counts,
    fork: Counts,
    exit: Counts,
    final_usage: Counts,
    args_ring: u64,
    args_unread: u64,
    args_many: u64,
    env_ring: u64,
    env_unread: u64,
    skipped_runs: u64,
    messages_lost: u64,
}

/// The counts of one kind of events.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Counts {
    seen: u64,
    filtered: u64,
    ring_full: u64,
    skipped: u64,
    malformed: u64,
}

impl Tallies {
    pub(super) fn serialize<S: Serializer>(
        tally: &Tally,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Serialize::serialize(&Self::from(tally), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Tally, D::Error> {
        let counted: Self = Deserialize::deserialize(deserializer)?;
        Ok(counted.into())
    }
}

impl From<&Tally> for Tallies {
    fn from(tally: &Tally) -> Self {
        let counts = |kind| Counts::from(tally.of(kind));
        Self {
            exec: counts(CountedKind::Exec),
            failed_exec: counts(CountedKind::Failed),
            fork: counts(CountedKind::Fork),
            exit: counts(CountedKind::Exit),
            final_usage: counts(CountedKind::FinalUsage),
            args_ring: tally.args_ring,
            args_unread: tally.args_unread,
            args_many: tally.args_many,
            env_ring: tally.env_ring,
            env_unread: tally.env_unread,
            skipped_runs: tally.skipped_runs,
            messages_lost: tally.messages_lost,
        }
    }
}

impl From<Tallies> for Tally {
    fn from(counted: Tallies) -> Self {
        let mut tally = Self::default();
        for (kind, counts) in [
            (CountedKind::Exec, counted.exec),
            (CountedKind::Failed, counted.failed_exec),
            (CountedKind::Fork, counted.fork),
            (CountedKind::Exit, counted.exit),
            (CountedKind::FinalUsage, counted.final_usage),
        ] {
            *tally.of_mut(kind) = counts.into();
        }
        tally.args_ring = counted.args_ring;
        tally.args_unread = counted.args_unread;
        tally.args_many = counted.args_many;
        tally.env_ring = counted.env_ring;
        tally.env_unread = counted.env_unread;
        tally.skipped_runs = counted.skipped_runs;
        tally.messages_lost = counted.messages_lost;
        tally
    }
}

impl From<&KindTally> for Counts {
    fn from(of: &KindTally) -> Self {
        Self {
            seen: of.seen,
            filtered: of.filtered,
            ring_full: of.ring_full,
            skipped: of.skipped,
            malformed: of.malformed,
        }
    }
}

impl From<Counts> for KindTally {
    fn from(counts: Counts) -> Self {
        Self {
            seen: counts.seen,
            filtered: counts.filtered,
            ring_full: counts.ring_full,
            skipped: counts.skipped,
            malformed: counts.malformed,
        }
    }
}
