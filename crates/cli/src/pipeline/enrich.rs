//! What is added to an event: ancestors, the owner of its cgroup, names of users; and what is taken
//! away: secrets.

use execsnoop_events::Ancestor;
use execsnoop_events::CgroupKey;
use execsnoop_events::Cgroups;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::EventRedactor;
use execsnoop_events::Lineage;
use execsnoop_events::Masked;
use execsnoop_events::ProcessId;
use execsnoop_events::json::Annotations;
use execsnoop_events::recording::Names;
use execsnoop_events::schema::Requirement;

use super::requirements::Requirements;
use super::settings::Enrichment;
use super::user_names::UserNames;

/// Adds what is known besides the event itself.
#[derive(Debug)]
pub struct Enricher {
    ancestors: Option<usize>,
    ancestor_args: bool,
    folds: bool,
    requirements: Requirements,
    names: UserNames,
    host: Option<String>,
}

impl Enricher {
    /// An enricher for these settings.
    pub fn new(settings: Enrichment) -> Self {
        Self {
            ancestors: settings.ancestors,
            ancestor_args: settings.ancestor_args,
            folds: settings.folds,
            requirements: settings.requirements,
            names: settings.names,
            host: settings.host,
        }
    }

    /// Learns the names of an event's user and group from a recording.
    pub fn learn_names(&mut self, data: &EventData<'_>, names: &Names<'_>) {
        let owner = Owner::of(data);
        self.names.learn_user(owner.uid, names.user);
        self.names.learn_group(owner.gid, names.group);
    }

    /// Whether names of cgroups are shown.
    pub fn uses_cgroups(&self) -> bool {
        self.requirements.contains(Requirement::CgroupNames)
    }

    /// A process's ancestors, if they are asked for.
    pub fn ancestors<'a>(
        &self,
        process: ProcessId,
        lineage: Option<&'a Lineage>,
    ) -> Option<Vec<Ancestor<'a>>> {
        let (count, lineage) = (self.ancestors?, lineage?);
        let ancestors = lineage.ancestors(process).take(count);
        let ancestors = ancestors.map(|ancestor| Ancestor {
            args: ancestor.args.filter(|_| self.ancestor_args),
            ..ancestor
        });
        Some(ancestors.collect())
    }

    /// What is added to a report of the source.
    pub fn annotate_report(&self) -> Annotations<'_> {
        Annotations {
            host: self.host.as_deref(),
            ..Annotations::default()
        }
    }

    /// What is known besides the event itself. `tries` is the number of execs that it stands for.
    pub fn annotate<'a>(
        &'a mut self,
        owner: &Owner,
        ancestors: Option<&'a [Ancestor<'a>]>,
        tries: u32,
        cgroups: &'a Cgroups,
    ) -> Annotations<'a> {
        let mut notes = Annotations {
            ancestors,
            cgroups: Some(cgroups),
            tries: self.folds.then_some(tries),
            host: self.host.as_deref(),
            ..Annotations::default()
        };
        if self.uses_cgroups() {
            notes.identity = owner.cgroup.and_then(|cgroup| cgroups.get(cgroup));
        }
        if self.requirements.contains(Requirement::UserNames) {
            let in_container = notes.identity.is_some_and(|it| it.container().is_some());
            (notes.user, notes.group) = self.names.of(owner.uid, owner.gid, in_container);
        }
        notes
    }
}

/// To whom an event belongs: its cgroup, user and group.
#[derive(Debug, Clone, Copy, Default)]
pub struct Owner {
    /// The cgroup.
    pub cgroup: Option<CgroupKey>,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl Owner {
    /// The owner of an event; nothing is known of forks.
    pub fn of(data: &EventData<'_>) -> Self {
        let (place, uid, gid) = match data {
            EventData::Exec(exec) => (exec.place, exec.uid, exec.gid),
            EventData::Exit(exit) => (exit.place, exit.uid, exit.gid),
            EventData::Existing(existing) => (existing.place, existing.uid, existing.gid),
            EventData::Summary(process) => (process.place, process.uid, process.gid),
            _ => return Self::default(),
        };
        let cgroup = place.map(|place| place.cgroup);
        Self { cgroup, uid, gid }
    }
}

/// Masks secrets, if that is asked for.
pub fn mask<'a>(
    redactor: &'a mut Option<EventRedactor>,
    event: &Event<'a>,
    ancestors: Option<&[Ancestor<'a>]>,
) -> Masked<'a> {
    match redactor {
        Some(redactor) => redactor.mask(event, ancestors.unwrap_or_default()),
        None => Masked::default(),
    }
}
