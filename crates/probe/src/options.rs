//! What the kernel side traces.

use std::path::PathBuf;

use crate::start_error::StartError;
use execsnoop_events::Backend;

/// What to attach, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Failed execs too. Costs every system call of the machine some nanoseconds.
    pub failed: bool,
    /// With them those by 32-bit system calls. Costs every system call some 10 ns more.
    pub failed_32_bit: bool,
    /// New processes too.
    pub forks: bool,
    /// The ends of processes too.
    pub exits: bool,
    /// With them the final accounts, which come when the parent has reaped the process.
    pub final_usage: bool,
    /// The processes that are there when tracing begins, before all other events.
    pub existing: bool,
    /// The resolved path of the file that runs.
    pub exe_path: bool,
    /// The resolved path of the working directory.
    pub cwd: bool,
    /// The environment of the new image.
    pub env: bool,
    /// The names of cgroups.
    pub cgroups: bool,
    /// Terminals and session leaders.
    pub sessions: bool,
    /// Size of the ring buffer in bytes; see [`ring_bytes`].
    pub ring_bytes: u32,
    /// A BTF file that describes this kernel, for the classic backend; else it finds out what it
    /// needs.
    pub btf: Option<PathBuf>,
    /// Perf buffers on the classic backend even where there is a ring buffer.
    pub perf_buffer: bool,
    /// Measure the run time of the programs (needs `CAP_SYS_ADMIN`).
    pub measure: bool,
    /// What the kernel side leaves out.
    pub filters: KernelFilters,
}

impl Default for Options {
    /// Successful execs alone, with a ring buffer of 16 MiB.
    fn default() -> Self {
        Self {
            failed: false,
            failed_32_bit: false,
            forks: false,
            exits: false,
            final_usage: false,
            existing: false,
            exe_path: false,
            cwd: false,
            env: false,
            cgroups: false,
            sessions: false,
            ring_bytes: 16 << 20,
            btf: None,
            perf_buffer: false,
            measure: false,
            filters: KernelFilters::default(),
        }
    }
}

impl Options {
    /// All that can be traced, with the ring's usual size.
    pub(crate) fn everything() -> Self {
        Self {
            failed: true,
            forks: true,
            exits: true,
            final_usage: true,
            existing: true,
            exe_path: true,
            cwd: true,
            env: true,
            cgroups: true,
            sessions: true,
            ..Self::default()
        }
    }
}

/// Filters that run in the kernel, so that what they refuse costs next to nothing. All that are set
/// must agree. They hold for execs, not for forks.
#[derive(Debug, Clone, Default)]
pub struct KernelFilters {
    /// Only this real user id.
    pub uid: Option<u32>,
    /// Only children of this process, by its number in the tracer's own pid namespace.
    pub ppid: Option<u32>,
    /// Only processes in this directory of the cgroup v2 file system, or below it.
    pub cgroup: Option<PathBuf>,
    /// The receiver filters by the names of cgroups: a backend without them is refused.
    pub by_name: bool,
    /// Leave out the cgroups that are named to
    /// [`Control::exclude_cgroup`](execsnoop_events::Control::exclude_cgroup).
    pub excludes_cgroups: bool,
    /// Only processes whose v2 cgroup id is a key of this pinned BPF hash map.
    pub cgroup_map: Option<PathBuf>,
    /// Only processes whose mount namespace's inode number is a key of this pinned BPF hash map.
    pub mount_ns_map: Option<PathBuf>,
}

impl KernelFilters {
    /// For a backend that knows no names of cgroups.
    pub(crate) fn refuse_names(&self, backend: Backend) -> Result<(), StartError> {
        match self.by_name {
            true => Err(StartError::Unsupported {
                what: "a choice by container, unit or path of a cgroup".to_owned(),
                backend,
            }),
            false => Ok(()),
        }
    }
}

/// The ring size that serves a wish for `bytes`: a power of two, 64 KiB to 1 GiB.
pub fn ring_bytes(bytes: u64) -> u32 {
    let clamped = bytes.clamp(64 << 10, 1 << 30);
    u32::try_from(clamped.next_power_of_two()).expect("at most 1 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel takes powers of two of at least a page.
    #[test]
    fn ring_sizes_are_powers_of_two() {
        for (wish, size) in [
            (0, 64 << 10),
            (1 << 16, 1 << 16),
            (100_000, 1 << 17),
            (16 << 20, 16 << 20),
            (u64::MAX, 1 << 30),
        ] {
            assert_eq!(ring_bytes(wish), size);
        }
    }
}
