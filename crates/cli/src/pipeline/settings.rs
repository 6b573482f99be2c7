//! What a pipeline is to do. A verb builds these settings once, from its options.

use std::fmt;

use execsnoop_events::ArgLimits;
use execsnoop_events::CelFilter;
use execsnoop_events::CountedKind;
use execsnoop_events::schema::RecordType;
use jiff::Timestamp;
use regex::bytes::Regex;

use super::cgroup_filter::CgroupFilter;
use super::requirements::Requirements;
use super::user_names::UserNames;

/// A type of event that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// An exec that succeeded.
    Exec,
    /// An exec that failed.
    Failed,
    /// A new process.
    Fork,
    /// The end of a process.
    Exit,
    /// A whole process, at its end.
    Process,
}

impl EventType {
    /// All types, in the order of their index.
    pub const ALL: [Self; 5] = [
        Self::Exec,
        Self::Failed,
        Self::Fork,
        Self::Exit,
        Self::Process,
    ];

    /// The word used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Failed => "failed",
            Self::Fork => "fork",
            Self::Exit => "exit",
            Self::Process => "process",
        }
    }

    /// One line of description.
    pub fn description(self) -> &'static str {
        match self {
            Self::Exec => "Successful execs",
            Self::Failed => "Failed execs",
            Self::Fork => "New processes",
            Self::Exit => "Ends of processes",
            Self::Process => "Finished processes: exec, exit and costs in one record",
        }
    }

    /// The record that shows it.
    pub fn record(self) -> RecordType {
        match self {
            Self::Exec | Self::Failed => RecordType::Exec,
            Self::Fork => RecordType::Fork,
            Self::Exit => RecordType::Exit,
            Self::Process => RecordType::Process,
        }
    }
}

/// A set of event types.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct EventTypes([bool; EventType::ALL.len()]);

impl EventTypes {
    /// Whether the type is in the set.
    pub fn contains(self, event_type: EventType) -> bool {
        self.0[event_type as usize]
    }

    /// The types in the set, in the order of [`EventType::ALL`].
    pub fn iter(self) -> impl Iterator<Item = EventType> {
        let all = EventType::ALL.into_iter();
        all.filter(move |event_type| self.contains(*event_type))
    }

    /// Whether execs are in the set, with or without success.
    pub fn has_execs(self) -> bool {
        self.contains(EventType::Exec) || self.contains(EventType::Failed)
    }

    /// Whether ends of processes are in the set.
    pub fn has_ends(self) -> bool {
        self.contains(EventType::Exit) || self.contains(EventType::Process)
    }

    /// The kinds that the account is about. Summaries of processes are made in the pipeline: they
    /// count as the exits that they show.
    pub fn counted_kinds(self) -> Vec<CountedKind> {
        [
            (self.contains(EventType::Exec), CountedKind::Exec),
            (self.contains(EventType::Failed), CountedKind::Failed),
            (self.contains(EventType::Fork), CountedKind::Fork),
            (self.has_ends(), CountedKind::Exit),
        ]
        .into_iter()
        .filter_map(|(is_counted, kind)| is_counted.then_some(kind))
        .collect()
    }
}

impl FromIterator<EventType> for EventTypes {
    fn from_iter<I: IntoIterator<Item = EventType>>(types: I) -> Self {
        let mut set = Self::default();
        for event_type in types {
            set.0[event_type as usize] = true;
        }
        set
    }
}

impl fmt::Debug for EventTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The process whose descendants are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The command that the tracer starts.
    Command,
    /// This process, by the pid that the tracer knows.
    Process(u32),
    /// Each process with this pid in a recording.
    RecordedProcess(u32),
}

/// A range of wall-clock time, with both ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// Nothing that was before this.
    pub since: Option<Timestamp>,
    /// Nothing that was after this.
    pub until: Option<Timestamp>,
}

/// Which events are shown. A condition that is not set lets everything through. An event that does
/// not have the field in question is let through by no condition on it.
#[derive(Debug, Default)]
pub struct Selection {
    /// The types to show.
    pub types: EventTypes,
    /// The process's name matches.
    pub name: Option<Regex>,
    /// The arguments, joined by spaces, match.
    pub line: Option<Regex>,
    /// The real user id.
    pub uid: Option<u32>,
    /// The parent, by its pid in the initial pid namespace.
    pub ppid: Option<u32>,
    /// The same, by the pid that the tracer knows. It is translated when that process is reported.
    pub ppid_of_tracer: Option<u32>,
    /// Only processes that did not end with status 0.
    pub only_failures: bool,
    /// The container, unit or cgroup.
    pub cgroup: CgroupFilter,
    /// A condition on the whole record.
    pub expression: Option<CelFilter>,
    /// Only descendants of this process.
    pub root: Option<Root>,
    /// How many events are shown at most.
    pub limit: Option<u64>,
    /// When it happened.
    pub range: TimeRange,
    /// What completes the selected events is delivered too, so that a recording of them can be
    /// replayed: see [`Completion`](super::completion::Completion).
    pub is_for_recording: bool,
}

impl Selection {
    /// Whether an event of the selected types can be refused.
    pub fn has_conditions(&self) -> bool {
        self.name.is_some()
            || self.line.is_some()
            || self.uid.is_some()
            || self.ppid.is_some()
            || self.ppid_of_tracer.is_some()
            || self.only_failures
            || !self.cgroup.is_empty()
            || self.expression.is_some()
            || self.root.is_some()
    }
}

/// What is added to events before they are shown.
#[derive(Debug, Default)]
pub struct Enrichment {
    /// Keep the process table: for ancestors, and for what completes exits.
    pub follows_lives: bool,
    /// Join searches along PATH into one event.
    pub folds: bool,
    /// How many ancestors are shown at most; `None` for no ancestors at all.
    pub ancestors: Option<usize>,
    /// Their arguments too.
    pub ancestor_args: bool,
    /// The environment variables to keep.
    pub env: Vec<Vec<u8>>,
    /// Masks secrets, with these patterns besides the built-in rules; `None` leaves them.
    pub redaction: Option<Vec<Regex>>,
    /// How much is shown of arguments and environments.
    pub limits: ArgLimits,
    /// What is looked up.
    pub requirements: Requirements,
    /// The names of users and groups.
    pub names: UserNames,
    /// The machine, if events of several are shown.
    pub host: Option<String>,
}
