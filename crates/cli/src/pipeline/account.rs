//! The account: every event that was seen is shown, filtered, lost or discarded.

use std::fmt;

use execsnoop_events::CountedKind;
use execsnoop_events::Evicted;
use execsnoop_events::Loss;
use execsnoop_events::Tally;

/// What became of the events of the kinds that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Seen in the kernel, before any filter.
    pub seen: u64,
    /// Written out.
    pub shown: u64,
    /// Refused by a filter, in the kernel or here.
    pub filtered: u64,
    /// Came after the limit was reached, or after the reader was gone.
    pub discarded: u64,
    /// Lost, by reason.
    pub lost: Vec<(Loss, u64)>,
    /// What the process table had no room for, or did not see.
    pub evicted: Evicted,
    /// Filtered, because the name of their cgroup is not known. They may be wanted.
    pub unknown_cgroup: u64,
    /// Shown without the name of their cgroup, which is not known.
    pub unnamed: u64,
    /// Execs of the machine with success, before any filter.
    pub execs: u64,
    /// How long events were seen; 0 if that is not known.
    pub elapsed_ns: u64,
    /// Forks that were lost although descent depends on them.
    pub forks_lost: u64,
    args_ring: u64,
    args_unread: u64,
    args_many: u64,
    env_ring: u64,
    env_unread: u64,
    skipped_runs: u64,
    messages_lost: u64,
}

impl Account {
    /// Adds what happened before the events reached us.
    pub fn add(&mut self, tally: &Tally, kinds: impl Iterator<Item = CountedKind>) {
        for kind in kinds {
            let of = tally.of(kind);
            self.seen += of.seen;
            self.filtered += of.filtered;
            for (reason, count) in of.losses() {
                self.add_loss(reason, count);
            }
        }
        self.execs = tally.of(CountedKind::Exec).seen;
        self.args_ring = tally.args_ring;
        self.args_unread = tally.args_unread;
        self.args_many = tally.args_many;
        self.env_ring = tally.env_ring;
        self.env_unread = tally.env_unread;
        self.skipped_runs = tally.skipped_runs;
        self.messages_lost = tally.messages_lost;
    }

    /// Adds the account of other events.
    pub fn merge(&mut self, other: &Self) {
        for &(reason, count) in &other.lost {
            self.add_loss(reason, count);
        }
        let evicted = &mut self.evicted;
        evicted.processes += other.evicted.processes;
        evicted.arguments += other.evicted.arguments;
        evicted.ends += other.evicted.ends;
        for (sum, count) in [
            (&mut self.seen, other.seen),
            (&mut self.shown, other.shown),
            (&mut self.filtered, other.filtered),
            (&mut self.discarded, other.discarded),
            (&mut self.unknown_cgroup, other.unknown_cgroup),
            (&mut self.unnamed, other.unnamed),
            (&mut self.execs, other.execs),
            (&mut self.elapsed_ns, other.elapsed_ns),
            (&mut self.forks_lost, other.forks_lost),
            (&mut self.args_ring, other.args_ring),
            (&mut self.args_unread, other.args_unread),
            (&mut self.args_many, other.args_many),
            (&mut self.env_ring, other.env_ring),
            (&mut self.env_unread, other.env_unread),
            (&mut self.skipped_runs, other.skipped_runs),
            (&mut self.messages_lost, other.messages_lost),
        ] {
            *sum += count;
        }
    }

    fn add_loss(&mut self, reason: Loss, count: u64) {
        match self.lost.iter_mut().find(|(known, _)| *known == reason) {
            _ if count == 0 => {}
            Some((_, sum)) => *sum += count,
            None => self.lost.push((reason, count)),
        }
    }

    /// How many were lost, for whatever reason.
    pub fn lost(&self) -> u64 {
        self.lost.iter().map(|(_, count)| count).sum()
    }

    /// Whether nothing is missing and nothing is counted twice.
    pub fn is_balanced(&self) -> bool {
        self.seen == self.shown + self.filtered + self.lost() + self.discarded
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seen,
            shown,
            filtered,
            discarded,
            ..
        } = self;
        let lost = self.lost();
        write!(
            f,
            "seen {seen} = shown {shown} + filtered {filtered} + lost {lost}"
        )?;
        write_reasons(
            f,
            self.lost
                .iter()
                .map(|(reason, count)| (reason.name(), *count)),
        )?;
        write!(f, " + discarded {discarded}")?;
        self.write_rate(f)?;
        self.write_notes(f)
    }
}

impl Account {
    /// How busy the machine is: `, 1626 execs/s`.
    fn write_rate(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = u128::from(self.execs) * 10_000_000_000;
        match tenths.checked_div(u128::from(self.elapsed_ns)) {
            None => Ok(()),
            Some(_) if self.execs == 0 => Ok(()),
            Some(tenths @ 0..100) => write!(f, ", {}.{} execs/s", tenths / 10, tenths % 10),
            Some(tenths) => write!(f, ", {} execs/s", tenths / 10),
        }
    }

