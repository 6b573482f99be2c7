//! Loading the programs: which of them, with which settings and maps.

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::AsFd as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use libbpf_rs::MapCore as _;
use libbpf_rs::MapFlags;
use libbpf_rs::MapHandle;
use libbpf_rs::MapType;
use libbpf_rs::OpenMapMut;
use libbpf_rs::skel::OpenSkel as _;
use libbpf_rs::skel::SkelBuilder as _;

use crate::explain::StartError;
use crate::explain::load_failure;
use crate::features::Features;
use crate::features::tracepoint_readable;
use crate::libbpf_log;
use crate::options::KernelFilters;
use crate::options::Options;
use crate::skeleton::CoreSkel;
use crate::skeleton::CoreSkelBuilder;
use crate::skeleton::OpenCoreSkel;
use crate::skeleton::types::rodata;

/// Inode number of the initial pid namespace (`PROC_PID_INIT_INO`, include/linux/proc_ns.h).
const INITIAL_PID_NS: u64 = 0xEFFF_FFFC;

/// The two ways to see failed execs; see bpf/failed.bpf.h.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailedBy {
    Tracepoints,
    AnyExit,
}

impl FailedBy {
    pub(crate) fn choose(options: &Options) -> Option<Self> {
        if !options.failed {
            return None;
        }
        let readable = |name| tracepoint_readable("syscalls", name);
        if readable("sys_exit_execve") && readable("sys_exit_execveat") {
            return Some(Self::Tracepoints);
        }
        tracing::info!(
            "tracefs is not readable: failed execs are seen at the exit of all system calls"
        );
        Some(Self::AnyExit)
    }
}

/// Loads what `options` ask for, set up as they say.
pub(crate) fn load(
    options: &Options,
    features: &Features,
) -> Result<CoreSkel<'static>, StartError> {
    // The object lives as long as the process: the skeleton borrows its place.
    let place = Box::leak(Box::new(MaybeUninit::uninit()));
    let mut open = CoreSkelBuilder::default()
        .open(place)
        .map_err(other("opening the BPF object"))?;
    let rodata = open.maps.rodata_data.as_deref_mut();
    configure(rodata.expect("the object has settings"), options);
    open.maps
        .ring
        .set_max_entries(options.ring_bytes)
        .map_err(other("setting the size of the ring buffer"))?;
    use_pinned_maps(&mut open, &options.filters)?;
    choose_programs(&mut open, options);
    open.load()
        .map_err(|cause| load_failure(features, cause, &libbpf_log::take()))
}

fn configure(rodata: &mut rodata, options: &Options) {
    let filters = &options.filters;
    rodata.wake_at = options.ring_bytes / 4;
    rodata.crowded_at = options.ring_bytes / 2;
    rodata.tracer_pid = std::process::id();
    rodata.tracer_pid_ns = tracer_pid_ns();
    rodata.want_path = options.exe_path;
    rodata.filter_uid = filters.uid.is_some();
    rodata.wanted_uid = filters.uid.unwrap_or_default();
    rodata.filter_ppid = filters.ppid.is_some();
    rodata.wanted_ppid = filters.ppid.unwrap_or_default();
    rodata.filter_cgroup = filters.cgroup.is_some();
    rodata.filter_cgroup_map = filters.cgroup_map.is_some();
    rodata.filter_mntns_map = filters.mount_ns_map.is_some();
}

/// The inode number of our pid namespace, 0 for the initial one (or when /proc is not there to tell).
fn tracer_pid_ns() -> u32 {
    let inode = std::fs::metadata("/proc/self/ns/pid").map_or(INITIAL_PID_NS, |meta| meta.ino());
    match inode {
        INITIAL_PID_NS => 0,
        other => u32::try_from(other).unwrap_or_default(),
    }
}

fn choose_programs(open: &mut OpenCoreSkel<'_>, options: &Options) {
    let failed_by = FailedBy::choose(options);
    let tracepoints = failed_by == Some(FailedBy::Tracepoints);
    open.progs.on_fork.set_autoload(options.forks);
    open.progs.on_execve_exit.set_autoload(tracepoints);
    open.progs.on_execveat_exit.set_autoload(tracepoints);
    open.progs
        .on_any_exit
        .set_autoload(failed_by == Some(FailedBy::AnyExit));
}

fn use_pinned_maps(open: &mut OpenCoreSkel<'_>, filters: &KernelFilters) -> Result<(), StartError> {
    if let Some(path) = &filters.cgroup_map {
        use_pinned_map(&mut open.maps.wanted_cgroups, path)?;
    }
    if let Some(path) = &filters.mount_ns_map {
        use_pinned_map(&mut open.maps.wanted_mntns, path)?;
    }
    Ok(())
}

/// Puts a pinned map, which must be a hash with keys of 64 bits, in the place of ours.
fn use_pinned_map(map: &mut OpenMapMut<'_>, path: &Path) -> Result<(), StartError> {
    let refuse = |why: String| StartError::Filter {
        path: path.to_owned(),
        why,
    };
    let pinned = MapHandle::from_pinned_path(path).map_err(|cause| {
        refuse(format!(
            "it is not a pinned BPF map that we may use ({cause})"
        ))
    })?;
    let hash = matches!(pinned.map_type(), MapType::Hash | MapType::LruHash);
    if !hash || pinned.key_size() != 8 {
        return Err(refuse(
            "a BPF hash map with keys of 8 bytes is needed".to_owned(),
        ));
    }
    map.reuse_fd(pinned.as_fd())
        .map_err(|cause| refuse(format!("the map cannot be used ({cause})")))
}

/// Puts the cgroup to be traced where the programs look it up.
pub(crate) fn choose_cgroup(skeleton: &CoreSkel<'_>, path: &Path) -> Result<(), StartError> {
    let refuse = |why: String| StartError::Filter {
        path: path.to_owned(),
        why,
    };
    let directory = File::open(path).map_err(|err| refuse(err.to_string()))?;
    let fd = directory.as_raw_fd().to_ne_bytes();
    skeleton
        .maps
        .wanted_cgroup
        .update(&0u32.to_ne_bytes(), &fd, MapFlags::ANY)
        .map_err(|_| {
            refuse(
                "it is not a directory of the cgroup v2 file system (mounted at /sys/fs/cgroup, \
                 or at /sys/fs/cgroup/unified)"
                    .to_owned(),
            )
        })
}

/// For what is not expected to fail.
pub(crate) fn other(what: &'static str) -> impl Fn(libbpf_rs::Error) -> StartError {
    move |cause| StartError::Other {
        what: what.to_owned(),
        cause,
    }
}
