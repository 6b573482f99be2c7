//! Conditions on the cgroup of a process.

use execsnoop_events::CgroupOwner;

/// Which cgroups are wanted. A condition that is not set is met by every cgroup.
#[derive(Debug, Default)]
pub struct CgroupFilter {
    /// A container's id, the beginning of it, or its name.
    pub container: Option<Vec<u8>>,
    /// A systemd unit.
    pub unit: Option<Vec<u8>>,
    /// A cgroup's path: this cgroup, and those under it.
    pub under: Option<Vec<u8>>,
}

impl CgroupFilter {
    /// Whether every cgroup is wanted.
    pub fn is_empty(&self) -> bool {
        self.container.is_none() && self.unit.is_none() && self.under.is_none()
    }

    /// Whether this cgroup is wanted.
    pub fn matches(&self, owner: &CgroupOwner) -> bool {
        let is_met = |wanted: &Option<Vec<u8>>, test: fn(&CgroupOwner, &[u8]) -> bool| {
            wanted.as_ref().is_none_or(|wanted| test(owner, wanted))
        };
        is_met(&self.container, CgroupOwner::in_container)
            && is_met(&self.unit, CgroupOwner::is_unit)
            && is_met(&self.under, CgroupOwner::is_below)
    }
}
