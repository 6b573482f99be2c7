//! Data that is added to an event's record.

use crate::cgroups::Cgroups;
use crate::identity::CgroupOwner;
use crate::lineage::Ancestor;
use crate::lineage::Lineage;

/// Data that is added to an event's record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Annotations<'a> {
    /// The process's ancestors, the nearest first; `None` if they were not asked for.
    pub ancestors: Option<&'a [Ancestor<'a>]>,
    /// The number of exec calls in this record; `None` if calls are not joined.
    pub tries: Option<u32>,
    /// The owner of the process's cgroup.
    pub identity: Option<&'a CgroupOwner>,
    /// The process table, to look up what became of ancestors.
    pub lineage: Option<&'a Lineage>,
    /// The names of cgroups, to look up those of ancestors.
    pub cgroups: Option<&'a Cgroups>,
    /// The name of the user.
    pub user: Option<&'a str>,
    /// The name of the group.
    pub group: Option<&'a str>,
    /// The machine, if events of several are shown.
    pub host: Option<&'a str>,
    /// Something was masked in the arguments or in the environment.
    pub redacted: bool,
    /// A limit leaves out some of the arguments or of the environment.
    pub shortened: bool,
}
