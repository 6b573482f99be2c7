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
    let (boot, monotonic) = (
        nanoseconds(ClockId::CLOCK_BOOTTIME),
        nanoseconds(ClockId::CLOCK_MONOTONIC),
    );
    u64::try_from(boot - monotonic).unwrap_or(0)
}

/// A clock set by one reading.
pub(crate) fn wall_clock(reading: &Reading) -> WallClock {
    WallClock::new(reading.boot_ns, reading.wall_ns)
}

fn nanoseconds(clock: ClockId) -> i128 {
    let time = clock_gettime(clock).expect("Linux has this clock since 2.6.39");
    i128::from(time.tv_sec()) * 1_000_000_000 + i128::from(time.tv_nsec())
}
