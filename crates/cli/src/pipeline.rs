//! One event's way from its source to the output.

use std::io;
use std::time::Duration;

use execsnoop_events::Ancestor;
use execsnoop_events::Body;
use execsnoop_events::Descendants;
use execsnoop_events::Event;
use execsnoop_events::Fold;
use execsnoop_events::Kind;
use execsnoop_events::Limits;
use execsnoop_events::Lineage;
use execsnoop_events::Lost;
use execsnoop_events::ProcessId;
use execsnoop_events::Tally;
use execsnoop_events::json::Annotations;

use crate::accounting::Account;
use crate::args::Args;
use crate::args::EventKind;
use crate::filter::Filter;
use crate::output::Output;
use crate::say::say;

/// Follows, chooses, formats and counts events.
#[derive(Debug)]
pub struct Pipeline {
    /// The process table, when lives are followed.
    lineage: Option<Lineage>,
    fold: Option<Fold>,
    stage: Stage,
}

impl Pipeline {
    /// A pipeline for what `args` ask for.
    pub fn new(args: &Args, filter: Filter, output: Output) -> Self {
        let lineage = || Lineage::new(Limits::default(), args.shows(EventKind::Process));
        Self {
            lineage: args.follows_lives().then(lineage),
            fold: args.fold.then(Fold::default),
            stage: Stage::new(args, filter, output),
        }
    }

    /// Takes an event.
    pub fn take(&mut self, event: &Event<'_>) {
        let Self {
            lineage,
            fold,
            stage,
        } = self;
        stage.take_note(&event.body);
        // An end is shown before the table takes note of it, and forgets who ended.
        let ends = matches!(event.body, Body::Exit(_));
        if ends {
            show(event, lineage.as_ref(), fold, stage);
        }
        if let Some(table) = lineage {
            table.observe(event, &mut |done, table| stage.take(done, Some(table), 1));
        }
        if !ends {
            show(event, lineage.as_ref(), fold, stage);
        }
    }

    /// Takes note that time has passed.
    pub fn tick(&mut self, boot_ns: u64) {
        let Self {
            lineage,
            fold,
            stage,
        } = self;
        if let Some(fold) = fold {
            let table = lineage.as_ref();
            fold.tick(boot_ns, &mut |event, tries| stage.take(event, table, tries));
        }
        if let Some(table) = lineage {
            table.tick(boot_ns, &mut |done, table| stage.take(done, Some(table), 1));
        }
    }

    /// Whether processes that have ended are still to be shown.
    pub fn waiting(&self) -> bool {
        self.lineage.as_ref().is_some_and(Lineage::waiting)
    }

    /// Shows what is left: walks along PATH, processes without a final account, and of a command's
    /// descendants those that still live.
    pub fn finish(&mut self) {
        let Self {
            lineage,
            fold,
            stage,
        } = self;
        if let Some(fold) = fold {
            let table = lineage.as_ref();
            fold.finish(&mut |event, tries| stage.take(event, table, tries));
        }
        if let Some(table) = lineage {
            table.finish(&mut |done, table| stage.take_last(done, table));
            stage.account.forgotten = table.forgotten();
        }
    }

    /// Whether nothing more will be shown.
    pub fn done(&self) -> bool {
        self.stage.done()
    }

    /// Begins the output.
    pub fn begin(&mut self) -> anyhow::Result<()> {
        self.stage.output.begin()
    }

    /// Writes what was formatted, as far as the reader takes it; waits for it at most `wait`. Returns
    /// whether all is written. That nobody reads any more is a quiet end, not an error.
    pub fn flush(&mut self, wait: Duration) -> anyhow::Result<bool> {
        self.stage.flush(wait)
    }

    /// How many bytes wait for the reader.
    pub fn unwritten_bytes(&self) -> usize {
        self.stage.output.waiting()
    }

    /// Gives up on what is not written.
    pub fn discard(&mut self) {
        self.stage.discard();
    }

