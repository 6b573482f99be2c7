//! The pipeline as a whole: the process table and the folding of PATH searches in front of the
//! stages.

use std::time::Duration;

use execsnoop_clikit::message;
use execsnoop_events::Argv;
use execsnoop_events::CgroupKey;
use execsnoop_events::CountedKind;
use execsnoop_events::Descendants;
use execsnoop_events::EnvChoice;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Fold;
use execsnoop_events::Image;
use execsnoop_events::Limits;
use execsnoop_events::Lineage;
use execsnoop_events::MASK;
use execsnoop_events::Poll;
use execsnoop_events::Redacted;
use execsnoop_events::Source;
use execsnoop_events::SourceError;
use execsnoop_events::Tally;
use execsnoop_events::recording::Names;

use super::account::Account;
use super::consumer::Consumer;
use super::settings::Enrichment;
use super::settings::EventType;
use super::settings::Selection;
use super::stages::Stages;

/// Follows, selects, enriches, delivers and counts events.
#[derive(Debug)]
pub struct Pipeline {
    /// The process table, if lives are followed.
    lineage: Option<Lineage>,
    fold: Option<Fold>,
    env: EnvChoice,
    stages: Stages,
    counted: Vec<CountedKind>,
    warned_of_full_table: bool,
    /// When tracing began, and the last moment that is known of.
    begin_ns: Option<u64>,
    last_ns: u64,
}

/// Said once; the account says how much is missing.
const TABLE_IS_FULL: &str = "the process table is full: the user who has most of it loses what is \
     known of the oldest processes, dead ones first";

impl Pipeline {
    /// A pipeline with these settings, in front of `consumer`.
    pub fn new(selection: Selection, enrichment: Enrichment, consumer: Box<dyn Consumer>) -> Self {
        let types = selection.types;
        let lineage = || Lineage::new(Limits::default(), types.contains(EventType::Process));
        Self {
            lineage: enrichment.follows_lives.then(lineage),
            fold: enrichment.folds.then(Fold::default),
            env: EnvChoice::new(enrichment.env.iter().cloned()),
            counted: types.counted_kinds(),
            begin_ns: None,
            last_ns: 0,
            stages: Stages::new(selection, enrichment, consumer),
            warned_of_full_table: false,
        }
    }

    /// The same, for events that were recorded some time ago.
    pub fn of_recording(
        selection: Selection,
        enrichment: Enrichment,
        consumer: Box<dyn Consumer>,
    ) -> Self {
        let mut pipeline = Self::new(selection, enrichment, consumer);
        pipeline.stages.delivery.set_replay();
        pipeline
    }

    /// Begins the output.
    ///
    /// # Errors
    ///
    /// If the output cannot be used.
    pub fn begin(&mut self) -> anyhow::Result<()> {
        self.stages.delivery.begin()
    }

    /// Takes what a source has, and waits for something at most `timeout`. Time passes by the
    /// source's clock. Returns how the source answered, and whether events came.
    ///
    /// What has happened until now comes with this call. What waits for time to pass is shown up to
    /// now, and not beyond: else it would come before events that have happened, and a replay would
    /// show another order.
    ///
    /// # Errors
    ///
    /// If the source cannot be read.
    pub fn drive(
        &mut self,
        source: &mut dyn Source,
        timeout: Duration,
    ) -> Result<(Poll, bool), SourceError> {
        let mut had_events = false;
        let now_ns = source.now_ns();
        let polled = source.poll(timeout, &mut |event| {
            had_events = true;
            self.push(event);
        });
        self.show_due(now_ns);
        self.note_time(source.now_ns());
        self.stages.forget_cgroups();
        self.warn_of_full_table();
        Ok((polled?, had_events))
    }

