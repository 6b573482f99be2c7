//! Which namespaces this process is in.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

/// Inode number of the initial cgroup namespace (`PROC_CGROUP_INIT_INO`, include/linux/proc_ns.h).
pub(super) const INITIAL_CGROUP_NS: u64 = 0xEFFF_FFFB;

/// Whether we are in the initial namespace of a kind; `None` without /proc.
pub(super) fn is_initial(kind: &str, initial: u64) -> Option<bool> {
    let namespace = fs::metadata(format!("/proc/self/ns/{kind}")).ok()?;
    Some(namespace.ino() == initial)
}
