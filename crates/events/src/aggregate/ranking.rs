//! The ranking as a whole.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;

use super::cell::Cell;
use super::cell::Lived;
use super::culprits::Context;
use super::culprits::Culprits;
use super::culprits::Subject;
use super::grouping::Grouping;
use super::machine::Machine;
use super::report::CulpritDetail;
use super::report::Report;
use super::report::ReportRow;
use super::report::RowName;
use super::report::Span;
use super::report::Sums;
use super::row::Majority;
use super::row::Notes;
use super::rows::RowData;
use super::rows::Rows;
use super::series::Series;
use super::slots::Slots;
use super::who::Label;
use super::who::Starter;
use super::who::Who;
use super::who::container_of;
use super::who::unit_of;
use crate::cgroups::Cgroups;
use crate::comm::Comm;
use crate::event::Exit;
use crate::event::ExitStatus;
use crate::event::ProcessId;
use crate::event::ProcessSummary;
use crate::identity::CgroupOwner;
use crate::lineage::Lineage;

/// The window has this many slots.
const SLOTS: u64 = 10;

/// The shortest slot.
const LEAST_SLOT_NS: u64 = 10_000_000;

/// The most culprits: each has a tree.
const MOST_CULPRITS: usize = 512;

/// What a ranking is to do.
#[derive(Debug, Clone)]
pub struct RankingSettings {
    /// When it begins, in ns since boot.
    pub begin_ns: u64,
    /// When it ends; `u64::MAX` if that is open.
    pub until_ns: u64,
    /// How many CPUs the machine has.
    pub cpus: u32,
    /// A process that has lived this long or shorter is short-lived.
    pub max_lifetime_ns: u64,
    /// How long the window is.
    pub window_ns: u64,
    /// By what is ranked. Culprits always are.
    pub groupings: Vec<Grouping>,
    /// Whether failed execs are counted.
    pub counts_failed_execs: bool,
    /// How many rows a grouping has at most.
    pub most_rows: usize,
}

/// A process that has ended, and where to look up what belongs to it.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'a> {
    /// When it ended, in ns since boot.
    pub end_ns: u64,
    /// The process.
    pub summary: &'a ProcessSummary<'a>,
    /// The process table.
    pub lineage: &'a Lineage,
    /// The names of cgroups.
    pub cgroups: &'a Cgroups,
}

/// Ranks short-lived processes by who or what spends the machine on them.
#[derive(Debug)]
pub struct Ranking {
    slots: Slots,
    cpus: u32,
    max_lifetime_ns: u64,
    culprits: Culprits,
    tables: Vec<(Grouping, Rows<u64, Row>)>,
    /// All short-lived processes.
    short: Series,
    /// All processes that ended.
    ended: Series,
    /// `None` if they are not counted.
    failed_execs: Option<Series>,
    machine: Machine,
    hasher: FixedState,
}

/// A row of any grouping but that by culprits.
#[derive(Debug)]
struct Row {
    name: RowName,
    sums: Series,
    notes: Notes,
    program: Majority<Comm>,
    last_active_ns: u64,
}

impl RowData for Row {
    fn last_active_ns(&self) -> u64 {
        self.last_active_ns
    }

    fn add_to_series(&self, sum: &mut Series, slots: &Slots) {
        sum.merge(&self.sums, slots);
    }
}

impl Ranking {
    /// An empty ranking.
    pub fn new(settings: &RankingSettings) -> Self {
        let tables = settings.groupings.iter();
        let tables = tables.filter(|grouping| **grouping != Grouping::Culprit);
        let rows = settings.most_rows;
        Self {
            slots: Slots {
                begin_ns: settings.begin_ns,
                until_ns: settings.until_ns,
                now_ns: settings.begin_ns,
                slot_ns: (settings.window_ns / SLOTS).max(LEAST_SLOT_NS),
                count: SLOTS,
            },
            cpus: settings.cpus,
            max_lifetime_ns: settings.max_lifetime_ns,
            culprits: Culprits::new(settings.max_lifetime_ns, rows.min(MOST_CULPRITS)),
            tables: tables.map(|it| (*it, Rows::new(rows))).collect(),
            short: Series::default(),
            ended: Series::default(),
            failed_execs: settings.counts_failed_execs.then(Series::default),
            machine: Machine::default(),
            hasher: FixedState::default(),
        }
    }

    /// Takes note that time has passed.
    pub fn tick(&mut self, now_ns: u64) {
        self.slots.now_ns = self.slots.now_ns.max(now_ns);
        self.culprits.tick(&self.slots);
    }

