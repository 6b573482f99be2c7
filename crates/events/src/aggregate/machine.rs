//! How busy the machine was, from samples of a counter.

use std::collections::VecDeque;

use super::report::Interval;

/// The most samples that are kept, besides the first.
const MOST: usize = 512;

/// Samples of the time that all CPUs together were busy.
#[derive(Debug, Default)]
pub(super) struct Machine {
    first: Option<(u64, u64)>,
    samples: VecDeque<(u64, u64)>,
}

impl Machine {
    /// Adds a sample: when, and the counter. Of samples that are near to each other, the last is
    /// kept.
    pub(super) fn add(&mut self, now_ns: u64, busy_ns: u64, step_ns: u64) {
        self.first.get_or_insert((now_ns, busy_ns));
        let before = self.samples.iter().rev().nth(1);
        if before.is_some_and(|(ns, _)| now_ns < ns.saturating_add(step_ns)) {
            self.samples.pop_back();
        }
        self.samples.push_back((now_ns, busy_ns));
        if self.samples.len() > MOST {
            self.samples.pop_front();
        }
    }

    /// How long CPUs were busy in an interval; `None` if that is not known.
    pub(super) fn busy_ns(&self, interval: Interval) -> Option<u64> {
        let begin = self.at(interval.from_ns)?;
        Some(self.at(interval.to_ns)?.saturating_sub(begin))
    }

    /// The counter at a moment, between two samples.
    fn at(&self, ns: u64) -> Option<u64> {
        let behind = self.samples.partition_point(|(it, _)| *it < ns);
        let after = self.samples.get(behind).or(self.samples.back())?;
        let before = match behind.checked_sub(1) {
            Some(at) => self.samples.get(at)?,
            None => self.first.as_ref()?,
        };
        Some(between(*before, *after, ns))
    }
}

fn between(before: (u64, u64), after: (u64, u64), ns: u64) -> u64 {
    let time = after.0.saturating_sub(before.0);
    let part = ns.clamp(before.0, after.0.max(before.0)) - before.0;
    let more = u128::from(after.1.saturating_sub(before.1)) * u128::from(part);
    match time {
        0 => after.1,
        _ => before.1 + u64::try_from(more / u128::from(time)).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between samples the counter grows evenly; outside of them nothing is known to have happened.
    #[test]
    fn interpolation() {
        let mut machine = Machine::default();
        let interval = |from_ns, to_ns| Interval { from_ns, to_ns };
        assert_eq!(machine.busy_ns(interval(0, 10)), None);
        for (ns, busy) in [(100, 1000), (200, 1100), (300, 1300)] {
            machine.add(ns, busy, 1);
        }
        assert_eq!(machine.busy_ns(interval(100, 300)), Some(300));
        assert_eq!(machine.busy_ns(interval(150, 250)), Some(150));
        assert_eq!(machine.busy_ns(interval(0, 1000)), Some(300));
    }

    /// Samples that come too often replace each other; the first stays.
    #[test]
    fn few_samples_are_kept() {
        let mut machine = Machine::default();
        for ns in 0..100_000 {
            machine.add(ns, 2 * ns, 10);
        }
        assert!(machine.samples.len() <= MOST);
        let interval = Interval {
            from_ns: 0,
            to_ns: 99_999,
        };
        assert_eq!(machine.busy_ns(interval), Some(2 * 99_999));
    }
}
