//! What comes after the process table: selection, enrichment, delivery, and the account of them.

use execsnoop_clikit::message;
use execsnoop_events::ArgLimits;
use execsnoop_events::Cgroups;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::EventRedactor;
use execsnoop_events::Lineage;
use execsnoop_events::ProcessId;
use execsnoop_events::json::Annotations;
use execsnoop_events::recording::Names;

use super::account::Account;
use super::completion::Completion;
use super::consumer::Consumer;
use super::deliver::Delivery;
use super::enrich::Enricher;
use super::enrich::Owner;
use super::enrich::mask;
use super::select::Selector;
use super::settings::Enrichment;
use super::settings::EventType;
use super::settings::EventTypes;
use super::settings::Selection;

/// What becomes of an event.
enum Disposition {
    Shown,
    /// Shown without the name of its cgroup, which is not known.
    ShownUnnamed,
    Filtered,
    /// Filtered, because the name of its cgroup is not known.
    UnknownCgroup,
    Discarded,
}

/// The account says how many.
const FILTERED_UNNAMED: &str = "an event is left out because the name of its cgroup is not known \
     (too deep, too long, or lost); the filter may have wanted it";

/// The same of events that are shown.
const SHOWN_UNNAMED: &str = "the name of a process's cgroup is not known (too deep, too long, or \
     lost): its cgroup, unit and container are shown as unknown";

/// Selection, enrichment and delivery.
#[derive(Debug)]
pub struct Stages {
    pub selector: Selector,
    pub delivery: Delivery,
    /// Counts what is filtered and discarded here.
    pub account: Account,
    enricher: Enricher,
    cgroups: Cgroups,
    /// Names of cgroups were forgotten, and the source does not know it yet.
    pub has_forgotten_cgroups: bool,
    redactor: Option<EventRedactor>,
    limits: ArgLimits,
    /// Set if the events are recorded.
    completion: Option<Completion>,
}

/// An event that may be shown.
struct Subject {
    event_type: EventType,
    process: ProcessId,
    /// How many events of the account it is.
    weight: u64,
}

impl Stages {
    /// Stages with these settings.
    pub fn new(selection: Selection, enrichment: Enrichment, consumer: Box<dyn Consumer>) -> Self {
        let has_env = !enrichment.env.is_empty();
        let redactor = enrichment
            .redaction
            .as_ref()
            .map(|patterns| EventRedactor::new(patterns, has_env));
        let for_recording = selection.is_for_recording;
        let completion = || Completion::new(selection.has_conditions());
        Self {
            completion: for_recording.then(completion),
            delivery: Delivery::new(consumer, selection.limit),
            selector: Selector::new(selection),
            account: Account::default(),
            limits: enrichment.limits,
            enricher: Enricher::new(enrichment),
            cgroups: Cgroups::default(),
            has_forgotten_cgroups: false,
            redactor,
        }
    }

    /// Learns from an event, whether it is shown or not.
    pub fn observe(&mut self, data: &EventData<'_>) {
        self.selector.observe(data);
        if let EventData::Cgroup(cgroup) = data {
            self.cgroups.learn(cgroup);
            self.selector.observe_cgroup(cgroup, &mut self.cgroups);
        }
        // A cgroup in use stays known.
        if self.enricher.uses_cgroups()
            && let Some(cgroup) = Owner::of(data).cgroup
        {
            self.cgroups.find(cgroup);
        }
    }

    /// Learns the names of an event's user and group from a recording.
    pub fn learn_names(&mut self, data: &EventData<'_>, names: &Names<'_>) {
        self.enricher.learn_names(data, names);
    }

    /// Forgets cgroups that have been out of use for long, between batches of events.
    pub fn forget_cgroups(&mut self) {
        self.has_forgotten_cgroups |= self.cgroups.end_full_generation();
    }

