//! The sums of some processes in some time.

use super::lifetimes::Lifetimes;

/// What sums need of a process that has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lived {
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) cpu_ns: Option<u64>,
    pub(super) has_failed: bool,
    pub(super) peak_rss: Option<u64>,
}

impl Lived {
    pub(super) fn lifetime_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }
}

/// The sums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// CPU time that was spent in this time.
    pub(super) cpu_ns: u64,
    /// Processes that ended in this time.
    pub(super) count: u64,
    /// Those of them whose CPU time is not known.
    pub(super) unknown_cpu: u64,
    /// Those of them that did not end with status 0.
    pub(super) failed: u64,
    /// The largest peak memory of one of them, in bytes.
    pub(super) peak_rss: Option<u64>,
    pub(super) lifetimes: Lifetimes,
}

impl Cell {
    /// Counts an end.
    pub(super) fn add_end(&mut self, lived: &Lived) {
        self.count += 1;
        self.unknown_cpu += u64::from(lived.cpu_ns.is_none());
        self.failed += u64::from(lived.has_failed);
        self.peak_rss = self.peak_rss.max(lived.peak_rss);
        self.lifetimes.add(lived.lifetime_ns());
    }

    /// Adds the sums of others.
    pub(super) fn merge(&mut self, other: &Self) {
        self.cpu_ns += other.cpu_ns;
        self.count += other.count;
        self.unknown_cpu += other.unknown_cpu;
        self.failed += other.failed;
        self.peak_rss = self.peak_rss.max(other.peak_rss);
        self.lifetimes.merge(&other.lifetimes);
    }
}
