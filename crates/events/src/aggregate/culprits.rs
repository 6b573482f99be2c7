//! To whom short-lived processes belong: the nearest ancestor that is not itself short-lived.

use super::cell::Cell;
use super::cell::Lived;
use super::pending::Pending;
use super::pending::PendingTable;
use super::program_tree::ProgramTree;
use super::report::CulpritDetail;
use super::report::ReportRow;
use super::report::RowName;
use super::report::Span;
use super::report::Sums;
use super::row::Notes;
use super::rows::RowData;
use super::rows::Rows;
use super::series::Series;
use super::slots::Slots;
use super::who::Label;
use super::who::Starter;
use super::who::Who;
use crate::argv::Argv;
use crate::cgroups::Cgroups;
use crate::comm::Comm;
use crate::event::ExitStatus;
use crate::event::ProcessId;
use crate::lineage::AncestorState;
use crate::lineage::FINAL_ACCOUNT_NS;
use crate::lineage::Lineage;

/// The end of a process is known this long after it, since its final resource usage is awaited.
const KNOWN_AFTER_NS: u64 = 2 * FINAL_ACCOUNT_NS;

/// How many of the ancestors are looked at.
const HIGHEST: usize = 64;

/// A culprit's row.
#[derive(Debug, Clone)]
pub(super) struct CulpritRow {
    who: Who,
    tree: ProgramTree,
    notes: Notes,
    last_active_ns: u64,
    has_ended: bool,
}

impl CulpritRow {
    fn new(who: Who) -> Self {
        Self {
            who,
            tree: ProgramTree::default(),
            notes: Notes::default(),
            last_active_ns: 0,
            has_ended: false,
        }
    }

    fn detail(&self, span: Span, slots: &Slots) -> CulpritDetail {
        CulpritDetail {
            who: self.who.clone(),
            programs: self.tree.lines(span, slots),
        }
    }

    fn take(&mut self, pending: &Pending, path: &[Comm], slots: &Slots) {
        self.tree.graft(path.iter().copied(), &pending.tree, slots);
        self.notes.merge(&pending.notes);
        self.last_active_ns = self.last_active_ns.max(pending.last_active_ns);
    }
}

impl RowData for CulpritRow {
    fn last_active_ns(&self) -> u64 {
        self.last_active_ns
    }

    fn add_to_series(&self, sum: &mut Series, slots: &Slots) {
        self.tree.add_to_series(sum, slots);
    }
}

/// A process that has ended, to be attributed.
pub(super) struct Subject<'a> {
    pub(super) process: ProcessId,
    pub(super) program: Comm,
    pub(super) now_ns: u64,
    /// `None` if it is only a link between others, which no filter has selected.
    pub(super) lived: Option<&'a Lived>,
    pub(super) is_short: bool,
    pub(super) failure: Option<ExitStatus>,
    pub(super) args: Option<Argv<'a>>,
}

/// What is needed to describe a culprit.
pub(super) struct Context<'a, 'l> {
    pub(super) lineage: &'a Lineage,
    pub(super) cgroups: &'a Cgroups,
    pub(super) label: &'a mut Label<'l>,
    pub(super) slots: &'a Slots,
}

/// Culprits, and those that may be.
#[derive(Debug)]
pub(super) struct Culprits {
    max_lifetime_ns: u64,
    rows: Rows<ProcessId, CulpritRow>,
    pending: PendingTable,
}

/// To whom a process belongs.
struct Verdict<'a> {
    /// The nearest ancestor that is known not to be short-lived.
    culprit: Option<AncestorState<'a>>,
    /// The nearest ancestor that is alive and too young to tell, with the number of programs
    /// between it and the process.
    young: Option<(AncestorState<'a>, usize)>,
    /// The programs between the culprit and the process, the nearest to the process first.
    between: Vec<Comm>,
}

impl Culprits {
    pub(super) fn new(max_lifetime_ns: u64, limit: usize) -> Self {
        Self {
            max_lifetime_ns,
            rows: Rows::new(limit),
            pending: PendingTable::default(),
        }
    }

