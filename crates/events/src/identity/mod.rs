//! The owner of a process, derived only from the path of its cgroup.
//!
//! Every service manager and container runtime can be recognized by the names of the cgroups it
//! creates. So no runtime socket is needed, and a container that lived for 12 ms is identified as
//! reliably as one that runs for a year. Both kinds of hierarchy (cgroup v1 and v2) and both ways
//! to name things (systemd's `docker-ID.scope`, plain `docker/ID`) are understood.
//!
//! Paths start at the root of the hierarchy. Cgroup names are not authenticated: a user with the
//! right to create cgroups can choose any bytes except `/` and NUL, and can imitate a container.

mod container;
mod path;
mod systemd;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use container::Container;
pub use container::Runtime;

/// The fewest digits of a container's id that select it. (Docker shows 12.)
const SHORTEST_PREFIX: usize = 4;

/// The owner that the path of a cgroup names. Computed once per cgroup, and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CgroupOwner {
    path: Box<[u8]>,
    unit: Option<Range<usize>>,
    user_unit: Option<Range<usize>>,
    /// Outermost first.
    containers: Box<[Container]>,
    pod_uid: Option<Box<str>>,
}

impl CgroupOwner {
    /// Reads a path, such as `/system.slice/nginx.service`. Any bytes are a path.
    pub fn from_path(path: &[u8]) -> Self {
        let (containers, pod_uid) = container::find(path);
        Self {
            unit: systemd::unit(path),
            user_unit: systemd::user_unit(path),
            containers: containers.into(),
            pod_uid: pod_uid.map(Into::into),
            path: path.into(),
        }
    }

    /// The path, as it was given.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The unit of the system's service manager, as `systemctl status PID` names it:
    /// `nginx.service`, `session-3.scope`.
    pub fn unit(&self) -> Option<&[u8]> {
        self.unit.clone().map(|range| &self.path[range])
    }

    /// The unit of a user's own service manager (below `user@UID.service`):
    /// `app-gnome-firefox-1234.scope`.
    pub fn user_unit(&self) -> Option<&[u8]> {
        self.user_unit.clone().map(|range| &self.path[range])
    }

    /// The container; the innermost, where one runs in another.
    pub fn container(&self) -> Option<&Container> {
        self.containers.last()
    }

    /// The Kubernetes pod, by its uid (`xxxxxxxx-xxxx-…`, or 32 hexadecimal digits for a static
    /// pod). Known also for what runs in the pod's cgroup but in none of its containers.
    pub fn pod_uid(&self) -> Option<&str> {
        self.pod_uid.as_deref()
    }

    /// Whether this is in the container `wanted`, directly or in a container within it: a full id,
    /// the beginning of a hexadecimal one (4 digits at least), or the exact name of an LXC or
    /// nspawn container.
    pub fn in_container(&self, wanted: &[u8]) -> bool {
        self.containers
            .iter()
            .any(|container| means(wanted, container.id()))
    }

    /// Whether this belongs to the unit `wanted`, of the system or of a user. A name without a type
    /// is that of a service, as for systemctl; a slice means everything in it.
    pub fn is_unit(&self, wanted: &[u8]) -> bool {
        if wanted.ends_with(b".slice") {
            return self.slices().any(|name| name == wanted);
        }
        let is_wanted = |name: &[u8]| match systemd::has_type(wanted) {
            true => name == wanted,
            false => name.strip_suffix(b".service") == Some(wanted),
        };
        self.unit().is_some_and(is_wanted) || self.user_unit().is_some_and(is_wanted)
    }

    /// The slices of the machine's and its users' service managers; those of a service manager in a
    /// container come after the container's unit.
    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let unit = self.user_unit.as_ref().or(self.unit.as_ref());
        let end = unit.map(|range| range.end);
        path::components(&self.path)
            .take_while(move |(start, name)| {
                end.map_or(name.ends_with(b".slice"), |end| start + name.len() <= end)
            })
            .map(|(_, name)| name)
    }

    /// Whether this is the cgroup at `path`, or one below it. Everything is below `/`.
    pub fn is_below(&self, path: &[u8]) -> bool {
        let mut own = path::components(&self.path);
        path::components(path).all(|(_, name)| own.next().is_some_and(|(_, own)| own == name))
    }
}

/// Whether `wanted`, as written by a user, matches the container with this id.
fn means(wanted: &[u8], id: &[u8]) -> bool {
    let prefix = wanted.len() >= SHORTEST_PREFIX && container::is_full_id(id);
    id == wanted || (prefix && id.starts_with(wanted))
}
