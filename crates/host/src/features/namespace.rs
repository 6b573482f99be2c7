//! Which namespaces this process is in. `None` is the answer where there is no /proc to tell.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

/// A kind of namespace.
struct Kind {
    /// Ours, in /proc.
    file: &'static str,
    /// Inode number of the machine's first one (include/linux/proc_ns.h).
    initial: u64,
}

const PID: Kind = Kind {
    file: "/proc/self/ns/pid",
    initial: 0xEFFF_FFFC,
};

const USER: Kind = Kind {
    file: "/proc/self/ns/user",
    initial: 0xEFFF_FFFD,
};

const CGROUP: Kind = Kind {
    file: "/proc/self/ns/cgroup",
    initial: 0xEFFF_FFFB,
};

impl Kind {
    fn inode(&self) -> Option<u64> {
        fs::metadata(self.file).map(|meta| meta.ino()).ok()
    }

    fn is_initial(&self) -> Option<bool> {
        Some(self.inode()? == self.initial)
    }
}

/// Whether we have the machine's own pid namespace.
pub fn in_initial_pid_ns() -> Option<bool> {
    PID.is_initial()
}

/// Whether the numbers in /proc are known to be the machine's own.
pub fn proc_has_machines_pids() -> bool {
    in_initial_pid_ns() == Some(true)
}

/// Whether capabilities hold for the whole machine.
pub fn in_initial_user_ns() -> Option<bool> {
    USER.is_initial()
}

/// Whether the paths of cgroups that we see are the machine's own.
pub fn in_initial_cgroup_ns() -> Option<bool> {
    CGROUP.is_initial()
}

/// Whether we have a pid namespace of our own: a container, most likely.
pub fn in_pid_namespace() -> bool {
    in_initial_pid_ns() == Some(false)
}

/// The inode number of our pid namespace, 0 for the initial one (or when /proc is not there to
/// tell).
pub fn tracer_pid_ns() -> u32 {
    let own = PID.inode().filter(|inode| *inode != PID.initial);
    own.and_then(|inode| u32::try_from(inode).ok()).unwrap_or(0)
}