    /// Takes a process that has ended, and returns who started it by what is known now.
    pub(super) fn end(&mut self, subject: &Subject<'_>, context: &mut Context<'_, '_>) -> Starter {
        let own = self.pending.remove(subject.process);
        if !subject.is_short {
            self.end_long(subject, own, context.slots);
            return Starter::UNKNOWN;
        }
        if subject.lived.is_none() && own.is_none() {
            return Starter::UNKNOWN;
        }
        let verdict = self.verdict(subject, context.lineage);
        let culprit = verdict.culprit;
        match &verdict.young {
            Some((young, _)) => self.add_to_young(*young, &verdict, subject, own, context),
            None => self.add_to_culprit(&verdict, subject, own, context),
        }
        culprit.map_or(Starter::UNKNOWN, |it| Starter::new(it.process, it.comm))
    }

    /// A process that was not short-lived has ended: what it has started is its own.
    fn end_long(&mut self, subject: &Subject<'_>, own: Option<Pending>, slots: &Slots) {
        if let Some(own) = own {
            self.settle(own, slots);
        }
        if let Some(row) = self.rows.get_mut(&subject.process) {
            row.has_ended = true;
        }
    }

    fn verdict<'a>(&self, subject: &Subject<'_>, lineage: &'a Lineage) -> Verdict<'a> {
        let mut verdict = Verdict {
            culprit: None,
            young: None,
            between: Vec::new(),
        };
        for state in lineage.ancestor_states(subject.process).take(HIGHEST) {
            let age = state.age_ns(subject.now_ns);
            if age.is_some_and(|age| age > self.max_lifetime_ns) {
                verdict.culprit = Some(state);
                break;
            }
            if state.is_alive && verdict.young.is_none() {
                verdict.young = Some((state, verdict.between.len()));
            }
            verdict.between.push(Comm::new(state.comm));
        }
        verdict
    }

    fn add_to_young(
        &mut self,
        young: AncestorState<'_>,
        verdict: &Verdict<'_>,
        subject: &Subject<'_>,
        own: Option<Pending>,
        context: &mut Context<'_, '_>,
    ) {
        let process = young.process;
        if self.pending.get_mut(process).is_none() {
            let pending = new_pending(&young, verdict, context);
            if let Some(removed) = self.pending.insert(pending) {
                self.give_up(removed, context.slots);
            }
        }
        let between = verdict.young.as_ref().map_or(0, |(_, between)| *between);
        let path = path_to(subject.program, &verdict.between[..between]);
        let Some(pending) = self.pending.get_mut(process) else {
            return;
        };
        add(
            (&mut pending.tree, &mut pending.notes),
            &path,
            subject,
            own.as_ref(),
            context,
        );
        pending.last_active_ns = subject.now_ns;
    }

    fn add_to_culprit(
        &mut self,
        verdict: &Verdict<'_>,
        subject: &Subject<'_>,
        own: Option<Pending>,
        context: &mut Context<'_, '_>,
    ) {
        let path = path_to(subject.program, &verdict.between);
        let process = verdict
            .culprit
            .map_or(ProcessId::UNKNOWN, |state| state.process);
        if self.rows.get(&process).is_none() {
            let who = culprit_who(verdict, context);
            self.rows
                .row(process, context.slots, || CulpritRow::new(who));
        }
        if let Some(own) = self.pending.remove(process) {
            self.settle(own, context.slots); // it has lived on
        }
        let Some(row) = self.rows.get_mut(&process) else {
            return;
        };
        row.last_active_ns = subject.now_ns;
        add(
            (&mut row.tree, &mut row.notes),
            &path,
            subject,
            own.as_ref(),
            context,
        );
    }

    /// Time has passed: who is not young any more is a culprit.
    pub(super) fn tick(&mut self, slots: &Slots) {
        let age_ns = self.max_lifetime_ns.saturating_add(KNOWN_AFTER_NS);
        let before = slots.now_ns.saturating_sub(age_ns);
        for pending in self.pending.take_begun_before(before) {
            self.settle(pending, slots);
        }
    }

    /// This process is a culprit.
    fn settle(&mut self, pending: Pending, slots: &Slots) {
        let process = pending.who.starter.process;
        let who = pending.who.clone();
        let row = self.rows.row(process, slots, || CulpritRow::new(who));
        row.take(&pending, &[], slots);
    }

    /// There is no room to wait for the end of this process: it is taken for short-lived.
    fn give_up(&mut self, pending: Pending, slots: &Slots) {
        let process = pending.above.starter.process;
        let who = pending.above.clone();
        let row = self.rows.row(process, slots, || CulpritRow::new(who));
        row.take(&pending, &pending.path, slots);
    }

