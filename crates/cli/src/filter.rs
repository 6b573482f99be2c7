//! Filters that run on decoded events.

use anyhow::Context as _;
use anyhow::ensure;
use execsnoop_events::Argv;
use execsnoop_events::CgroupOwner;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exit;
use execsnoop_events::Image;
use execsnoop_events::ProcessId;
use execsnoop_events::Pushdown;
use execsnoop_events::json::Annotations;
use regex::bytes::Regex;

use crate::args::Args;
use crate::args::EventKind;

/// Which events are shown. What is not set lets everything through; what an event does not know, no
/// filter lets through. Forks know neither user nor command, and are only asked who created them.
#[derive(Debug, Default)]
pub struct Filter {
    /// For the process's name.
    pub name: Option<Regex>,
    /// For the arguments, joined by spaces.
    pub line: Option<Regex>,
    /// The real user id.
    pub uid: Option<u32>,
    /// The parent, by its number in the initial pid namespace.
    pub ppid: Option<u32>,
    /// Of ends, only those without success.
    pub failed: bool,
    /// Whose it is, by its cgroup.
    pub whose: Whose,
    /// A condition on the whole record.
    pub cel: Option<execsnoop_events::CelFilter>,
    /// Reused for each event.
    joined: Vec<u8>,
}

/// Which cgroups are wanted.
#[derive(Debug, Default)]
pub struct Whose {
    /// A container's id or name.
    pub container: Option<Vec<u8>>,
    /// A unit of systemd.
    pub unit: Option<Vec<u8>>,
    /// A cgroup's path.
    pub below: Option<Vec<u8>>,
}

impl Whose {
    /// Whether any will do.
    pub fn anybody(&self) -> bool {
        self.container.is_none() && self.unit.is_none() && self.below.is_none()
    }

    /// Whether this is whom we want.
    pub fn fits(&self, identity: &CgroupOwner) -> bool {
        let fits = |wanted: &Option<Vec<u8>>, is: fn(&CgroupOwner, &[u8]) -> bool| {
            wanted.as_ref().is_none_or(|wanted| is(identity, wanted))
        };
        fits(&self.container, CgroupOwner::in_container)
            && fits(&self.unit, CgroupOwner::is_unit)
            && fits(&self.below, CgroupOwner::is_below)
    }
}

impl Filter {
    /// Whether this event is to be shown.
    pub fn lets_through(&mut self, data: &EventData<'_>) -> bool {
        match data {
            EventData::Exec(exec) => {
                self.fits(exec.uid, exec.parent)
                    && self.fits_name(exec.comm)
                    && self.fits_line(&exec.args)
            }
            EventData::Summary(process) => {
                let image = process.image.unwrap_or(Image::UNKNOWN);
                self.fits(process.uid, process.parent)
                    && self.fits_end(process.exit.as_ref())
                    && self.fits_name(process.comm)
                    && self.fits_line(&image.args)
            }
            EventData::Exit(exit) => {
                self.fits(exit.uid, exit.parent)
                    && self.fits_end(Some(exit))
                    && self.fits_name(exit.comm)
                    && self.line.is_none()
            }
            EventData::Fork(fork) => self.ppid.is_none_or(|ppid| ppid == fork.creator.pid),
            EventData::FinalUsage(_)
            | EventData::Existing(_)
            | EventData::Cgroup(_)
            | EventData::Lost(_)
            | EventData::Clock(_) => true,
        }
    }

    /// Whether the condition on the whole record lets this event through.
    pub fn wants(&mut self, event: &Event<'_>, notes: &Annotations<'_>) -> bool {
        let Some(cel) = &mut self.cel else {
            return true;
        };
        let given_up = cel.given_up();
        let wants = cel.matches(event, notes);
        if given_up == 0 && cel.given_up() > 0 {
            tracing::warn!(
                "--filter takes too long for some events, and is given up for them; \
                 they are not shown"
            );
        }
        wants
    }

    /// What the kernel side can tell of the condition on the whole record.
    pub fn pushdown(&self) -> Pushdown {
        let cel = self.cel.as_ref();
        cel.map(execsnoop_events::CelFilter::pushdown)
            .unwrap_or_default()
    }

    /// Whether the condition on the whole record asks for this field.
    pub fn asks_for(&self, field: &str) -> bool {
        self.cel.as_ref().is_some_and(|cel| cel.asks_for(field))
    }

    /// The fields that the condition on the whole record asks for.
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        let cel = self.cel.as_ref();
        cel.into_iter()
            .flat_map(execsnoop_events::CelFilter::fields)
    }

    fn fits(&self, uid: Option<u32>, parent: ProcessId) -> bool {
        self.uid.is_none_or(|wanted| uid == Some(wanted))
            && self.ppid.is_none_or(|wanted| wanted == parent.pid)
    }

    fn fits_end(&self, end: Option<&Exit<'_>>) -> bool {
        !self.failed || end.is_some_and(|exit| exit.status.is_some_and(|status| !status.success()))
    }

    fn fits_name(&self, comm: &[u8]) -> bool {
        self.name.as_ref().is_none_or(|name| name.is_match(comm))
    }

    fn fits_line(&mut self, args: &Argv<'_>) -> bool {
        let Some(line) = &self.line else {
            return true;
        };
        self.joined.clear();
        for arg in args.iter().flatten() {
            if !self.joined.is_empty() {
                self.joined.push(b' ');
            }
            self.joined.extend_from_slice(arg);
        }
        line.is_match(&self.joined)
    }
}

/// Fields that records only have on request: whether it was made, and how to make it.
type OnRequest = (&'static str, fn(&Args) -> bool, &'static str);

const ON_REQUEST: &[OnRequest] = &[
    ("ancestors", |args| args.ancestors.is_some(), "--ancestors"),
    ("env", |args| !args.env.is_empty(), "--env NAME,..."),
    (
        "errno",
        |args| args.shown().contains(&EventKind::Failed),
        "-x",
    ),
    ("tries", |args| args.fold, "--fold"),
];

/// The condition of --filter, if there is one, and if there are records to which it could apply.
pub fn cel_filter(args: &Args) -> anyhow::Result<Option<execsnoop_events::CelFilter>> {
    let Some(text) = &args.filter else {
        return Ok(None);
    };
    let filter = execsnoop_events::CelFilter::compile(text).context("--filter")?;
    let types: Vec<&str> = args.shown().into_iter().map(record_type).collect();
    filter.check_records(&types).context("--filter")?;
    for (field, requested, option) in ON_REQUEST {
        ensure!(
            requested(args) || !filter.asks_for(field),
            "--filter asks for {field}, which is only known with {option}"
        );
    }
    Ok(Some(filter))
}

fn record_type(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Exec | EventKind::Failed => "exec",
        EventKind::Fork => "fork",
        EventKind::Exit => "exit",
        EventKind::Process => "process",
    }
}
