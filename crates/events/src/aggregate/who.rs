//! Processes that start others.

use crate::argv::Argv;
use crate::cgroups::Cgroups;
use crate::comm::Comm;
use crate::event::ProcessId;
use crate::identity::CgroupOwner;
use crate::lineage::AncestorState;

/// How many ancestors of a culprit are kept.
const MOST_ANCESTORS: usize = 12;

/// Makes a command line that can be shown: quoted, cut, without secrets if that is asked for.
pub(super) type Label<'a> = dyn FnMut(&Argv<'_>) -> Box<str> + 'a;

/// A process by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Starter {
    /// The process.
    pub process: ProcessId,
    comm: Comm,
}

impl Starter {
    /// A process that is not known.
    pub(super) const UNKNOWN: Self = Self {
        process: ProcessId::UNKNOWN,
        comm: Comm::EMPTY,
    };

    pub(super) fn new(process: ProcessId, comm: &[u8]) -> Self {
        let comm = Comm::new(comm);
        Self { process, comm }
    }

    /// Its name, as it is: not fit to be shown.
    pub fn comm(&self) -> &[u8] {
        self.comm.get()
    }
}

/// A process that starts others, and whose it is.
#[derive(Debug, Clone)]
pub struct Who {
    /// The process.
    pub starter: Starter,
    /// Its command line, fit to be shown; empty if it is not known.
    pub command: Box<str>,
    /// Real user id.
    pub uid: Option<u32>,
    /// Its systemd unit.
    pub unit: Option<Box<[u8]>>,
    /// Its container.
    pub container: Option<Box<[u8]>>,
    /// Its own ancestors, the nearest first.
    pub ancestors: Vec<Starter>,
}

impl Who {
    /// A process of which nothing is known.
    pub(super) fn unknown() -> Self {
        Self {
            starter: Starter::UNKNOWN,
            command: Box::default(),
            uid: None,
            unit: None,
            container: None,
            ancestors: Vec::new(),
        }
    }

    /// From what is known of it as an ancestor. `above` are its own ancestors.
    pub(super) fn new<'a>(
        state: &AncestorState<'_>,
        above: impl Iterator<Item = AncestorState<'a>>,
        cgroups: &Cgroups,
        label: &mut Label<'_>,
    ) -> Self {
        let owner = state.cgroup.and_then(|cgroup| cgroups.get(cgroup));
        let above = above.map(|it| Starter::new(it.process, it.comm));
        Self {
            starter: Starter::new(state.process, state.comm),
            command: state.args.map(|args| label(&args)).unwrap_or_default(),
            uid: state.uid,
            unit: owner.and_then(unit_of).map(Into::into),
            container: owner.and_then(container_of).map(Into::into),
            ancestors: above.take(MOST_ANCESTORS).collect(),
        }
    }
}

/// The unit of a cgroup: of the user's own service manager, if it has one.
pub(super) fn unit_of(owner: &CgroupOwner) -> Option<&[u8]> {
    owner.user_unit().or_else(|| owner.unit())
}

/// The container's id of a cgroup.
pub(super) fn container_of(owner: &CgroupOwner) -> Option<&[u8]> {
    owner.container().map(|container| container.id())
}