    /// A line for each thing that is not whole.
    fn write_notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments = [
            ("ring_crowded", self.args_ring),
            ("unreadable", self.args_unread),
            ("too_many", self.args_many),
        ];
        write_note(f, "without all arguments", &arguments)?;
        let environment = [
            ("ring_crowded", self.env_ring),
            ("unreadable", self.env_unread),
        ];
        write_note(f, "without their environment", &environment)?;
        let evicted = [
            ("processes", self.evicted.processes),
            ("arguments", self.evicted.arguments),
            ("unseen_ends", self.evicted.ends),
        ];
        write_note(f, "not kept in the process table", &evicted)?;
        let unknown_cgroup = [("no_cgroup_name", self.unknown_cgroup)];
        write_note(
            f,
            "filtered because the name of their cgroup is not known: it is too deep or long, or was lost",
            &unknown_cgroup,
        )?;
        let unnamed = [("no_cgroup_name", self.unnamed)];
        write_note(f, "shown without the name of their cgroup", &unnamed)?;
        let skipped = [("skipped", self.skipped_runs)];
        write_note(
            f,
            "program runs skipped by the kernel: events may be missing",
            &skipped,
        )?;
        let messages = [("socket_full", self.messages_lost)];
        write_note(
            f,
            "messages of the process connector lost: events may be missing",
            &messages,
        )?;
        let forks = [("ring_full", self.forks_lost)];
        write_note(f, "forks lost: descendants may be missing", &forks)
    }
}

/// A line with a sum and its parts, unless it is 0.
fn write_note(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    parts: &[(&'static str, u64)],
) -> fmt::Result {
    let sum: u64 = parts.iter().map(|(_, count)| count).sum();
    if sum == 0 {
        return Ok(());
    }
    write!(f, "\n{sum} {what}")?;
    write_reasons(f, parts.iter().copied())
}

/// ` (ring_full 3, skipped 1)`, or nothing.
fn write_reasons(
    f: &mut fmt::Formatter<'_>,
    reasons: impl Iterator<Item = (&'static str, u64)>,
) -> fmt::Result {
    let list: Vec<String> = reasons
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{reason} {count}"))
        .collect();
    match list.is_empty() {
        true => Ok(()),
        false => write!(f, " ({})", list.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line has the form that scripts rely on; reasons appear only when there are any.
    #[test]
    fn the_line() {
        let mut tally = Tally::default();
        tally.of_mut(CountedKind::Exec).seen = 10;
        tally.of_mut(CountedKind::Exec).filtered = 3;
        tally.of_mut(CountedKind::Fork).seen = 99;
        let mut account = Account {
            shown: 4,
            discarded: 1,
            ..Account::default()
        };
        account.add(&tally, [CountedKind::Exec, CountedKind::Failed].into_iter());
        assert!(!account.is_balanced());
        account.add_loss(Loss::RingFull, 2);
        assert!(account.is_balanced());
        let line = "seen 10 = shown 4 + filtered 3 + lost 2 (ring_full 2) + discarded 1";
        assert_eq!(account.to_string(), line);
    }

    /// The rate of execs, if the time is known.
    #[test]
    fn the_rate() {
        for (execs, elapsed_ms, rate) in [
            (20_000, 12_300, ", 1626 execs/s"),
            (3, 2_000, ", 1.5 execs/s"),
            (1, 60_000, ", 0.0 execs/s"),
            (99, 10_000, ", 9.9 execs/s"),
            (100, 10_000, ", 10 execs/s"),
            (0, 10_000, ""),
            (5, 0, ""),
        ] {
            let account = Account {
                execs,
                elapsed_ns: elapsed_ms * 1_000_000,
                ..Account::default()
            };
            let line = format!("seen 0 = shown 0 + filtered 0 + lost 0 + discarded 0{rate}");
            assert_eq!(account.to_string(), line);
        }
    }

    /// Cut arguments are told apart from lost events, and environments from both.
    #[test]
    fn incomplete_arguments() {
        let mut tally = Tally::default();
        tally.args_ring = 2;
        tally.args_unread = 1;
        tally.env_ring = 5;
        let mut account = Account::default();
        account.add(&tally, CountedKind::ALL.into_iter());
        let text = account.to_string();
        assert_eq!(
            text.lines().nth(1),
            Some("3 without all arguments (ring_crowded 2, unreadable 1)")
        );
        assert_eq!(
            text.lines().nth(2),
            Some("5 without their environment (ring_crowded 5)")
        );
    }
}
