//! Loading the programs: which of them, with which settings and maps.

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::AsFd as _;
use std::os::fd::AsRawFd as _;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use libbpf_rs::MapCore;
use libbpf_rs::MapFlags;
use libbpf_rs::MapHandle;
use libbpf_rs::MapType;
use libbpf_rs::OpenObject;
use libbpf_rs::skel::OpenSkel;
use libbpf_rs::skel::SkelBuilder as _;
use nix::sys::resource::Resource;
use nix::sys::resource::getrlimit;
use nix::sys::resource::setrlimit;

use crate::options::KernelFilters;
use crate::options::Options;
use crate::skeleton::CoreSkel;
use crate::skeleton::CoreSkelBuilder;
use crate::skeleton::OpenCoreSkel;
use crate::skeleton::types::rodata;
use crate::start_error::StartError;
use crate::start_error::load_failure;
use execsnoop_host::features::HostFeatures;
use execsnoop_host::features::btf::has_typed_tracepoint;
use execsnoop_host::features::has_v1_hierarchy;
use execsnoop_host::features::namespace::tracer_pid_ns;
use execsnoop_host::libbpf_log;
use execsnoop_host::tracefs::is_readable;

/// The verifier's statistics, without its trace of each instruction (include/linux/bpf_verifier.h).
const BPF_LOG_STATS: u32 = 4;

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
        if options.failed_32_bit {
            return Some(Self::AnyExit);
        }
        let readable = |name| is_readable("syscalls", name);
        if readable("sys_exit_execve") && readable("sys_exit_execveat") {
            return Some(Self::Tracepoints);
        }
        tracing::info!(
            "tracefs is not readable: failed execs are seen at the exit of all system calls"
        );
        Some(Self::AnyExit)
    }
}

/// The two ways to note execs past the point of no return; see bpf/prepared.bpf.h.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PreparedBy {
    Tracepoint,
    Signal,
}

impl PreparedBy {
    /// Exits need either, failed execs only the first.
    pub(crate) fn choose(options: &Options) -> Option<Self> {
        if !options.failed && !options.exits {
            return None;
        }
        match has_typed_tracepoint("sched_prepare_exec") {
            true => Some(Self::Tracepoint),
            false => options.exits.then_some(Self::Signal),
        }
    }
}

/// Which of the programs are to be loaded, where there is a choice.
#[derive(Clone, Copy)]
pub(crate) struct Chosen {
    pub(crate) failed_by: Option<FailedBy>,
    pub(crate) prepared_by: Option<PreparedBy>,
}

impl Chosen {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            failed_by: FailedBy::choose(options),
            prepared_by: PreparedBy::choose(options),
        }
    }
}

/// Loads what `options` ask for, set up as they say.
pub(crate) fn load(
    options: &Options,
    chosen: Chosen,
    features: &HostFeatures,
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
    let pinned = PinnedMaps::open(&options.filters)?;
    let filtering = other("setting filters up");
    pinned.make_patterns(&mut open).map_err(&filtering)?;
    choose_programs(&mut open, options, chosen);
    let skeleton = load_opened(open, features)?;
    let (cgroups, mount_ns) = (&skeleton.maps.wanted_cgroups, &skeleton.maps.wanted_mntns);
    pinned.put_into(cgroups, mount_ns).map_err(&filtering)?;
    Ok(skeleton)
}

/// Loads what has been set up; with `-v`, what that costs is told.
pub(crate) fn load_opened<'a, O: OpenSkel<'a>>(
    mut open: O,
    features: &HostFeatures,
) -> Result<O::Output, StartError> {
    if tracing::enabled!(tracing::Level::DEBUG) {
        ask_for_verifier_statistics(open.open_object_mut());
    }
    let begin = Instant::now();
    let loaded = open.load();
    let skeleton = loaded.map_err(|cause| load_failure(features, cause, &libbpf_log::take()))?;
    let load_ms = begin.elapsed().as_secs_f64() * 1e3;
    tracing::debug!("loaded in {load_ms:.1} ms");
    Ok(skeleton)
}

/// Before 5.11 libbpf has to raise this limit to load something, and does so once, whatever else is
/// loaded after that; a command that we start is not to inherit it.
pub(crate) fn keep_limit_of_locked_memory<T>(load: impl FnOnce() -> T) -> T {
    let before = getrlimit(Resource::RLIMIT_MEMLOCK);
    let loaded = load();
    if let Ok((soft, hard)) = before
        && let Err(errno) = setrlimit(Resource::RLIMIT_MEMLOCK, soft, hard)
    {
        tracing::debug!("cannot restore the limit of locked memory: {errno}");
    }
    loaded
}

/// Loads all programs that any options ask for, and unloads them again. Returns how long loading
/// took.
pub(crate) fn try_load(features: &HostFeatures) -> Result<Duration, StartError> {
    libbpf_log::capture();
    let options = Options::everything();
    let begin = Instant::now();
    load(&options, Chosen::new(&options), features).map(|_| begin.elapsed())
}

