//! One event's way from its source to the output.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use execsnoop_clikit::message;
use execsnoop_events::Ancestor;
use execsnoop_events::Cgroup;
use execsnoop_events::CgroupKey;
use execsnoop_events::Cgroups;
use execsnoop_events::CountedKind;
use execsnoop_events::Descendants;
use execsnoop_events::EnvChoice;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exec;
use execsnoop_events::Fold;
use execsnoop_events::Limits;
use execsnoop_events::Lineage;
use execsnoop_events::Lost;
use execsnoop_events::ProcessId;
use execsnoop_events::Tally;
use execsnoop_events::json::Annotations;

use crate::accounting::Account;
use crate::args::Args;
use crate::args::EventKind;
use crate::args::Redact;
use crate::filter::Filter;
use crate::names::Names;
use crate::output::Needs;
use crate::output::Output;
use crate::redact::EventRedactor;

/// Follows, chooses, formats and counts events.
#[derive(Debug)]
pub struct Pipeline {
    /// The process table, when lives are followed.
    lineage: Option<Lineage>,
    fold: Option<Fold>,
    env: EnvChoice,
    stage: Stage,
}

impl Pipeline {
    /// A pipeline for what `args` ask for.
    pub fn new(args: &Args, filter: Filter, needs: Needs, output: Output) -> Self {
        let lineage = || Lineage::new(Limits::default(), args.shows(EventKind::Process));
        Self {
            lineage: args.follows_lives().then(lineage),
            fold: args.fold.then(Fold::default),
            env: EnvChoice::new(args.env.iter().map(|name| name.as_bytes())),
            stage: Stage::new(args, filter, needs, output),
        }
    }

