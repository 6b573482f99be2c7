//! The columns of a ranking, and what is in their cells.

use execsnoop_events::aggregate::Grouping;
use execsnoop_events::aggregate::Sums;
use execsnoop_events::units;

use super::view::View;
use super::view::ViewRow;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Share of the machine's CPU time.
    Cpu,
    /// Processes per second.
    Rate,
    /// CPU time of one process.
    CpuEach,
    /// Median lifetime.
    P50,
    /// The lifetime that one of a hundred exceeds.
    P99,
    /// Processes that did not end with status 0.
    Failed,
    /// How most of these have ended.
    Exit,
    /// The largest peak memory of a process.
    Rss,
    /// What is ranked.
    Name,
    /// Whose that process is.
    Owner,
    /// Who starts the processes.
    Starter,
    /// The program that most of it is.
    Program,
    /// The last command line.
    Command,
}

impl Column {
    const NUMBERS: [Self; 8] = [
        Self::Cpu,
        Self::Rate,
        Self::CpuEach,
        Self::P50,
        Self::P99,
        Self::Failed,
        Self::Exit,
        Self::Rss,
    ];

    /// The columns of a grouping.
    pub fn all(by: Grouping) -> Vec<Self> {
        let texts: &[Self] = match by {
            Grouping::Culprit => &[Self::Name, Self::Owner, Self::Program, Self::Command],
            Grouping::Program => &[Self::Name, Self::Starter, Self::Command],
            Grouping::Command => &[Self::Starter, Self::Name],
            Grouping::Parent | Grouping::Unit | Grouping::Container | Grouping::User => {
                &[Self::Name, Self::Starter, Self::Program, Self::Command]
            }
        };
        [&Self::NUMBERS, texts].concat()
    }

    /// The header.
    pub fn title(self, by: Grouping) -> &'static str {
        match (self, by) {
            (Self::Cpu, _) => "CPU%",
            (Self::Rate, _) => "PROC/S",
            (Self::CpuEach, _) => "CPU/PROC",
            (Self::P50, _) => "P50",
            (Self::P99, _) => "P99",
            (Self::Failed, _) => "FAILED",
            (Self::Exit, _) => "EXIT",
            (Self::Rss, _) => "RSS",
            (Self::Name, Grouping::Culprit) | (Self::Starter, _) => "STARTED BY",
            (Self::Name, Grouping::Program) | (Self::Program, _) => "PROGRAM",
            (Self::Name, Grouping::Command) | (Self::Command, _) => "COMMAND",
            (Self::Name, Grouping::Parent) => "PARENT",
            (Self::Name, Grouping::Unit) => "UNIT",
            (Self::Name, Grouping::Container) => "CONTAINER",
            (Self::Name, Grouping::User) => "USER",
            (Self::Owner, _) => "OWNER",
        }
    }

    /// Whether it is a number, which stands at the right of its column.
    pub fn is_number(self) -> bool {
        Self::NUMBERS.contains(&self)
    }

    /// By what rows are sorted by this column, the largest first.
    pub fn sort_key(self, sums: &Sums) -> u64 {
        let key = match self {
            Self::Cpu => sums.cpu_ns,
            Self::CpuEach => sums.cpu_each_ns(),
            Self::P50 => sums.p50_ns,
            Self::P99 => sums.p99_ns,
            Self::Failed => Some(sums.failed),
            Self::Rss => sums.peak_rss,
            _ => Some(sums.count),
        };
        key.unwrap_or(0)
    }

    /// Whether it is about processes that failed.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Exit)
    }

    /// The cell of a row.
    pub fn cell(self, row: &ViewRow, view: &View) -> String {
        match self {
            Self::Name => row.name.clone(),
            Self::Owner => row.owner.clone(),
            Self::Starter => row.starter.clone(),
            Self::Program => row.program.clone(),
            Self::Command => row.command().to_owned(),
            Self::Exit => row.exit.clone(),
            number => number.number(&row.sums, view),
        }
    }

    /// The cell of sums; empty for a text.
    pub fn number(self, sums: &Sums, view: &View) -> String {
        match self {
            Self::Cpu => percent(view.percent(sums.cpu_ns)),
            Self::Rate => rate(view.per_second(sums.count)),
            Self::CpuEach => duration(sums.cpu_each_ns()),
            Self::P50 => duration(sums.p50_ns),
            Self::P99 => duration(sums.p99_ns),
            Self::Failed if sums.failed == 0 => "-".to_owned(),
            Self::Failed => sums.failed.to_string(),
            Self::Rss => size(sums.peak_rss),
            _ => String::new(),
        }
    }
}

/// `48.1`, `0.03`; `?` if it is not known.
pub fn percent(percent: Option<f64>) -> String {
    match percent {
        None => "?".to_owned(),
        Some(percent) if percent >= 0.995 || percent == 0.0 => format!("{percent:.1}"),
        Some(percent) => format!("{percent:.2}"),
    }
}

/// `304`, `2.5`, `0.10`.
pub fn rate(rate: f64) -> String {
    match rate {
        rate if rate >= 99.5 => format!("{rate:.0}"),
        rate if rate >= 9.95 => format!("{rate:.1}"),
        rate => format!("{rate:.2}"),
    }
}

fn duration(ns: Option<u64>) -> String {
    text(ns, units::duration)
}

fn size(bytes: Option<u64>) -> String {
    text(bytes, units::size)
}

fn text(number: Option<u64>, write: fn(&mut Vec<u8>, u64)) -> String {
    let Some(number) = number else {
        return "?".to_owned();
    };
    let mut out = Vec::new();
    write(&mut out, number);
    String::from_utf8_lossy(&out).into_owned()
}