fn configure(rodata: &mut rodata, options: &Options) {
    let filters = &options.filters;
    rodata.wake_at = options.ring_bytes / 4;
    rodata.congested_at = options.ring_bytes / 2;
    rodata.tracer_pid = std::process::id();
    rodata.tracer_pid_ns = tracer_pid_ns();
    rodata.want_path = options.exe_path;
    rodata.want_cwd = options.cwd;
    rodata.want_env = options.env;
    rodata.want_session = options.sessions;
    rodata.want_cgroup = options.cgroups;
    rodata.memory_is_v1 = has_v1_hierarchy("memory");
    rodata.pids_is_v1 = has_v1_hierarchy("pids");
    rodata.want_slices = options.exits;
    rodata.want_prepared = options.exits;
    rodata.filter_uid = filters.uid.is_some();
    rodata.wanted_uid = filters.uid.unwrap_or_default();
    rodata.filter_ppid = filters.ppid.is_some();
    rodata.wanted_ppid = filters.ppid.unwrap_or_default();
    rodata.filter_cgroup = filters.cgroup.is_some();
    rodata.excludes_cgroups = filters.excludes_cgroups;
    rodata.filter_cgroup_map = filters.cgroup_map.is_some();
    rodata.filter_mntns_map = filters.mount_ns_map.is_some();
}

fn choose_programs(open: &mut OpenCoreSkel<'_>, options: &Options, chosen: Chosen) {
    let tracepoints = chosen.failed_by == Some(FailedBy::Tracepoints);
    let prepared_by = |way| chosen.prepared_by == Some(way);
    let on_prepare = &mut open.progs.on_prepare;
    on_prepare.set_autoload(prepared_by(PreparedBy::Tracepoint));
    open.progs
        .on_signal
        .set_autoload(prepared_by(PreparedBy::Signal));
    open.progs.on_fork.set_autoload(options.forks);
    open.progs.on_exit.set_autoload(options.exits);
    open.progs.on_free.set_autoload(options.final_usage);
    open.progs.each_existing.set_autoload(options.existing);
    open.progs.on_execve_exit.set_autoload(tracepoints);
    open.progs.on_execveat_exit.set_autoload(tracepoints);
    open.progs
        .on_any_exit
        .set_autoload(chosen.failed_by == Some(FailedBy::AnyExit));
}

/// How many instructions the verifier goes through, among others; libbpf tells it to the log
/// (5.2+).
fn ask_for_verifier_statistics(open: &mut OpenObject) {
    for mut program in open.progs_mut() {
        program.set_log_level(BPF_LOG_STATS);
    }
}

/// The pinned maps that filters name, opened.
#[derive(Debug, Default)]
pub(crate) struct PinnedMaps {
    cgroups: Option<MapHandle>,
    mount_ns: Option<MapHandle>,
}

impl PinnedMaps {
    pub(crate) fn open(filters: &KernelFilters) -> Result<Self, StartError> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(open_pinned_map).transpose();
        Ok(Self {
            cgroups: open(&filters.cgroup_map)?,
            mount_ns: open(&filters.mount_ns_map)?,
        })
    }

    /// Each with the outer map of an object that is to be loaded.
    fn make_patterns(&self, open: &mut OpenCoreSkel<'_>) -> libbpf_rs::Result<()> {
        if let Some(map) = &self.cgroups {
            open.maps.wanted_cgroups.set_inner_map_fd(map.as_fd())?;
        }
        if let Some(map) = &self.mount_ns {
            open.maps.wanted_mntns.set_inner_map_fd(map.as_fd())?;
        }
        Ok(())
    }

    /// The map of cgroups.
    pub(crate) fn cgroups(&self) -> Option<BorrowedFd<'_>> {
        self.cgroups.as_ref().map(MapHandle::as_fd)
    }

    /// Puts them where the loaded programs look them up.
    pub(crate) fn put_into(
        &self,
        cgroups: &dyn MapCore,
        mount_ns: &dyn MapCore,
    ) -> libbpf_rs::Result<()> {
        if let Some(map) = &self.cgroups {
            put_first(cgroups, map.as_fd())?;
        }
        if let Some(map) = &self.mount_ns {
            put_first(mount_ns, map.as_fd())?;
        }
        Ok(())
    }
}

/// Puts a descriptor (of a map, of a cgroup) into the first place of an array of such.
fn put_first(array: &dyn MapCore, fd: BorrowedFd<'_>) -> libbpf_rs::Result<()> {
    let fd = fd.as_raw_fd().to_ne_bytes();
    array.update(&0u32.to_ne_bytes(), &fd, MapFlags::ANY)
}

/// Opens a pinned map, which must be a hash with keys of 64 bits.
fn open_pinned_map(path: &Path) -> Result<MapHandle, StartError> {
    let refuse = |why: String| StartError::Filter {
        path: path.to_owned(),
        why,
    };
    let map = MapHandle::from_pinned_path(path).map_err(|cause| {
        refuse(format!(
            "it is not a pinned BPF map that we may use ({cause})"
        ))
    })?;
    let hash = matches!(map.map_type(), MapType::Hash | MapType::LruHash);
    match hash && map.key_size() == 8 {
        true => Ok(map),
        false => Err(refuse(
            "a BPF hash map with keys of 8 bytes is needed".to_owned(),
        )),
    }
}

/// Puts the cgroup to be traced where the programs look it up.
pub(crate) fn choose_cgroup(wanted: &dyn MapCore, path: &Path) -> Result<(), StartError> {
    let refuse = |why: String| StartError::Filter {
        path: path.to_owned(),
        why,
    };
    let directory = File::open(path).map_err(|err| refuse(err.to_string()))?;
    put_first(wanted, directory.as_fd()).map_err(|_| {
        refuse(
            "it is not a directory of the cgroup v2 file system (mounted at /sys/fs/cgroup, \
                 or at /sys/fs/cgroup/unified); of version 1, give the path within its hierarchy, \
                 such as /docker"
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