    /// The rows with what the young have started, each as if they ended now.
    fn provisional(&self, slots: &Slots) -> Vec<CulpritRow> {
        let mut rows: foldhash::HashMap<ProcessId, CulpritRow> = self
            .rows
            .iter()
            .map(|(process, row)| (*process, row.clone()))
            .collect();
        for pending in self.pending.iter() {
            let process = pending.above.starter.process;
            rows.entry(process)
                .or_insert_with(|| CulpritRow::new(pending.above.clone()))
                .take(pending, &pending.path, slots);
        }
        rows.into_values().collect()
    }

    /// The rows of a report.
    pub(super) fn report(&self, span: Span, slots: &Slots) -> Vec<ReportRow> {
        let rows = self.provisional(slots);
        rows.iter()
            .map(|row| report_row(row, span, slots))
            .collect()
    }

    /// The sums of the rows that fell out, and how many these are.
    pub(super) fn others(&self, span: Span, slots: &Slots) -> (Cell, u64) {
        self.rows.others(span, slots)
    }

    /// Everything about all culprits.
    pub(super) fn details(&self, span: Span, slots: &Slots) -> Vec<CulpritDetail> {
        let rows = self.provisional(slots);
        rows.iter().map(|row| row.detail(span, slots)).collect()
    }

    /// Everything about one culprit.
    pub(super) fn detail(
        &self,
        process: ProcessId,
        span: Span,
        slots: &Slots,
    ) -> Option<CulpritDetail> {
        let rows = self.provisional(slots);
        let row = rows.iter().find(|row| row.who.starter.process == process)?;
        Some(row.detail(span, slots))
    }
}

fn report_row(row: &CulpritRow, span: Span, slots: &Slots) -> ReportRow {
    let mut sum = Cell::default();
    row.tree.add_to(&mut sum, span, slots);
    let program = row.tree.main_program(span, slots);
    ReportRow {
        name: RowName::Process(row.who.clone()),
        sums: Sums::of(&sum),
        starter: Some(row.who.starter),
        program: program.map(|program| program.get().into()),
        commands: row.notes.commands.iter().cloned().collect(),
        failure: row.notes.failure.get(),
        has_ended: row.has_ended,
    }
}

/// Adds a process, and what it has started itself.
fn add(
    (tree, notes): (&mut ProgramTree, &mut Notes),
    path: &[Comm],
    subject: &Subject<'_>,
    own: Option<&Pending>,
    context: &mut Context<'_, '_>,
) {
    if let Some(own) = own {
        tree.graft(path.iter().copied(), &own.tree, context.slots);
        notes.merge(&own.notes);
    }
    if let Some(lived) = subject.lived {
        tree.record(path.iter().copied(), lived, context.slots);
        let mut command = || subject.args.map(|args| (context.label)(&args));
        notes.add(subject.now_ns, Starter::UNKNOWN, subject.failure, || {
            command().unwrap_or_default()
        });
    }
}

/// The programs from a starter to a process. `between`: the nearest to the process first.
fn path_to(program: Comm, between: &[Comm]) -> Vec<Comm> {
    let between = between.iter().rev().copied();
    between.chain([program]).collect()
}

fn new_pending(
    young: &AncestorState<'_>,
    verdict: &Verdict<'_>,
    context: &mut Context<'_, '_>,
) -> Pending {
    let between = verdict.young.as_ref().map_or(0, |(_, between)| *between);
    let path: Vec<Comm> = verdict.between[between..].iter().rev().copied().collect();
    Pending {
        who: who(young, context),
        above: culprit_who(verdict, context),
        path,
        tree: ProgramTree::default(),
        notes: Notes::default(),
        last_active_ns: 0,
    }
}

fn culprit_who(verdict: &Verdict<'_>, context: &mut Context<'_, '_>) -> Who {
    match &verdict.culprit {
        Some(state) => who(state, context),
        None => Who::unknown(),
    }
}

fn who(state: &AncestorState<'_>, context: &mut Context<'_, '_>) -> Who {
    let above = context.lineage.ancestor_states(state.process);
    Who::new(state, above, context.cgroups, context.label)
}