    /// Takes an event that stands for this many execs.
    pub fn push(&mut self, event: &Event<'_>, lineage: Option<&Lineage>, tries: u32) {
        if matches!(event.data, EventData::Lost(_) | EventData::Clock(_)) {
            if self.selector.is_in_range(event.time) {
                self.delivery
                    .report(event, &self.enricher.annotate_report());
            }
            return;
        }
        let types = self.selector.types();
        let subject = Subject::of(&event.data, tries, types);
        let subject = subject.filter(|subject| types.contains(subject.event_type));
        match (subject, &self.completion) {
            (Some(subject), None) => {
                let disposition = self.dispose(event, &subject, lineage, tries);
                self.count(&disposition, subject.weight);
            }
            (Some(subject), Some(_)) => self.record(event, &subject),
            (None, Some(_)) => self.complete(event),
            (None, None) => {}
        }
    }

    /// Delivers an event for a recording, and the end of each process that has an exec in it.
    fn record(&mut self, event: &Event<'_>, subject: &Subject) {
        let process = subject.process;
        let is_end = subject.event_type == EventType::Exit;
        let is_wanted = is_end && self.completion().wants_end(process);
        let disposition = match is_wanted {
            true => self.show(event, subject, &Owner::of(&event.data), None, 1, true),
            false => self.dispose(event, subject, None, 1),
        };
        match disposition {
            Disposition::Shown | Disposition::ShownUnnamed if !is_end => {
                self.completion().has_recorded(process);
            }
            Disposition::Filtered | Disposition::UnknownCgroup if is_end => {
                let gone = self.completion().refuse(event, process);
                self.delivery.complete(&gone, &Annotations::default());
            }
            _ => {}
        }
        self.count(&disposition, subject.weight);
    }

    /// Delivers what only completes other events.
    fn complete(&mut self, event: &Event<'_>) {
        if !self.completion().wants(&event.data) || !self.selector.descends(&event.data) {
            return;
        }
        let owner = Owner::of(&event.data);
        let cgroups = &mut self.cgroups;
        let mut notes = self.enricher.annotate(&owner, None, 1, cgroups);
        let masked = mask(&mut self.redactor, event, None);
        notes.redacted = masked.event.is_some();
        self.delivery
            .complete(masked.event.as_ref().unwrap_or(event), &notes);
    }

    fn completion(&mut self) -> &mut Completion {
        self.completion.get_or_insert_default()
    }

    /// Of a command's descendants, those that are alive are shown at the end as well.
    pub fn push_remaining(&mut self, event: &Event<'_>, lineage: &Lineage) {
        let is_alive = matches!(&event.data, EventData::Summary(process) if process.exit.is_none());
        if !is_alive || self.selector.follows_command() {
            self.push(event, Some(lineage), 1);
        }
    }

    fn count(&mut self, disposition: &Disposition, weight: u64) {
        match disposition {
            Disposition::Shown => {} // counted when it is written
            Disposition::ShownUnnamed => {
                warn_once(self.account.unnamed, SHOWN_UNNAMED);
                self.account.unnamed += weight;
            }
            Disposition::Filtered => self.account.filtered += weight,
            Disposition::UnknownCgroup => {
                warn_once(self.account.unknown_cgroup, FILTERED_UNNAMED);
                self.account.filtered += weight;
                self.account.unknown_cgroup += weight;
            }
            Disposition::Discarded => self.account.discarded += weight,
        }
    }

    /// Shows an event, unless a condition is against it or nothing more is shown.
    fn dispose(
        &mut self,
        event: &Event<'_>,
        subject: &Subject,
        lineage: Option<&Lineage>,
        tries: u32,
    ) -> Disposition {
        let owner = Owner::of(&event.data);
        let process = subject.process;
        if !self.selector.is_in_range(event.time) {
            return Disposition::Filtered;
        }
        let passes = self
            .selector
            .passes(process, &event.data, owner.cgroup, &mut self.cgroups);
        match passes {
            Some(true) => {}
            Some(false) => {
                self.leave_out(event, lineage);
                return Disposition::Filtered;
            }
            None => {
                self.leave_out(event, lineage);
                return Disposition::UnknownCgroup;
            }
        }
        self.show(event, subject, &owner, lineage, tries, false)
    }

