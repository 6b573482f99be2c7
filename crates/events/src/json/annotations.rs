//! What is known of an event besides the event itself.

use crate::identity::CgroupOwner;
use crate::lineage::Ancestor;

/// What may be said of an event beside the event itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Annotations<'a> {
    /// The process's ancestors, the nearest first; `None` if they were not asked for.
    pub ancestors: Option<&'a [Ancestor<'a>]>,
    /// How many calls of exec this stands for; `None` when they are not joined.
    pub tries: Option<u32>,
    /// What the process's cgroup says of it.
    pub identity: Option<&'a CgroupOwner>,
    /// The name of the user.
    pub user: Option<&'a str>,
    /// The name of the group.
    pub group: Option<&'a str>,
    /// Something was masked in the arguments or in the environment.
    pub redacted: bool,
}
