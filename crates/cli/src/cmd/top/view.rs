//! A ranking as it is shown: every text in it is fit for a terminal.

use execsnoop_events::ExitStatus;
use execsnoop_events::ProcessId;
use execsnoop_events::aggregate::Grouping;
use execsnoop_events::aggregate::Report;
use execsnoop_events::aggregate::ReportRow;
use execsnoop_events::aggregate::RowName;
use execsnoop_events::aggregate::Span;
use execsnoop_events::aggregate::Starter;
use execsnoop_events::aggregate::Sums;
use execsnoop_events::aggregate::Who;
use execsnoop_events::signal_name;

use super::feed::Feed;
use super::label::shown;

/// A ranking of a moment.
#[derive(Debug, Clone)]
pub struct View {
    /// The answer in a sentence.
    pub answer: String,
    /// By what is ranked.
    pub by: Grouping,
    /// The numbers of the whole. Its rows are in `rows`.
    pub report: Report,
    /// The rows, those with most CPU time first.
    pub rows: Vec<ViewRow>,
    /// Events that were lost.
    pub lost: u64,
}

/// A row.
#[derive(Debug, Clone)]
pub struct ViewRow {
    /// What it is about, by the grouping.
    pub name: String,
    /// Its container, unit and user, if it is about a process.
    pub owner: String,
    /// Who has started most of its processes.
    pub starter: String,
    /// That process.
    pub process: Option<ProcessId>,
    /// The program that most of it is.
    pub program: String,
    /// The last command lines, the newest first.
    pub commands: Vec<String>,
    /// How most of those that failed have ended; empty if none has.
    pub exit: String,
    /// The process that it is about has ended.
    pub has_ended: bool,
    /// Its numbers.
    pub sums: Sums,
}

impl View {
    /// The ranking of a span; `None` before anything is known.
    pub fn of(feed: &mut Feed, by: Grouping, span: Span) -> Option<Self> {
        let culprits = feed.report(Grouping::Culprit, span)?;
        let answer = feed.answer(&culprits);
        let mut report = match by {
            Grouping::Culprit => culprits,
            _ => feed.report(by, span)?,
        };
        let rows = std::mem::take(&mut report.rows);
        let rows = rows.iter().map(|row| ViewRow::new(row, feed)).collect();
        Some(Self {
            answer,
            by,
            report,
            rows,
            lost: feed.lost(),
        })
    }

    /// How long the interval is, in seconds.
    pub fn seconds(&self) -> f64 {
        as_f64(self.report.interval.ns()) / 1e9
    }

    /// Something per second.
    pub fn per_second(&self, count: u64) -> f64 {
        as_f64(count) * 1e9 / as_f64(self.report.interval.ns().max(1))
    }

    /// A share of the machine, in percent.
    pub fn percent(&self, cpu_ns: Option<u64>) -> Option<f64> {
        self.report.percent(cpu_ns?)
    }
}

impl ViewRow {
    fn new(row: &ReportRow, feed: &mut Feed) -> Self {
        Self {
            name: name(&row.name, feed),
            owner: match &row.name {
                RowName::Process(who) => owner(who, feed),
                _ => String::new(),
            },
            starter: row.starter.as_ref().map(starter).unwrap_or_default(),
            process: row.starter.and_then(|starter| starter.process.known()),
            program: row.program.as_deref().map(shown).unwrap_or_default(),
            commands: row.commands.iter().map(|it| it.to_string()).collect(),
            exit: row.failure.map(exit).unwrap_or_default(),
            has_ended: row.has_ended,
            sums: row.sums,
        }
    }

    /// The last command line.
    pub fn command(&self) -> &str {
        self.commands.first().map_or("", String::as_str)
    }
}

fn name(name: &RowName, feed: &mut Feed) -> String {
    let or = |name: &Option<Box<[u8]>>, none: &str| match name {
        Some(name) => shown(name),
        None => none.to_owned(),
    };
    match name {
        RowName::Process(who) => starter(&who.starter),
        RowName::Program(name) => shown(name),
        RowName::Command(command) if command.is_empty() => "(unknown)".to_owned(),
        RowName::Command(command) => command.to_string(),
        RowName::Unit(unit) => or(unit, "(no unit)"),
        RowName::Container(id) => or(id, "(no container)"),
        RowName::User(Some(uid)) => user(*uid, false, feed),
        RowName::User(None) => "(unknown)".to_owned(),
    }
}

/// `burner.sh[4711]`.
pub fn starter(starter: &Starter) -> String {
    match starter.process.known() {
        Some(process) => format!("{}[{}]", shown(starter.comm()), process.pid),
        None => "(unknown)".to_owned(),
    }
}

/// Whose a process is: `cron.service root`.
pub fn owner(who: &Who, feed: &mut Feed) -> String {
    let mut words = Vec::new();
    if let Some(container) = &who.container {
        words.push(short_id(container));
    } else if let Some(unit) = &who.unit {
        words.push(shown(unit));
    }
    if let Some(uid) = who.uid {
        words.push(user(uid, who.container.is_some(), feed));
    }
    words.join(" ")
}

fn user(uid: u32, in_container: bool, feed: &mut Feed) -> String {
    let name = feed.user(uid, in_container);
    name.map_or_else(|| uid.to_string(), |name| shown(name.as_bytes()))
}

/// The beginning of a container's id, as its runtime shows it.
fn short_id(id: &[u8]) -> String {
    let is_hex = id.len() >= 32 && id.iter().all(u8::is_ascii_hexdigit);
    shown(if is_hex { &id[..12] } else { id })
}

fn exit(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => code.to_string(),
        ExitStatus::Signal { number, .. } => match signal_name(number) {
            Some(name) => name.into_owned(),
            None => number.to_string(),
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with three figures")]
pub fn as_f64(number: u64) -> f64 {
    number as f64
}
