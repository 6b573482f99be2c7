//! Reading the kernel's clocks.

use execsnoop_events::WallClock;
use nix::time::ClockId;
use nix::time::clock_gettime;

/// How often the clocks are read to find a pair of readings that lie close together.
const TRIES: usize = 3;

/// The same moment on both clocks: ns since boot, ns since 1970.
pub(crate) struct Reading {
    pub boot_ns: u64,
    pub wall_ns: i128,
}

/// Reads both clocks at, as nearly as possible, one moment.
pub(crate) fn read() -> Reading {
    (0..TRIES)
        .map(|_| {
            let before = nanoseconds(ClockId::CLOCK_BOOTTIME);
            let wall_ns = nanoseconds(ClockId::CLOCK_REALTIME);
            let after = nanoseconds(ClockId::CLOCK_BOOTTIME);
            (after - before, before + (after - before) / 2, wall_ns)
        })
        .min()
        .map(|(_, boot_ns, wall_ns)| Reading {
            boot_ns: u64::try_from(boot_ns).unwrap_or(0),
            wall_ns,
        })
        .expect("at least one try")
}

/// The time since boot in ns, as events are stamped with it.
pub fn boot_time_ns() -> u64 {
    u64::try_from(nanoseconds(ClockId::CLOCK_BOOTTIME)).unwrap_or(0)
}

/// How far the boot clock is ahead of the monotonic one: the time that the machine has slept.
pub(crate) fn suspended_ns() -> u64 {
    read_suspended().0
}

/// The same, and the monotonic time at which it was so.
fn read_suspended() -> (u64, u64) {
    let reading = || {
        let before = nanoseconds(ClockId::CLOCK_MONOTONIC);
        let boot = nanoseconds(ClockId::CLOCK_BOOTTIME);
        let after = nanoseconds(ClockId::CLOCK_MONOTONIC);
        (
            after - before,
            boot - (before + (after - before) / 2),
            before,
        )
    };
    let closest = (0..TRIES).map(|_| reading()).min();
    let (_, ahead, monotonic) = closest.expect("at least one try");
    let unsigned = |ns| u64::try_from(ns).unwrap_or(0);
    (unsigned(ahead), unsigned(monotonic))
}

/// The time that the machine has slept, for events whose times are on the monotonic clock. That
/// clock stands still while the machine sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Suspended {
    /// Up to the last reading before the machine slept, and since.
    before_ns: u64,
    now_ns: u64,
    /// The monotonic time of that last reading. Events between it and the sleep get the time after
    /// the sleep: the reader looks many times a second, so there are few.
    until_ns: u64,
    /// The monotonic time of the newest reading.
    read_ns: u64,
}

/// Two readings of the clocks differ by less than this; a machine that sleeps does so for longer.
const SHORTEST_SLEEP_NS: u64 = 1_000_000;

impl Suspended {
    /// Reads the clocks for the first time.
    pub(crate) fn read() -> Self {
        let (now_ns, read_ns) = read_suspended();
        Self {
            before_ns: now_ns,
            now_ns,
            until_ns: 0,
            read_ns,
        }
    }

    /// Reads the clocks again; to be called whenever events are read. Returns whether the machine
    /// has slept since.
    pub(crate) fn observe(&mut self) -> bool {
        let (now_ns, read_ns) = read_suspended();
        self.update(now_ns, read_ns)
    }

    fn update(&mut self, now_ns: u64, read_ns: u64) -> bool {
        let has_slept = now_ns > self.now_ns.saturating_add(SHORTEST_SLEEP_NS);
        if has_slept {
            self.before_ns = self.now_ns;
            self.until_ns = self.read_ns;
            self.now_ns = now_ns;
        }
        self.read_ns = read_ns;
        has_slept
    }

    /// How long it had slept by now.
    pub(crate) fn total_ns(&self) -> u64 {
        self.now_ns
    }

    /// The boot time of an event, from its monotonic time.
    pub(crate) fn boot_ns(&self, monotonic_ns: u64) -> u64 {
        let slept = match monotonic_ns <= self.until_ns {
            true => self.before_ns,
            false => self.now_ns,
        };
        monotonic_ns.saturating_add(slept)
    }
}

/// A clock set by one reading.
pub(crate) fn wall_clock(reading: &Reading) -> WallClock {
    WallClock::new(reading.boot_ns, reading.wall_ns)
}

fn nanoseconds(clock: ClockId) -> i128 {
    let time = clock_gettime(clock).expect("Linux has this clock since 2.6.39");
    i128::from(time.tv_sec()) * 1_000_000_000 + i128::from(time.tv_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Events before a sleep keep their times, those after it get the time slept.
    #[test]
    fn sleeps_while_tracing() {
        let mut suspended = Suspended {
            before_ns: 5 * SECOND,
            now_ns: 5 * SECOND,
            until_ns: 0,
            read_ns: 100 * SECOND,
        };
        assert_eq!(suspended.boot_ns(99 * SECOND), 104 * SECOND);
        assert!(
            !suspended.update(5 * SECOND + 900, 101 * SECOND),
            "two readings differ"
        );
        assert!(suspended.update(65 * SECOND, 102 * SECOND));
        assert_eq!(suspended.total_ns(), 65 * SECOND);
        assert_eq!(suspended.boot_ns(101 * SECOND), 106 * SECOND, "before");
        assert_eq!(
            suspended.boot_ns(101 * SECOND + 1),
            166 * SECOND + 1,
            "after"
        );
        assert!(!suspended.update(65 * SECOND, 103 * SECOND));
        assert!(suspended.update(75 * SECOND, 104 * SECOND), "a second time");
        assert_eq!(suspended.boot_ns(103 * SECOND), 168 * SECOND);
        assert_eq!(suspended.boot_ns(105 * SECOND), 180 * SECOND);
    }

    /// This machine does not sleep while it runs this test.
    #[test]
    fn awake() {
        let mut suspended = Suspended::read();
        assert!(!suspended.observe());
        assert!(suspended.total_ns().abs_diff(suspended_ns()) < SHORTEST_SLEEP_NS);
    }
}