    /// Takes an event, after what is due by then.
    pub fn push(&mut self, event: &Event<'_>) {
        self.show_due(event.boot_ns);
        if let EventData::Clock(_) = event.data {
            self.begin_ns.get_or_insert(event.boot_ns);
        }
        let Self {
            lineage,
            fold,
            env,
            stages,
            ..
        } = self;
        let chosen = with_chosen_env(event, env);
        let event = chosen.as_ref().unwrap_or(event);
        stages.observe(&event.data);
        // An exit is shown before the table takes note of it, and forgets the process.
        let is_exit = matches!(event.data, EventData::Exit(_));
        if is_exit {
            show(event, lineage.as_ref(), fold, stages);
        }
        if let Some(table) = lineage {
            table.observe(event, &mut |done, table| stages.push(done, Some(table), 1));
        }
        if !is_exit {
            show(event, lineage.as_ref(), fold, stages);
        }
    }

    /// Takes note that time has passed.
    pub fn tick(&mut self, boot_ns: u64) {
        self.show_due(boot_ns);
        self.note_time(boot_ns);
    }

    fn note_time(&mut self, boot_ns: u64) {
        self.last_ns = boot_ns;
        self.stages.delivery.tick(boot_ns);
    }

    /// Shows what has waited long enough, each in its time: the order does not depend on how often
    /// the source is looked at.
    #[inline]
    fn show_due(&mut self, boot_ns: u64) {
        loop {
            let walks = self.fold.as_ref().map_or(u64::MAX, Fold::due_ns);
            let ends = self.lineage.as_ref().map_or(u64::MAX, Lineage::due_ns);
            match walks.min(ends) {
                u64::MAX => return,
                due_ns if boot_ns < due_ns => return,
                due_ns => self.show_due_at(due_ns, walks <= ends),
            }
        }
    }

    fn show_due_at(&mut self, due_ns: u64, is_walk: bool) {
        let Self {
            lineage,
            fold,
            stages,
            ..
        } = self;
        match (fold, lineage) {
            (Some(fold), table) if is_walk => fold.tick(due_ns, &mut |event, tries| {
                stages.push(event, table.as_ref(), tries);
            }),
            (_, Some(table)) => table.tick(due_ns, &mut |done, table| {
                stages.push(done, Some(table), 1);
            }),
            _ => {}
        }
    }

    fn warn_of_full_table(&mut self) {
        let evicted = self.lineage.as_ref().map(Lineage::evicted);
        let is_full = evicted.is_some_and(|it| it.processes > 0 || it.arguments > 0);
        if is_full && !std::mem::replace(&mut self.warned_of_full_table, true) {
            message(TABLE_IS_FULL);
        }
    }

    /// Whether processes that have ended are still to be shown.
    pub fn is_waiting(&self) -> bool {
        let lineage = self.lineage.as_ref();
        lineage.is_some_and(Lineage::is_waiting) || self.stages.delivery.is_waiting()
    }

    /// Whether the passing of time alone brings something to be shown.
    pub fn needs_ticks(&self) -> bool {
        self.is_waiting() || self.fold.as_ref().is_some_and(Fold::is_waiting)
    }

    /// How long the next flush may take to come while nothing happens; `None` if there is no limit.
    pub fn longest_wait(&self) -> Option<Duration> {
        self.stages.delivery.longest_wait()
    }

    /// Shows what is left: PATH searches, processes without their final usage, and of a command's
    /// descendants those that are alive.
    pub fn finish(&mut self) {
        let Self {
            lineage,
            fold,
            stages,
            ..
        } = self;
        if let Some(fold) = fold {
            let table = lineage.as_ref();
            fold.finish(&mut |event, tries| stages.push(event, table, tries));
        }
        if let Some(table) = lineage {
            table.finish(&mut |done, table| stages.push_remaining(done, table));
            stages.account.evicted = table.evicted();
        }
        stages.delivery.finish();
    }

    /// Tells the consumer that no event comes any more, and what the source counted.
    pub fn end(&mut self, tally: &Tally) {
        self.stages.delivery.end(tally);
    }

    /// Learns the names of an event's user and group from a recording.
    pub fn learn_names(&mut self, data: &EventData<'_>, names: &Names<'_>) {
        self.stages.learn_names(data, names);
    }

    /// The descendants that are shown; `None` if it is not only descendants.
    pub fn descendants(&self) -> Option<&Descendants> {
        self.stages.selector.descendants()
    }