    /// Takes an event.
    pub fn take(&mut self, event: &Event<'_>) {
        let Self {
            lineage,
            fold,
            env,
            stage,
        } = self;
        let chosen = with_chosen_env(event, env);
        let event = chosen.as_ref().unwrap_or(event);
        stage.take_note(&event.data);
        // An end is shown before the table takes note of it, and forgets who ended.
        let ends = matches!(event.data, EventData::Exit(_));
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
            ..
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

    /// Whether time alone brings something to be shown.
    pub fn needs_ticks(&self) -> bool {
        self.waiting() || self.fold.as_ref().is_some_and(Fold::waiting)
    }

    /// Shows what is left: walks along PATH, processes without a final account, and of a command's
    /// descendants those that still live.
    pub fn finish(&mut self) {
        let Self {
            lineage,
            fold,
            stage,
            ..
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

    /// Cgroups that turned out to be none of those wanted, since the last time.
    pub fn refused(&mut self) -> Vec<CgroupKey> {
        std::mem::take(&mut self.stage.refused)
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

    /// Whether nobody of those was seen whom --container, --unit or --cgroup asks for.
    pub fn found_nobody(&self) -> bool {
        !self.stage.filter.whose.anybody() && !self.stage.found
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
            account.forks_lost = tally.of(CountedKind::Fork).lost();
        }
        if !account.balanced() {
            tracing::warn!("the account does not add up; please report this as a bug");
        }
        account
    }
}

/// Shows an event as it is, or joined with others.
fn show(event: &Event<'_>, table: Option<&Lineage>, fold: &mut Option<Fold>, stage: &mut Stage) {
    let completed = completed(event, table);
    let event = completed.as_ref().unwrap_or(event);
    match fold {
        Some(fold) => fold.observe(event, &mut |event, tries| stage.take(event, table, tries)),
        None => stage.take(event, table, 1),
    }
}

/// An event, with those variables of its environment that are asked for; `None` for one without.
fn with_chosen_env<'a>(event: &Event<'a>, choice: &'a mut EnvChoice) -> Option<Event<'a>> {
    match &event.data {
        EventData::Exec(exec) if exec.env.is_some() => Some(Event {
            data: EventData::Exec(Exec {
                env: exec.env.map(|env| choice.choose(&env)),
                ..*exec
            }),
            ..*event
        }),
        _ => None,
    }
}

/// An event, with what only the process table tells of it; `None` where it tells nothing.
fn completed<'a>(event: &Event<'a>, lineage: Option<&Lineage>) -> Option<Event<'a>> {
    match (&event.data, lineage) {
        (EventData::Exit(exit), Some(lineage)) => Some(Event {
            data: EventData::Exit(lineage.complete(exit)),
            ..*event
        }),
        _ => None,
    }
}

/// What becomes of an event.
enum Fate {
    Shown,
    Filtered,
    /// Filtered, because nobody knows in which cgroup it is.
    Unplaced,
    Discarded,
}

/// What comes after the process table: choice, output, account.
#[derive(Debug)]
struct Stage {
    shown: Vec<EventKind>,
    /// What the account is about. Processes are made here and not counted, unless no exits are shown:
    /// then each stands for its exit.
    counted: Vec<CountedKind>,
    filter: Filter,
    needs: Needs,
    cgroups: Cgroups,
    /// A cgroup was seen that the filter wants.
    found: bool,
    /// Not wanted by the filter, and not yet fetched by [`Pipeline::refused`].
    refused: Vec<CgroupKey>,
    names: Names,
    redactor: Option<EventRedactor>,
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
    fn new(args: &Args, filter: Filter, needs: Needs, output: Output) -> Self {
        let redacts = match args.redact {
            Redact::Auto => !output.is_terminal(),
            Redact::On => true,
            Redact::Off => false,
        };
        let names = Names::of_this_machine();
        if needs.names && args.columns.is_some() && names.foreign() {
            message(
                "in a container, the machine's users and groups have no names but root: numbers are shown",
            );
        }
        let with_command = !args.command.is_empty();
        let descendants = match args.pid {
            Some(pid) => Some(Descendants::of_process(pid)),
            None => with_command.then(Descendants::of_command),
        };
        Self {
            shown: args.shown(),
            counted: counted(args),
            filter,
            needs,
            cgroups: Cgroups::default(),
            found: false,
            refused: Vec::new(),
            names,
            redactor: redacts.then(|| EventRedactor::new(args)),
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

    fn take_note(&mut self, data: &EventData<'_>) {
        if let Some(set) = &mut self.descendants {
            set.observe(data);
        }
        if let EventData::Cgroup(cgroup) = data {
            self.learn(cgroup);
        }
        // Whoever is heard of stays known: the kernel side does not tell a name twice.
        if self.needs.cgroups
            && let Some(cgroup) = whose(data).and_then(|whose| whose.cgroup)
        {
            self.cgroups.find(cgroup);
        }
        // In a container the parent is given by another number than the kernel's own.
        if let EventData::Existing(running) = data
            && self.seen_ppid == Some(running.seen_pid)
        {
            self.filter.ppid = Some(running.process.pid);
        }
    }

    fn learn(&mut self, cgroup: &Cgroup<'_>) {
        self.cgroups.learn(cgroup);
        let whose = &self.filter.whose;
        if whose.anybody() {
            return;
        }
        match self.cgroups.find(cgroup.key).map(|who| whose.fits(who)) {
            Some(true) => self.found = true,
            _ => self.refused.push(cgroup.key),
        }
    }

    /// Takes an event that stands for so many execs.
    fn take(&mut self, event: &Event<'_>, lineage: Option<&Lineage>, tries: u32) {
        let shows = |kind| self.shown.contains(&kind);
        let (kind, process) = match &event.data {
            // A walk along PATH that ends well stands for the failures before that, too.
            EventData::Exec(exec) if tries > 1 && !shows(EventKind::Exec) => {
                (EventKind::Failed, exec.process)
            }
            EventData::Exec(exec) if exec.failed() => (EventKind::Failed, exec.process),
            EventData::Exec(exec) => (EventKind::Exec, exec.process),
            EventData::Fork(fork) => (EventKind::Fork, fork.process),
            EventData::Exit(exit) => (EventKind::Exit, exit.process),
            EventData::Summary(process) => (EventKind::Process, process.process),
            EventData::Lost(_) | EventData::Clock(_) => return self.take_report(event),
            EventData::FinalUsage(_) | EventData::Existing(_) | EventData::Cgroup(_) => return, // only needed on the way
        };
        if self.shown.contains(&kind) {
            self.choose(event, kind, process, lineage, tries);
        }
    }

    /// At the end of a command, those of its descendants that live are shown as well.
    fn take_last(&mut self, event: &Event<'_>, lineage: &Lineage) {
        let lives = matches!(&event.data, EventData::Summary(process) if process.exit.is_none());
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
        let counts = match (self.is_counted(kind, &event.data), &event.data) {
            (false, _) => 0,
            (true, EventData::Exec(exec)) if kind == EventKind::Failed && !exec.failed() => {
                u64::from(tries) - 1
            }
            (true, _) => u64::from(tries),
        };
        let fate = match self.is_ours(process, &event.data) {
            Some(true) => self.offer(event, process, lineage, tries),
            Some(false) => Fate::Filtered,
            None => Fate::Unplaced,
        };
        match fate {
            Fate::Filtered => self.account.filtered += counts,
            Fate::Unplaced => {
                self.account.filtered += counts;
                self.account.unplaced += counts;
            }
            Fate::Discarded => self.account.discarded += counts,
            Fate::Shown => {
                self.unwritten += counts;
                self.room -= 1;
            }
        }
    }

    /// Shows an event, unless the condition on its whole record is against it, or nothing more is shown.
    fn offer(
        &mut self,
        event: &Event<'_>,
        process: ProcessId,
        lineage: Option<&Lineage>,
        tries: u32,
    ) -> Fate {
        let done = self.done();
        let mut ancestors = self.ancestors_of(process, lineage);
        let redactor = self.redactor.as_mut();
        let masked = redactor.and_then(|redactor| {
            let ancestors = ancestors.as_deref_mut().unwrap_or_default();
            redactor.redact(event, ancestors)
        });
        let mut notes = Annotations {
            ancestors: ancestors.as_deref(),
            tries: self.folds.then_some(tries),
            redacted: masked.is_some(),
            ..Annotations::default()
        };
        if let Some(whose) = whose(&event.data) {
            let (cgroups, names) = (&mut self.cgroups, &mut self.names);
            identify(&mut notes, &whose, self.needs, cgroups, names);
        }
        if !self.filter.wants(event, &notes) {
            return Fate::Filtered;
        }
        if done {
            return Fate::Discarded;
        }
        self.output.format(masked.as_ref().unwrap_or(event), &notes);
        Fate::Shown
    }

    /// Whether all agree to whom the command line names; `None` when only its place would tell.
    fn is_ours(&mut self, process: ProcessId, data: &EventData<'_>) -> Option<bool> {
        let descends = |set: &Descendants| set.contains(process);
        let ours = self.descendants.as_ref().is_none_or(descends) && self.filter.lets_through(data);
        match ours {
            true => self.is_wanted(data),
            false => Some(false),
        }
    }

    /// Whether --container, --unit and --cgroup agree; without them there is nothing to look up. `None` when
    /// the cgroup's name is not known: it is too deep (bpf/cgroup.h), or was lost.
    fn is_wanted(&mut self, data: &EventData<'_>) -> Option<bool> {
        if self.filter.whose.anybody() {
            return Some(true);
        }
        let cgroup = whose(data).and_then(|whose| whose.cgroup)?;
        let identity = self.cgroups.find(cgroup)?;
        Some(self.filter.whose.fits(identity))
    }

    fn is_counted(&self, kind: EventKind, data: &EventData<'_>) -> bool {
        match (kind, data) {
            (EventKind::Process, EventData::Summary(process)) => {
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
        if let EventData::Lost(lost) = &event.data {
            self.warn_of_loss(lost);
        }
        if !self.closed {
            self.output.format(event, &Annotations::default());
        }
    }

    /// Says at once that something is missing; how much is said at the end.
    fn warn_of_loss(&mut self, lost: &Lost) {
        if !std::mem::replace(&mut self.warned_of_loss, true) {
            message(format_args!(
                "events are being lost ({} {}: {}); a larger --ring-size may help",
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

/// Whose an event is: by cgroup, user and group.
struct Whose {
    cgroup: Option<CgroupKey>,
    uid: Option<u32>,
    gid: Option<u32>,
}

fn whose(data: &EventData<'_>) -> Option<Whose> {
    let (place, uid, gid) = match data {
        EventData::Exec(exec) => (exec.place, exec.uid, exec.gid),
        EventData::Exit(exit) => (exit.place, exit.uid, exit.gid),
        EventData::Summary(process) => (process.place, process.uid, process.gid),
        _ => return None,
    };
    let cgroup = place.map(|place| place.cgroup);
    Some(Whose { cgroup, uid, gid })
}

/// Adds what is known of somebody, as far as it is shown.
fn identify<'a>(
    notes: &mut Annotations<'a>,
    whose: &Whose,
    needs: Needs,
    cgroups: &'a mut Cgroups,
    names: &'a mut Names,
) {
    if needs.cgroups {
        notes.identity = whose.cgroup.and_then(|cgroup| cgroups.find(cgroup));
    }
    if needs.names {
        let contained = notes.identity.is_some_and(|it| it.container().is_some());
        (notes.user, notes.group) = names.of(whose.uid, whose.gid, contained);
    }
}

fn counted(args: &Args) -> Vec<CountedKind> {
    let shown = |kind| args.shows(kind);
    [
        (shown(EventKind::Exec), CountedKind::Exec),
        (shown(EventKind::Failed), CountedKind::Failed),
        (shown(EventKind::Fork), CountedKind::Fork),
        (
            shown(EventKind::Exit) || shown(EventKind::Process),
            CountedKind::Exit,
        ),
    ]
    .into_iter()
    .filter_map(|(shown, kind)| shown.then_some(kind))
    .collect()
}