    /// A consumer may need to know of a process that it does not get.
    fn leave_out(&mut self, event: &Event<'_>, lineage: Option<&Lineage>) {
        if matches!(event.data, EventData::Summary(_)) {
            let notes = Annotations {
                lineage,
                cgroups: Some(&self.cgroups),
                ..Annotations::default()
            };
            self.delivery.unselected(event, &notes);
        }
    }

    /// Shows an event unless the expression is against it, which is not asked if the event
    /// `is_wanted`. Filters see what was there; what is delivered is masked and shortened after
    /// that, on copies.
    fn show(
        &mut self,
        event: &Event<'_>,
        subject: &Subject,
        owner: &Owner,
        lineage: Option<&Lineage>,
        tries: u32,
        is_wanted: bool,
    ) -> Disposition {
        let ancestors = self.enricher.ancestors(subject.process, lineage);
        let ancestors = ancestors.as_deref();
        let asks_for_redacted = self.selector.expression_asks_for("redacted");
        let is_redacted =
            asks_for_redacted && mask(&mut self.redactor, event, ancestors).event.is_some();
        let cgroups = &self.cgroups;
        let mut notes = self.enricher.annotate(owner, ancestors, tries, cgroups);
        notes.lineage = lineage;
        notes.redacted = is_redacted;
        notes.shortened =
            self.selector.expression_asks_for("shortened") && self.limits.shortens(event);
        if !is_wanted && !self.selector.matches_expression(event, &notes) {
            self.leave_out(event, lineage);
            return Disposition::Filtered;
        }
        if self.delivery.is_done() {
            return Disposition::Discarded;
        }
        let masked = mask(&mut self.redactor, event, ancestors);
        notes.redacted = masked.event.is_some();
        let ancestors = masked.ancestors.as_deref().or(ancestors);
        let event = masked.event.as_ref().unwrap_or(event);
        // After the masking: a part of a secret does not look like one.
        let shorter = self.limits.shorten(event);
        let shorter_ancestors = ancestors.and_then(|all| self.limits.shorten_ancestors(all));
        notes.shortened = shorter.is_some();
        notes.ancestors = shorter_ancestors.as_deref().or(ancestors);
        let event = shorter.as_ref().unwrap_or(event);
        self.delivery.event(event, &notes, subject.weight);
        let has_owner = notes.identity.is_some() || owner.cgroup.is_none();
        match has_owner || !self.shows_cgroups() {
            true => Disposition::Shown,
            false => Disposition::ShownUnnamed,
        }
    }

    /// Whether names of cgroups are shown, and the source sends any.
    fn shows_cgroups(&self) -> bool {
        self.enricher.uses_cgroups() && !self.cgroups.is_empty()
    }
}

/// Says that something begins, of which the account counts all.
fn warn_once(count_before: u64, text: &str) {
    if count_before == 0 {
        message(text);
    }
}

impl Subject {
    /// What an event is about; `None` for events that only complete others.
    fn of(data: &EventData<'_>, tries: u32, types: EventTypes) -> Option<Self> {
        let (event_type, process, weight) = match data {
            // A search along PATH that succeeds stands for the failures before it too.
            EventData::Exec(exec) if tries > 1 && !types.contains(EventType::Exec) => {
                let failures = u64::from(tries) - u64::from(!exec.has_failed());
                (EventType::Failed, exec.process, failures)
            }
            EventData::Exec(exec) if exec.has_failed() => {
                (EventType::Failed, exec.process, u64::from(tries))
            }
            EventData::Exec(exec) => (EventType::Exec, exec.process, u64::from(tries)),
            EventData::Fork(fork) => (EventType::Fork, fork.process, 1),
            EventData::Exit(exit) => (EventType::Exit, exit.process, 1),
            EventData::Summary(process) => {
                // It counts as its exit, unless that is shown itself.
                let counts = process.exit.is_some() && !types.contains(EventType::Exit);
                (EventType::Process, process.process, u64::from(counts))
            }
            _ => return None,
        };
        Some(Self {
            event_type,
            process,
            weight,
        })
    }
}