    /// Takes a sample of the machine's counter of busy time: that of all CPUs together.
    pub fn machine(&mut self, now_ns: u64, busy_ns: u64) {
        self.machine.add(now_ns, busy_ns, self.slots.slot_ns / 4);
    }

    /// Takes a process that has ended and was selected. `label` makes a command line fit to be
    /// shown.
    pub fn finished(&mut self, finished: &Finished<'_>, label: &mut Label<'_>) {
        let Some(lived) = self.lived(finished) else {
            return;
        };
        self.ended.record(&lived, &self.slots);
        let is_short = lived.lifetime_ns() <= self.max_lifetime_ns;
        let starter = self.attribute(finished, Some(&lived), is_short, label);
        if is_short {
            self.short.record(&lived, &self.slots);
            for at in 0..self.tables.len() {
                self.record(at, finished, &lived, starter, label);
            }
        }
    }

    /// Takes a process that has ended and was not selected: it may link others to their culprit.
    pub fn link(&mut self, finished: &Finished<'_>, label: &mut Label<'_>) {
        if let Some(lived) = self.lived(finished) {
            let is_short = lived.lifetime_ns() <= self.max_lifetime_ns;
            self.attribute(finished, None, is_short, label);
        }
    }

    /// Counts failed execs.
    pub fn failed_execs(&mut self, ns: u64, count: u64) {
        self.slots.now_ns = self.slots.now_ns.max(ns);
        if let Some(series) = &mut self.failed_execs {
            series.count(ns, count, &self.slots);
        }
    }

    /// `None` of a process that is alive, or of which it is not known when it began.
    fn lived(&mut self, finished: &Finished<'_>) -> Option<Lived> {
        let exit = finished.summary.exit.as_ref()?;
        let process = finished.summary.process.known()?;
        self.slots.now_ns = self.slots.now_ns.max(finished.end_ns);
        let cost = exit.cost.as_ref();
        Some(Lived {
            start_ns: process.start_ns,
            end_ns: finished.end_ns,
            cpu_ns: cost.map(|cost| cost.cpu.total_ns),
            has_failed: failure(exit).is_some(),
            peak_rss: cost.map(|cost| cost.max_rss_bytes.unwrap_or(cost.peak_rss_bytes)),
        })
    }

    fn attribute(
        &mut self,
        finished: &Finished<'_>,
        lived: Option<&Lived>,
        is_short: bool,
        label: &mut Label<'_>,
    ) -> Starter {
        let summary = finished.summary;
        let subject = Subject {
            process: summary.process,
            program: Comm::new(summary.comm),
            now_ns: self.slots.now_ns,
            lived,
            is_short,
            failure: summary.exit.as_ref().and_then(failure),
            args: summary.image.map(|image| image.args),
        };
        let mut context = Context {
            lineage: finished.lineage,
            cgroups: finished.cgroups,
            label,
            slots: &self.slots,
        };
        self.culprits.end(&subject, &mut context)
    }

    /// Adds a process to its row of a table.
    fn record(
        &mut self,
        at: usize,
        finished: &Finished<'_>,
        lived: &Lived,
        starter: Starter,
        label: &mut Label<'_>,
    ) {
        let summary = finished.summary;
        let (grouping, table) = &mut self.tables[at];
        let key = key(*grouping, finished, &self.hasher);
        let row = table.row(key, &self.slots, || {
            Row::new(row_name(*grouping, finished, label))
        });
        row.last_active_ns = self.slots.now_ns;
        row.sums.record(lived, &self.slots);
        row.program.add(Comm::new(summary.comm));
        let failure = summary.exit.as_ref().and_then(failure);
        // The name of a row by command lines is its command line.
        let is_named = *grouping == Grouping::Command;
        let args = summary.image.filter(|_| !is_named).map(|image| image.args);
        row.notes.add(self.slots.now_ns, starter, failure, || {
            args.map(|args| label(&args)).unwrap_or_default()
        });
    }

