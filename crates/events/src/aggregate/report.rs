//! What a ranking says of an interval.

use super::cell::Cell;
use super::who::Starter;
use super::who::Who;
use crate::event::ExitStatus;

/// The time that a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// The last seconds.
    Window,
    /// Everything since the start.
    Start,
}

/// From when to when, in ns since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Its begin.
    pub from_ns: u64,
    /// Its end.
    pub to_ns: u64,
}

impl Interval {
    /// How long it is.
    pub fn ns(&self) -> u64 {
        self.to_ns.saturating_sub(self.from_ns)
    }
}

/// Sums of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// CPU time that was spent in the interval; `None` if that of no process is known.
    pub cpu_ns: Option<u64>,
    /// Processes that ended in the interval.
    pub count: u64,
    /// Those of them that did not end with status 0.
    pub failed: u64,
    /// The largest peak memory of one of them, in bytes.
    pub peak_rss: Option<u64>,
    /// Their median lifetime.
    pub p50_ns: Option<u64>,
    /// The lifetime that one of a hundred exceeds.
    pub p99_ns: Option<u64>,
}

impl Sums {
    pub(super) fn of(cell: &Cell) -> Self {
        let is_unknown = cell.count > 0 && cell.unknown_cpu == cell.count;
        Self {
            cpu_ns: (!is_unknown).then_some(cell.cpu_ns),
            count: cell.count,
            failed: cell.failed,
            peak_rss: cell.peak_rss,
            p50_ns: cell.lifetimes.quantile(50),
            p99_ns: cell.lifetimes.quantile(99),
        }
    }

    /// CPU time of one process, on average.
    pub fn cpu_each_ns(&self) -> Option<u64> {
        self.cpu_ns?.checked_div(self.count)
    }
}

/// What a row is about. Bytes are as they were: not fit to be shown.
#[derive(Debug, Clone)]
pub enum RowName {
    /// A process.
    Process(Who),
    /// A program's name.
    Program(Box<[u8]>),
    /// A command line, fit to be shown; empty if it is not known.
    Command(Box<str>),
    /// A unit; `None` for processes in none.
    Unit(Option<Box<[u8]>>),
    /// A container; `None` for processes in none.
    Container(Option<Box<[u8]>>),
    /// A user.
    User(Option<u32>),
}

/// A row of a report.
#[derive(Debug, Clone)]
pub struct ReportRow {
    /// What it is about.
    pub name: RowName,
    /// Its sums.
    pub sums: Sums,
    /// Who has started most of its processes.
    pub starter: Option<Starter>,
    /// The program with most CPU time. Bytes as they were.
    pub program: Option<Box<[u8]>>,
    /// Its last command lines, the newest first; fit to be shown.
    pub commands: Vec<Box<str>>,
    /// How most of those that failed have ended.
    pub failure: Option<ExitStatus>,
    /// The process that it is about has ended.
    pub has_ended: bool,
}

/// A program that a culprit starts, with the programs below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramLine {
    /// How many programs are between it and the culprit.
    pub depth: usize,
    /// Its name. Bytes as they were.
    pub program: Box<[u8]>,
    /// The sums of the whole subtree.
    pub sums: Sums,
}

/// Everything about one culprit.
#[derive(Debug, Clone)]
pub struct CulpritDetail {
    /// The process.
    pub who: Who,
    /// What it starts: each program before those below it.
    pub programs: Vec<ProgramLine>,
}

/// What a ranking says of an interval.
#[derive(Debug, Clone)]
pub struct Report {
    /// The interval.
    pub interval: Interval,
    /// How many CPUs the machine has.
    pub cpus: u32,
    /// How long CPUs were busy, all together; `None` if that is not known. It is never less than
    /// what short-lived processes used.
    pub busy_ns: Option<u64>,
    /// All short-lived processes that were selected.
    pub short: Sums,
    /// Processes that ended, short-lived or not.
    pub ended: u64,
    /// Execs that failed; `None` if they are not counted.
    pub failed_execs: Option<u64>,
    /// The rows, those with most CPU time first.
    pub rows: Vec<ReportRow>,
    /// The sums of rows that fell out because there were too many.
    pub others: Sums,
    /// How many rows fell out since the start.
    pub fallen: u64,
}

impl Report {
    /// CPU time that the machine has in this interval.
    pub fn capacity_ns(&self) -> u64 {
        self.interval.ns().saturating_mul(u64::from(self.cpus))
    }

    /// CPU time of everything that is not a short-lived process; `None` if it is not known.
    pub fn rest_ns(&self) -> Option<u64> {
        Some(self.busy_ns?.saturating_sub(self.short.cpu_ns?))
    }

    /// A share of the machine in percent; `None` in an interval without length.
    pub fn percent(&self, cpu_ns: u64) -> Option<f64> {
        let capacity = self.capacity_ns();
        (capacity > 0).then(|| as_f64(cpu_ns) * 100.0 / as_f64(capacity))
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with three figures")]
pub(super) fn as_f64(number: u64) -> f64 {
    number as f64
}
