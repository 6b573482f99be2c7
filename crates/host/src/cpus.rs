//! CPUs that go offline and come back, for what is opened on each of them.
//!
//! A perf event of a CPU that goes offline is dead from then on, also when the CPU is back; nothing
//! says so. That happens to all CPUs but the first when a machine sleeps.

use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;
use std::time::Instant;

use nix::time::ClockId;
use nix::time::clock_gettime;

const ONLINE: &str = "/sys/devices/system/cpu/online";

/// PERF_FORMAT_TOTAL_TIME_ENABLED: what [`PerfEventLife`] reads.
pub const TIME_ENABLED: u64 = libbpf_sys::PERF_FORMAT_TOTAL_TIME_ENABLED as u64;

/// How often the list of CPUs is read.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Events are looked at only every tenth time, since that interrupts their CPUs; and a few times in
/// a row when CPUs came, or the machine slept.
const LOOKS_UNTIL_CHECK: u32 = 10;
const CHECKS_AFTER_CHANGE: u32 = 3;

/// A machine that sleeps does so for longer than this.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// The CPUs that are online now.
///
/// # Errors
///
/// If /sys is not there.
pub fn online() -> io::Result<Vec<i32>> {
    Ok(parse(&fs::read_to_string(ONLINE)?).collect())
}

/// The numbers in `0-3,5`.
fn parse(list: &str) -> impl Iterator<Item = i32> + '_ {
    list.trim().split(',').flat_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let first = first.parse().unwrap_or(0);
        first..=last.parse().unwrap_or(-1)
    })
}

/// The work to do for events that are opened on each CPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuChange {
    /// CPUs that have come online: open their events, again if they were open before.
    pub came: Vec<i32>,
    /// CPUs that are online: those among them whose events are dead need new ones. `None` if the
    /// events need not be looked at.
    pub check: Option<Vec<i32>>,
}

/// Follows the list of CPUs.
#[derive(Debug)]
pub struct CpuWatch {
    online: Vec<i32>,
    looked: Instant,
    slept: Duration,
    looks: u32,
    checks: u32,
}

impl CpuWatch {
    /// Begins with the CPUs that are opened.
    pub fn new(online: Vec<i32>) -> Self {
        Self {
            online,
            looked: Instant::now(),
            slept: time_slept(),
            looks: 0,
            checks: 0,
        }
    }

    /// Looks, if that was not done within the last second. To be called often.
    pub fn look(&mut self) -> Option<CpuChange> {
        if self.looked.elapsed() < LOOK_INTERVAL {
            return None;
        }
        self.looked = Instant::now();
        Some(self.update(online().ok()?, time_slept()))
    }

    fn update(&mut self, online: Vec<i32>, slept: Duration) -> CpuChange {
        let is_new = |cpu: &&i32| !self.online.contains(cpu);
        let came: Vec<i32> = online.iter().filter(is_new).copied().collect();
        let has_slept = slept > self.slept + SHORTEST_SLEEP;
        if has_slept || online != self.online {
            self.checks = CHECKS_AFTER_CHANGE;
        }
        (self.slept, self.online) = (slept, online);
        CpuChange {
            came,
            check: self.is_check_due().then(|| self.online.clone()),
        }
    }

    fn is_check_due(&mut self) -> bool {
        self.looks = (self.looks + 1) % LOOKS_UNTIL_CHECK;
        let is_due = self.checks > 0 || self.looks == 0;
        self.checks = self.checks.saturating_sub(1);
        is_due
    }
}

/// How long the machine has slept: the monotonic clock stands still then, the boot clock does not.
fn time_slept() -> Duration {
    let read = |clock| clock_gettime(clock).map_or(Duration::ZERO, Duration::from);
    let monotonic = read(ClockId::CLOCK_MONOTONIC);
    read(ClockId::CLOCK_BOOTTIME).saturating_sub(monotonic)
}

/// Whether a perf event still runs: then the time for which it was enabled grows.
#[derive(Debug, Default)]
pub struct PerfEventLife {
    enabled: Option<u64>,
}

impl PerfEventLife {
    /// Whether it has stood still since it was looked at last, a second ago or more. It was opened
    /// with [`TIME_ENABLED`].
    pub fn has_ended(&mut self, event: BorrowedFd<'_>) -> bool {
        let now = time_enabled(event);
        let before = std::mem::replace(&mut self.enabled, now);
        now.is_some() && now == before
    }
}

/// The second of the numbers that the event gives.
fn time_enabled(event: BorrowedFd<'_>) -> Option<u64> {
    let mut numbers = [0; 24];
    let length = nix::unistd::read(event, &mut numbers).ok()?;
    let enabled = numbers.get(8..16).filter(|_| length >= 16)?;
    Some(u64::from_ne_bytes(enabled.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms of the kernel's lists.
    #[test]
    fn lists_of_cpus() {
        let cpus = |list| parse(list).collect::<Vec<_>>();
        assert_eq!(cpus("0-1\n"), [0, 1]);
        assert_eq!(cpus("0,2-3,7"), [0, 2, 3, 7]);
        assert_eq!(cpus("0"), [0]);
        assert_eq!(cpus("\n"), [0; 0]);
    }

    /// A CPU that comes back needs something new; one that goes does not.
    #[test]
    fn cpus_that_go_and_come() {
        let mut watch = CpuWatch::new(vec![0, 1]);
        let slept = watch.slept;
        let mut came = |online: &[i32]| watch.update(online.to_vec(), slept).came;
        assert_eq!(came(&[0, 1]), [0; 0]);
        assert_eq!(came(&[0]), [0; 0]);
        assert_eq!(came(&[0, 1, 2]), [1, 2]);
        assert_eq!(came(&[0, 1, 2]), [0; 0]);
    }

    /// Events are looked at seldom, and soon when something happened.
    #[test]
    fn checks_of_events() {
        let mut watch = CpuWatch::new(vec![0, 1]);
        let slept = watch.slept;
        let mut checks = |online: &[i32], slept, times: u32| {
            let mut due = |_: &u32| watch.update(online.to_vec(), slept).check.is_some();
            (0..times).filter(|time| due(time)).count()
        };
        assert_eq!(checks(&[0, 1], slept, 10), 1);
        assert_eq!(checks(&[0, 1], slept, 100), 10);
        assert_eq!(
            checks(&[0, 1], slept + Duration::from_secs(5), 8),
            3,
            "after a sleep"
        );
        assert_eq!(
            checks(&[0], slept + Duration::from_secs(5), 1),
            1,
            "without a CPU"
        );
    }
}