    /// What is known of a span, by a grouping that was asked for.
    pub fn report(&self, grouping: Grouping, span: Span) -> Report {
        let slots = &self.slots;
        let interval = slots.interval(span);
        let table = self.tables.iter().find(|(it, _)| *it == grouping);
        let (mut rows, (others, fallen)) = match table {
            Some((_, table)) => (table_rows(table, span, slots), table.others(span, slots)),
            None => (
                self.culprits.report(span, slots),
                self.culprits.others(span, slots),
            ),
        };
        rows.retain(|row| row.sums.count > 0 || row.sums.cpu_ns.is_some_and(|ns| ns > 0));
        rows.sort_by_key(|row| std::cmp::Reverse((row.sums.cpu_ns, row.sums.count)));
        let short = Sums::of(&sum_of(&self.short, span, slots));
        let failed_execs = self.failed_execs.as_ref();
        let busy_ns = self.machine.busy_ns(interval);
        Report {
            interval,
            cpus: self.cpus,
            busy_ns: busy_ns.map(|busy| busy.max(short.cpu_ns.unwrap_or(0))),
            short,
            failed_execs: failed_execs.map(|series| sum_of(series, span, slots).count),
            ended: sum_of(&self.ended, span, slots).count,
            rows,
            others: Sums::of(&others),
            fallen,
        }
    }

    /// Everything about all culprits.
    pub fn culprits(&self, span: Span) -> Vec<CulpritDetail> {
        self.culprits.details(span, &self.slots)
    }

    /// Everything about one culprit.
    pub fn culprit(&self, process: ProcessId, span: Span) -> Option<CulpritDetail> {
        self.culprits.detail(process, span, &self.slots)
    }
}

impl Row {
    fn new(name: RowName) -> Self {
        Self {
            name,
            sums: Series::default(),
            notes: Notes::default(),
            program: Majority::default(),
            last_active_ns: 0,
        }
    }
}

fn failure(exit: &Exit<'_>) -> Option<ExitStatus> {
    exit.status.filter(|status| !status.success())
}

fn sum_of(series: &Series, span: Span, slots: &Slots) -> Cell {
    let mut sum = Cell::default();
    series.add_to(&mut sum, span, slots);
    sum
}

fn table_rows(table: &Rows<u64, Row>, span: Span, slots: &Slots) -> Vec<ReportRow> {
    table
        .iter()
        .map(|(_, row)| ReportRow {
            name: row.name.clone(),
            sums: Sums::of(&sum_of(&row.sums, span, slots)),
            starter: row.notes.starter.get(),
            program: row.program.get().map(|program| program.get().into()),
            commands: match &row.name {
                RowName::Command(command) => vec![command.clone()],
                _ => row.notes.commands.iter().cloned().collect(),
            },
            failure: row.notes.failure.get(),
            has_ended: false,
        })
        .collect()
}

/// To which row of a grouping a process belongs. Rows with the same number would be one; with 64
/// bits that is not to be expected.
fn key(grouping: Grouping, finished: &Finished<'_>, hasher: &FixedState) -> u64 {
    let summary = finished.summary;
    match grouping {
        Grouping::Culprit | Grouping::Parent => hasher.hash_one(parent(summary)),
        Grouping::Program => hasher.hash_one(summary.comm),
        Grouping::Command => hasher.hash_one(summary.image.map(|image| image.args.parts().0)),
        Grouping::Unit => hasher.hash_one(owner(finished).and_then(unit_of)),
        Grouping::Container => hasher.hash_one(owner(finished).and_then(container_of)),
        Grouping::User => hasher.hash_one(summary.uid),
    }
}

fn row_name(grouping: Grouping, finished: &Finished<'_>, label: &mut Label<'_>) -> RowName {
    let summary = finished.summary;
    let owned = |bytes: &[u8]| Box::from(bytes);
    match grouping {
        Grouping::Culprit | Grouping::Parent => RowName::Process(parent_who(finished, label)),
        Grouping::Program => RowName::Program(summary.comm.into()),
        Grouping::Command => {
            let args = summary.image.map(|image| image.args);
            RowName::Command(args.map(|args| label(&args)).unwrap_or_default())
        }
        Grouping::Unit => RowName::Unit(owner(finished).and_then(unit_of).map(owned)),
        Grouping::Container => {
            RowName::Container(owner(finished).and_then(container_of).map(owned))
        }
        Grouping::User => RowName::User(summary.uid),
    }
}

fn parent(summary: &ProcessSummary<'_>) -> ProcessId {
    summary.creator.unwrap_or(summary.parent)
}

fn parent_who(finished: &Finished<'_>, label: &mut Label<'_>) -> Who {
    let lineage = finished.lineage;
    let state = lineage.ancestor_states(finished.summary.process).next();
    let Some(state) = state else {
        return Who::unknown();
    };
    let above = lineage.ancestor_states(state.process);
    Who::new(&state, above, finished.cgroups, label)
}

fn owner<'a>(finished: &Finished<'a>) -> Option<&'a CgroupOwner> {
    finished.cgroups.get(finished.summary.place?.cgroup)
}
