//! How busy the machine was, as `/proc/stat` counts it.

use std::fs::File;
use std::io::Read as _;
use std::io::Seek as _;

use nix::unistd::SysconfVar;
use nix::unistd::sysconf;

/// The machine's counters of CPU time.
///
/// The time that CPUs were busy is the time that they were not idle: kernels measure idle time, but
/// divide the rest by what happens to run at a clock tick.
#[derive(Debug)]
pub struct BusyTime {
    file: Option<File>,
    tick_ns: u64,
    text: String,
}

/// CPU time since boot, of all CPUs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Idle {
    cpus: u32,
    /// Idle, or waiting for I/O, or taken by the hypervisor.
    idle_ticks: u64,
}

impl BusyTime {
    /// The counters of this machine. It can be made before privileges are dropped.
    pub fn open() -> Self {
        let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten();
        let per_second = per_second.and_then(|number| u64::try_from(number).ok());
        Self {
            file: File::open("/proc/stat").ok(),
            tick_ns: 1_000_000_000 / per_second.filter(|it| *it > 0).unwrap_or(100),
            text: String::new(),
        }
    }

    /// How many CPUs are online; `None` if that is not known.
    pub fn cpus(&mut self) -> Option<u32> {
        Some(self.read()?.cpus).filter(|cpus| *cpus > 0)
    }

    /// The busy time of all CPUs until a moment, in ns since boot; `None` if it is not known. Only
    /// differences mean something.
    pub fn busy_ns(&mut self, now_ns: u64) -> Option<u64> {
        let idle = self.read()?;
        let all = now_ns.saturating_mul(u64::from(idle.cpus));
        // A counter that begins at 1 << 62 never falls below 0 where clocks differ.
        Some((1_u64 << 62) + all - idle.idle_ticks.saturating_mul(self.tick_ns).min(1 << 61))
    }

    fn read(&mut self) -> Option<Idle> {
        let file = self.file.as_mut()?;
        self.text.clear();
        file.rewind().ok()?;
        file.read_to_string(&mut self.text).ok()?;
        parse(&self.text)
    }
}

fn parse(text: &str) -> Option<Idle> {
    let mut lines = text.lines().take_while(|line| line.starts_with("cpu"));
    let all = lines.next()?.split_ascii_whitespace().skip(1);
    let ticks: Vec<u64> = all.filter_map(|word| word.parse().ok()).collect();
    let idle_ticks = [3, 4, 7].iter().filter_map(|at| ticks.get(*at)).sum();
    let cpus = u32::try_from(lines.count()).ok()?;
    Some(Idle { cpus, idle_ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Idle time, I/O wait and stolen time are not busy.
    #[test]
    fn proc_stat() {
        let text = "cpu  10 1 20 300 40 0 5 6 0 0\ncpu0 5 0 10 150 20 0 2 3 0 0\n\
                    cpu1 5 1 10 150 20 0 3 3 0 0\nintr 1 2 3\n";
        let expected = Idle {
            cpus: 2,
            idle_ticks: 346,
        };
        assert_eq!(parse(text), Some(expected));
        assert_eq!(parse("intr 1"), None);
        assert_eq!(parse(""), None);
    }

    /// On this machine the counter grows, by at most the time of all CPUs.
    #[test]
    fn this_machine() {
        let mut busy = BusyTime::open();
        assert!(busy.cpus().is_some_and(|cpus| cpus > 0));
        let first = busy.busy_ns(1_000_000_000_000).expect("a counter");
        assert!(busy.busy_ns(1_001_000_000_000).is_some_and(|it| it > first));
    }
}