    /// The final account, given what happened before the events reached us.
    pub fn account(&self, tally: &Tally) -> Account {
        let mut account = self.stage.account.clone();
        account.add(tally, self.stage.counted.iter().copied());
        if self.lineage.is_some() || self.stage.descendants.is_some() {
            account.forks_lost = tally.of(Kind::Fork).lost();
        }
        if !account.balanced() {
            tracing::warn!("the account does not add up; please report this as a bug");
        }
        account
    }
}

/// Shows an event as it is, or joined with others.
fn show(event: &Event<'_>, table: Option<&Lineage>, fold: &mut Option<Fold>, stage: &mut Stage) {
    let event = completed(event, table);
    match fold {
        Some(fold) => fold.observe(&event, &mut |event, tries| stage.take(event, table, tries)),
        None => stage.take(&event, table, 1),
    }
}

/// An event, with what only the process table tells of it.
fn completed<'a>(event: &Event<'a>, lineage: Option<&Lineage>) -> Event<'a> {
    match (&event.body, lineage) {
        (Body::Exit(exit), Some(lineage)) => Event {
            body: Body::Exit(lineage.complete(exit)),
            ..*event
        },
        _ => *event,
    }
}

/// What comes after the process table: choice, output, account.
#[derive(Debug)]
struct Stage {
    shown: Vec<EventKind>,
    /// What the account is about. Processes are made here and not counted, unless no exits are shown:
    /// then each stands for its exit.
    counted: Vec<Kind>,
    filter: Filter,
    /// -P, as a number of the tracer's own pid namespace.
    seen_ppid: Option<u32>,
    /// Set when only what descends from some process is shown.
    descendants: Option<Descendants>,
    with_command: bool,
    folds: bool,
    ancestors: Option<usize>,
    ancestor_args: bool,
    output: Output,
    /// How many events may still be shown.
    room: u64,
    /// Formatted, not yet written.
    unwritten: u64,
    closed: bool,
    warned_of_loss: bool,
    account: Account,
}

impl Stage {
    fn new(args: &Args, filter: Filter, output: Output) -> Self {
        let with_command = !args.command.is_empty();
        let descendants = match args.pid {
            Some(pid) => Some(Descendants::of_process(pid)),
            None => with_command.then(Descendants::of_command),
        };
        Self {
            shown: args.shown(),
            counted: counted(args),
            filter,
            seen_ppid: args.ppid,
            descendants,
            with_command,
            folds: args.fold,
            ancestors: args.ancestors,
            ancestor_args: args.ancestor_args,
            output,
            room: args.count.unwrap_or(u64::MAX),
            unwritten: 0,
            closed: false,
            warned_of_loss: false,
            account: Account::default(),
        }
    }

    fn done(&self) -> bool {
        self.closed || self.room == 0
    }

    fn take_note(&mut self, body: &Body<'_>) {
        if let Some(set) = &mut self.descendants {
            set.observe(body);
        }
        // In a container the parent is given by another number than the kernel's own.
        if let Body::Running(running) = body
            && self.seen_ppid == Some(running.seen_pid)
        {
            self.filter.ppid = Some(running.process.pid);
        }
    }

    /// Takes an event that stands for so many execs.
    fn take(&mut self, event: &Event<'_>, lineage: Option<&Lineage>, tries: u32) {
        let (kind, process) = match &event.body {
            Body::Exec(exec) if exec.failed() => (EventKind::Failed, exec.process),
            Body::Exec(exec) => (EventKind::Exec, exec.process),
            Body::Fork(fork) => (EventKind::Fork, fork.process),
            Body::Exit(exit) => (EventKind::Exit, exit.process),
            Body::Process(process) => (EventKind::Process, process.process),
            Body::Lost(_) | Body::Clock(_) => return self.take_report(event),
            Body::Freed(_) | Body::Running(_) => return, // only needed on the way
        };
        if self.shown.contains(&kind) {
            self.choose(event, kind, process, lineage, tries);
        }
    }

