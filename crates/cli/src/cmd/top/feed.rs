//! From selected events to a ranking.

use std::time::Duration;
use std::time::Instant;

use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::ProcessId;
use execsnoop_events::aggregate::CulpritDetail;
use execsnoop_events::aggregate::Finished;
use execsnoop_events::aggregate::Grouping;
use execsnoop_events::aggregate::Ranking;
use execsnoop_events::aggregate::RankingSettings;
use execsnoop_events::aggregate::Report;
use execsnoop_events::aggregate::Span;
use execsnoop_events::aggregate::sentence;
use execsnoop_events::json::Annotations;

use super::busy_time::BusyTime;
use super::label::Labeler;
use crate::pipeline::UserNames;

/// How many rows each grouping has at most.
const MOST_ROWS: usize = 2048;

/// How often the machine's busy time is read.
const SAMPLE_NS: u64 = 100_000_000;

/// How long names of users are waited for at the end.
const NAMES_WAIT: Duration = Duration::from_millis(500);

/// What is ranked.
#[derive(Debug)]
pub struct FeedSettings {
    /// A process that has lived this long or shorter is short-lived.
    pub max_lifetime: Duration,
    /// How long the window is.
    pub window: Duration,
    /// How long is ranked; `None` if that is open.
    pub duration: Option<Duration>,
    /// By what is ranked.
    pub groupings: Vec<Grouping>,
    /// Whether failed execs are counted.
    pub counts_failed_execs: bool,
}

/// Feeds a ranking. It begins with the first moment that the source knows.
#[derive(Debug)]
pub struct Feed {
    settings: FeedSettings,
    ranking: Option<Ranking>,
    labeler: Labeler,
    names: UserNames,
    busy_time: BusyTime,
    sampled_ns: Option<u64>,
    /// Events that were lost.
    lost: u64,
    /// Events that were taken since the last look.
    taken: u64,
}

impl Feed {
    /// An empty ranking.
    pub fn new(settings: FeedSettings, labeler: Labeler, names: UserNames) -> Self {
        Self {
            settings,
            ranking: None,
            labeler,
            names,
            busy_time: BusyTime::open(),
            sampled_ns: None,
            lost: 0,
            taken: 0,
        }
    }

    /// Takes an event that was selected.
    pub fn event(&mut self, event: &Event<'_>, notes: &Annotations<'_>, weight: u64) {
        self.taken += weight;
        self.begin(event.boot_ns);
        let Some(ranking) = &mut self.ranking else {
            return;
        };
        match (&event.data, finished(event, notes)) {
            (_, Some(finished)) => {
                let labeler = &mut self.labeler;
                ranking.finished(&finished, &mut |args| labeler.label(args));
            }
            (EventData::Exec(exec), _) if exec.has_failed() => {
                ranking.failed_execs(event.boot_ns, 1);
            }
            _ => {}
        }
    }

    /// Takes a process that was not selected.
    pub fn unselected(&mut self, event: &Event<'_>, notes: &Annotations<'_>) {
        if let (Some(ranking), Some(finished)) = (&mut self.ranking, finished(event, notes)) {
            let labeler = &mut self.labeler;
            ranking.link(&finished, &mut |args| labeler.label(args));
        }
    }

    /// Takes a report of the source.
    pub fn report_of_source(&mut self, event: &Event<'_>) {
        if let EventData::Lost(lost) = &event.data {
            self.lost += lost.count;
        }
    }

    /// Takes note of the time.
    pub fn tick(&mut self, now_ns: u64) {
        if now_ns == 0 {
            return;
        }
        self.begin(now_ns);
        let is_soon = |sampled: u64| now_ns < sampled.saturating_add(SAMPLE_NS);
        if let Some(ranking) = &mut self.ranking {
            ranking.tick(now_ns);
            if !self.sampled_ns.is_some_and(is_soon) {
                self.sampled_ns = Some(now_ns);
                if let Some(busy_ns) = self.busy_time.busy_ns(now_ns) {
                    ranking.machine(now_ns, busy_ns);
                }
            }
        }
    }

    fn begin(&mut self, now_ns: u64) {
        if self.ranking.is_some() {
            return;
        }
        let settings = &self.settings;
        let until = settings.duration.map(ns);
        self.ranking = Some(Ranking::new(&RankingSettings {
            begin_ns: now_ns,
            until_ns: until.map_or(u64::MAX, |ns| now_ns.saturating_add(ns)),
            cpus: self.busy_time.cpus().unwrap_or(1),
            max_lifetime_ns: ns(settings.max_lifetime),
            window_ns: ns(settings.window),
            groupings: settings.groupings.clone(),
            counts_failed_execs: settings.counts_failed_execs,
            most_rows: MOST_ROWS,
        }));
    }

    /// The ranking of a span; `None` before anything is known.
    pub fn report(&self, grouping: Grouping, span: Span) -> Option<Report> {
        Some(self.ranking.as_ref()?.report(grouping, span))
    }

    /// Everything about one culprit.
    pub fn culprit(&self, process: ProcessId, span: Span) -> Option<CulpritDetail> {
        self.ranking.as_ref()?.culprit(process, span)
    }

    /// Everything about all culprits.
    pub fn culprits(&self, span: Span) -> Vec<CulpritDetail> {
        let ranking = self.ranking.as_ref();
        ranking
            .map(|ranking| ranking.culprits(span))
            .unwrap_or_default()
    }

    /// The answer in a sentence, to a report by culprits.
    pub fn answer(&mut self, report: &Report) -> String {
        let names = &mut self.names;
        sentence(report, &mut |who| {
            name_of(names, who.uid?, who.container.is_some())
        })
    }

    /// The name of a user.
    pub fn user(&mut self, uid: u32, in_container: bool) -> Option<String> {
        name_of(&mut self.names, uid, in_container)
    }

    /// Waits a moment for names that were asked for.
    pub fn await_names(&mut self) {
        let deadline = Instant::now() + NAMES_WAIT;
        while self.names.is_waiting() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Events that were lost.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Events that were taken since the last call.
    pub fn take_taken(&mut self) -> u64 {
        std::mem::take(&mut self.taken)
    }
}

fn name_of(names: &mut UserNames, uid: u32, in_container: bool) -> Option<String> {
    let (user, _) = names.of(Some(uid), None, in_container);
    user.map(str::to_owned)
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A process that has ended; `None` for other events.
fn finished<'a>(event: &'a Event<'a>, notes: &Annotations<'a>) -> Option<Finished<'a>> {
    match &event.data {
        EventData::Summary(summary) => Some(Finished {
            end_ns: event.boot_ns,
            summary,
            lineage: notes.lineage?,
            cgroups: notes.cgroups?,
        }),
        _ => None,
    }
}
