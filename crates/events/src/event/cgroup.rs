//! The cgroups of processes.

/// A hierarchy of cgroups. In version 1 each controller has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hierarchy {
    /// The hierarchy of version 2.
    Unified,
    /// Version 1's of the memory controller.
    Memory,
    /// Version 1's of the pids controller.
    Pids,
}

impl Hierarchy {
    /// All of them, in the order of their index.
    pub(crate) const ALL: [Self; 3] = [Self::Unified, Self::Memory, Self::Pids];

    /// The name of each in recordings.
    pub const NAMES: &'static [&'static str] = &["unified", "memory", "pids"];

    /// The name in recordings.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// A cgroup: kernfs ids are only unique within a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CgroupKey {
    /// Its hierarchy.
    pub hierarchy: Hierarchy,
    /// Its kernfs id there.
    pub id: u64,
}

/// The cgroups of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CgroupRef {
    /// kernfs id of its cgroup in the v2 hierarchy.
    pub unified_id: u64,
    /// Its cgroup in the most informative hierarchy: the v2 hierarchy, unless the machine uses
    /// version 1.
    pub cgroup: CgroupKey,
}

impl CgroupRef {
    /// In the v2 hierarchy.
    pub fn unified(id: u64) -> Self {
        let hierarchy = Hierarchy::Unified;
        Self {
            unified_id: id,
            cgroup: CgroupKey { hierarchy, id },
        }
    }
}

/// The name of a cgroup. It is sent before the first event from the cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cgroup<'a> {
    /// The cgroup.
    pub key: CgroupKey,
    /// Its path from the root of its hierarchy, such as `/system.slice/cron.service`.
    pub path: &'a [u8],
}
