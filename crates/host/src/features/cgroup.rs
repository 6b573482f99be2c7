//! Which control groups there are, and how much of them can be seen.

use std::path::PathBuf;

use super::mounts::Mount;

/// What is mounted of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CgroupVersion {
    /// Nothing.
    None,
    /// The old hierarchies alone.
    V1,
    /// The unified hierarchy alone.
    V2,
    /// Both.
    Hybrid,
}

/// Control groups, seen from this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroups {
    /// What is mounted.
    pub version: CgroupVersion,
    /// Where the unified hierarchy is mounted.
    pub v2_mount: Option<PathBuf>,
    /// The unified hierarchy is mounted from the machine's root down, not from that of a container.
    pub whole: bool,
}

impl Cgroups {
    /// What these mounts say. In a cgroup namespace that is not the initial one, paths are cut.
    pub fn of(mounts: &[Mount], initial_namespace: bool) -> Self {
        let v1 = mounts.iter().any(|mount| mount.kind == "cgroup");
        let v2 = mounts.iter().find(|mount| mount.kind == "cgroup2");
        Self {
            version: match (v1, v2.is_some()) {
                (false, false) => CgroupVersion::None,
                (true, false) => CgroupVersion::V1,
                (false, true) => CgroupVersion::V2,
                (true, true) => CgroupVersion::Hybrid,
            },
            whole: initial_namespace && v2.is_some_and(|mount| mount.root.as_os_str() == "/"),
            v2_mount: v2.map(|mount| mount.point.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(kind: &str, root: &str, point: &str) -> Mount {
        Mount {
            root: root.into(),
            point: point.into(),
            kind: kind.to_owned(),
        }
    }

    /// Each way in which machines mount them.
    #[test]
    fn versions() {
        let old = mount("cgroup", "/", "/sys/fs/cgroup/memory");
        let new = mount("cgroup2", "/", "/sys/fs/cgroup/unified");
        let other = mount("tmpfs", "/", "/sys/fs/cgroup");
        for (mounts, version) in [
            (vec![], CgroupVersion::None),
            (vec![other.clone()], CgroupVersion::None),
            (vec![old.clone()], CgroupVersion::V1),
            (vec![other, new.clone()], CgroupVersion::V2),
            (vec![old, new], CgroupVersion::Hybrid),
        ] {
            assert_eq!(Cgroups::of(&mounts, true).version, version, "{mounts:?}");
        }
    }

    /// The root of a container is not that of the machine, whether the mount or the namespace says
    /// so.
    #[test]
    fn how_much_is_seen() {
        let whole = mount("cgroup2", "/", "/sys/fs/cgroup");
        let part = mount("cgroup2", "/machine/x", "/sys/fs/cgroup");
        assert!(Cgroups::of(std::slice::from_ref(&whole), true).whole);
        assert!(!Cgroups::of(&[whole], false).whole);
        let part = Cgroups::of(&[part], true);
        assert!(!part.whole);
        assert_eq!(part.v2_mount, Some(PathBuf::from("/sys/fs/cgroup")));
    }
}