    /// Cgroups that turned out to be unwanted, since the last call.
    pub fn take_excluded_cgroups(&mut self) -> Vec<CgroupKey> {
        self.stages.selector.take_excluded()
    }

    /// Whether names of cgroups were forgotten since the last call: the source has to send each of
    /// them again.
    pub fn take_forgotten_cgroups(&mut self) -> bool {
        std::mem::take(&mut self.stages.has_forgotten_cgroups)
    }

    /// Whether a filter asks for containers, units or cgroups, and none of them was seen.
    pub fn no_cgroup_matched(&self) -> bool {
        self.stages.selector.no_cgroup_matched()
    }

    /// Whether nothing more is shown.
    pub fn is_done(&self) -> bool {
        self.stages.delivery.is_done()
    }

    /// Writes what was formatted; waits for the reader at most `wait`. Returns whether everything
    /// is written. A reader that is gone is a quiet end, not an error.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn flush(&mut self, wait: Duration) -> anyhow::Result<bool> {
        self.stages.delivery.flush(wait)
    }

    /// How many bytes wait for the reader.
    pub fn pending_bytes(&self) -> usize {
        self.stages.delivery.pending_bytes()
    }

    /// Gives up what is not written.
    pub fn discard(&mut self) {
        self.stages.delivery.discard();
    }

    /// Gives up what is not written, because the reader takes nothing.
    pub fn give_up_reader(&mut self) {
        self.stages.delivery.give_up_reader();
    }

    /// The lines that were not written although tracing went on, as an error.
    pub fn unwritten(&self) -> Option<anyhow::Error> {
        self.stages.delivery.unwritten()
    }

    /// The account at the end, given what happened before the events reached the pipeline.
    pub fn account(&self, tally: &Tally) -> Account {
        let mut account = self.stages.account.clone();
        account.shown = self.stages.delivery.shown();
        account.discarded += self.stages.delivery.discarded();
        account.add(tally, self.counted.iter().copied());
        let begin_ns = self.begin_ns.unwrap_or(self.last_ns);
        account.elapsed_ns = self.last_ns.saturating_sub(begin_ns);
        if self.lineage.is_some() || self.stages.selector.follows_descent() {
            account.forks_lost = tally.of(CountedKind::Fork).lost();
        }
        if !account.is_balanced() {
            tracing::warn!("the account does not add up; please report this as a bug");
        }
        account
    }
}

/// Shows an event as it is, or joined with others.
fn show(event: &Event<'_>, table: Option<&Lineage>, fold: &mut Option<Fold>, stages: &mut Stages) {
    let completed = completed_exit(event, table);
    let event = completed.as_ref().unwrap_or(event);
    match fold {
        Some(fold) => fold.observe(event, &mut |event, tries| stages.push(event, table, tries)),
        None => stages.push(event, table, 1),
    }
}

/// An event with only those variables of its environment that are asked for; `None` if it has no
/// environment.
fn with_chosen_env<'a>(event: &Event<'a>, choice: &'a mut EnvChoice) -> Option<Event<'a>> {
    let all = match &event.data {
        EventData::Exec(exec) => exec.env?,
        EventData::Existing(existing) => existing.image.env?,
        _ => return None,
    };
    let image = event.image()?;
    let env = choice.choose(&all);
    let redacted = Redacted {
        env: image.redacted.env && is_masked(&env),
        ..image.redacted
    };
    Some(event.with_image(&Image {
        env: Some(env),
        redacted,
        ..image
    }))
}

/// Whether a secret was masked among these variables, given that one was masked somewhere.
fn is_masked(env: &Argv<'_>) -> bool {
    let mask = MASK.as_bytes();
    let mut values = env.iter().flatten();
    values.any(|entry| entry.windows(mask.len()).any(|part| part == mask))
}

/// An exit with what only the process table knows of it; `None` for all other events.
fn completed_exit<'a>(event: &Event<'a>, lineage: Option<&Lineage>) -> Option<Event<'a>> {
    match (&event.data, lineage) {
        (EventData::Exit(exit), Some(lineage)) => Some(Event {
            data: EventData::Exit(lineage.complete(exit)),
            ..*event
        }),
        _ => None,
    }
}