    /// At the end of a command, those of its descendants that live are shown as well.
    fn take_last(&mut self, event: &Event<'_>, lineage: &Lineage) {
        let lives = matches!(&event.body, Body::Process(process) if process.exit.is_none());
        if !lives || self.with_command {
            self.take(event, Some(lineage), 1);
        }
    }

    fn choose(
        &mut self,
        event: &Event<'_>,
        kind: EventKind,
        process: ProcessId,
        lineage: Option<&Lineage>,
        tries: u32,
    ) {
        let counts = match self.is_counted(kind, &event.body) {
            true => u64::from(tries),
            false => 0,
        };
        let descends = |set: &Descendants| set.contains(process);
        let ours =
            self.descendants.as_ref().is_none_or(descends) && self.filter.lets_through(&event.body);
        let ancestors = self.ancestors_of(process, lineage.filter(|_| ours));
        let notes = Annotations {
            ancestors: ancestors.as_deref(),
            tries: self.folds.then_some(tries),
        };
        if !ours || !self.filter.wants(event, &notes) {
            self.account.filtered += counts;
        } else if self.done() {
            self.account.discarded += counts;
        } else {
            self.output.format(event, &notes);
            self.unwritten += counts;
            self.room -= 1;
        }
    }

    fn is_counted(&self, kind: EventKind, body: &Body<'_>) -> bool {
        match (kind, body) {
            (EventKind::Process, Body::Process(process)) => {
                process.exit.is_some() && !self.shown.contains(&EventKind::Exit)
            }
            _ => true,
        }
    }

    /// A process's ancestors, if they are asked for.
    fn ancestors_of<'a>(
        &self,
        process: ProcessId,
        lineage: Option<&'a Lineage>,
    ) -> Option<Vec<Ancestor<'a>>> {
        let (count, lineage) = (self.ancestors?, lineage?);
        let with_args = self.ancestor_args;
        let ancestors = lineage.ancestors(process).take(count);
        let ancestors = ancestors.map(|ancestor| Ancestor {
            args: ancestor.args.filter(|_| with_args),
            ..ancestor
        });
        Some(ancestors.collect())
    }

    fn take_report(&mut self, event: &Event<'_>) {
        if let Body::Lost(lost) = &event.body {
            self.warn_of_loss(lost);
        }
        if !self.closed {
            self.output.format(event, &Annotations::default());
        }
    }

    /// Says at once that something is missing; how much is said at the end.
    fn warn_of_loss(&mut self, lost: &Lost) {
        if !std::mem::replace(&mut self.warned_of_loss, true) {
            say(format_args!(
                "execsnoop: events are being lost ({} {}: {}); a larger --ring-size may help",
                lost.count,
                lost.kind.name(),
                lost.reason.name()
            ));
        }
    }

    fn flush(&mut self, wait: Duration) -> anyhow::Result<bool> {
        if self.closed {
            return Ok(true);
        }
        match self.output.flush(wait) {
            Ok(all) => {
                if all {
                    self.account.shown += std::mem::take(&mut self.unwritten);
                }
                Ok(all)
            }
            Err(error) => {
                self.discard();
                match error.kind() {
                    io::ErrorKind::BrokenPipe => Ok(true),
                    _ => Err(self.cannot_write(error)),
                }
            }
        }
    }

    fn discard(&mut self) {
        self.account.discarded += std::mem::take(&mut self.unwritten);
        self.closed = true;
    }

    fn cannot_write(&self, error: io::Error) -> anyhow::Error {
        let name = self.output.name();
        anyhow::Error::new(error).context(format!(
            "cannot write to {name}, so tracing ends here (-o names another file)"
        ))
    }
}

fn counted(args: &Args) -> Vec<Kind> {
    let shown = |kind| args.shows(kind);
    [
        (shown(EventKind::Exec), Kind::Exec),
        (shown(EventKind::Failed), Kind::Failed),
        (shown(EventKind::Fork), Kind::Fork),
        (
            shown(EventKind::Exit) || shown(EventKind::Process),
            Kind::Exit,
        ),
    ]
    .into_iter()
    .filter_map(|(shown, kind)| shown.then_some(kind))
    .collect()
}
