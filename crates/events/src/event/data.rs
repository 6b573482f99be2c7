//! An event: when, and what.

use jiff::Timestamp;

use super::cgroup::Cgroup;
use super::exec::Exec;
use super::existing::Existing;
use super::exit::Exit;
use super::fork::Fork;
use super::image::Image;
use super::kind::CountedKind;
use super::loss::Lost;
use super::process_id::ProcessId;
use super::summary::ProcessSummary;
use super::usage::FinalUsage;

/// Something that happened, and when.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Wall-clock time, UTC.
    pub time: Timestamp,
    /// The same moment in ns since boot (`CLOCK_BOOTTIME`), which never steps.
    pub boot_ns: u64,
    /// What happened.
    pub data: EventData<'a>,
}

impl<'a> Event<'a> {
    /// The image of an exec or of a process; `None` for other events, and if it is not known.
    pub fn image(&self) -> Option<Image<'a>> {
        match &self.data {
            EventData::Exec(exec) => Some(exec.image()),
            EventData::Summary(process) => process.image,
            EventData::Existing(existing) => Some(existing.image),
            _ => None,
        }
    }

    /// The same event with the texts of this image.
    pub fn with_image(&self, image: &Image<'a>) -> Self {
        let data = match self.data {
            EventData::Exec(exec) => EventData::Exec(Exec {
                args: image.args,
                filename: image.filename,
                exe: image.exe,
                cwd: image.cwd,
                env: image.env,
                redacted: image.redacted,
                ..exec
            }),
            EventData::Existing(existing) => EventData::Existing(Existing {
                image: *image,
                ..existing
            }),
            EventData::Summary(process) => EventData::Summary(ProcessSummary {
                image: Some(*image),
                ..process
            }),
            other => other,
        };
        Self { data, ..*self }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub enum EventData<'a> {
    /// A process called exec, with or without success.
    Exec(Exec<'a>),
    /// A process was created.
    Fork(Fork),
    /// A process ended.
    Exit(Exit<'a>),
    /// A process that has ended was reaped, and its resource usage is final.
    FinalUsage(FinalUsage),
    /// A process existed before tracing began.
    Existing(Existing<'a>),
    /// A process ended, and that is all that is told: a recording leaves out ends that were not
    /// asked for, and the process table has to forget them.
    Gone(ProcessId),
    /// The name of a cgroup.
    Cgroup(Cgroup<'a>),
    /// A summary of a process. Not sent by a source: [`Lineage`](crate::Lineage) derives it.
    Summary(ProcessSummary<'a>),
    /// Events were lost.
    Lost(Lost),
    /// How wall-clock time and time since boot relate from now on.
    Clock(Clock),
}

impl EventData<'_> {
    /// Which of the counted kinds this is; `None` for what the tracer itself reports.
    pub fn kind(&self) -> Option<CountedKind> {
        match self {
            Self::Exec(exec) if exec.has_failed() => Some(CountedKind::Failed),
            Self::Exec(_) => Some(CountedKind::Exec),
            Self::Fork(_) => Some(CountedKind::Fork),
            Self::Exit(_) => Some(CountedKind::Exit),
            Self::FinalUsage(_) => Some(CountedKind::FinalUsage),
            Self::Existing(_)
            | Self::Gone(_)
            | Self::Cgroup(_)
            | Self::Summary(_)
            | Self::Lost(_)
            | Self::Clock(_) => None,
        }
    }
}

/// From now on, wall-clock time is `boot_ns` of the event plus a new distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The first report of a stream, not a step of the clock.
    pub first: bool,
}
