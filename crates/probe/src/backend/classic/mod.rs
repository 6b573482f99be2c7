//! The classic backend: BPF on kernels that do not describe their types.

mod btf_file;
mod kernel_layout;

use std::fs;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::Ordering;
use std::sync::atomic::compiler_fence;
use std::time::Duration;
use std::time::Instant;

use libbpf_rs::MapType;
use libbpf_rs::ProgramType;
use libbpf_rs::skel::OpenSkel as _;
use libbpf_rs::skel::SkelBuilder as _;
use nix::libc;
use nix::sys::signal::Signal;

use execsnoop_events::CountedKind;

use crate::backend::obstacle::obstacle;
use crate::clock;
use crate::load::PinnedMaps;
use crate::load::choose_cgroup;
use crate::load::load_opened;
use crate::load::other;
use crate::options::Options;
use crate::proc_table;
use crate::read::perf::PerfReader;
use crate::read::ring::Reader;
use crate::read::ring::RingReader;
use crate::session::Attached;
use crate::session::BpfSession;
use crate::session::Object;
use crate::session::attach;
use crate::session::set_asleep;
use crate::skeleton::classic::ClassicSkel;
use crate::skeleton::classic::ClassicSkelBuilder;
use crate::skeleton::classic::OpenClassicSkel;
use crate::skeleton::classic::types::layout;
use crate::skeleton::classic::types::rodata;
use crate::skeleton::peek::PeekSkel;
use crate::skeleton::peek::PeekSkelBuilder;
use crate::skeleton::types::counters;
use crate::start_error::StartError;
use crate::start_error::load_failure;
use crate::wire::snapshot::Snapshot;
use execsnoop_events::Backend;
use execsnoop_host::Obstacle;
use execsnoop_host::features::HostFeatures;
use execsnoop_host::features::namespace::proc_has_machines_pids;
use execsnoop_host::libbpf_log;
use execsnoop_host::tracefs;
use execsnoop_host::tracefs::Field;
use kernel_layout::Memory;
use kernel_layout::SelfTask;
use kernel_layout::learn;

/// Asked for, for a moment, to be sent when the parent dies, so that it is seen in our
/// `task_struct`: a signal that is ignored unless a process waits for it.
const RARE_SIGNAL: Signal = Signal::SIGWINCH;

/// See [`outlive_first_ticks`].
const FIRST_TICKS: Duration = Duration::from_nanos(2 * proc_table::TICK_NS);

impl Object for ClassicSkel<'static> {
    fn counters(&self) -> *const counters {
        let bss = self.maps.bss_data.as_deref();
        // The same structure, of the same header, in another skeleton.
        ptr::from_ref(&bss.expect("the object has counters").counters).cast()
    }

    fn request_wakeup(&self) -> libbpf_rs::Result<()> {
        set_asleep(&self.maps.reader_asleep)
    }

    fn set_suspended(&mut self, suspended_ns: u64) {
        let bss = self.maps.bss_data.as_deref_mut();
        let bss = bss.expect("the object has this variable");
        // SAFETY: it is a word of ours in mapped memory, which the kernel side reads at any time,
        // hence volatile.
        unsafe { (&raw mut bss.suspended_ns).write_volatile(suspended_ns) };
    }
}

const _: () =
    assert!(size_of::<counters>() == size_of::<crate::skeleton::classic::types::counters>());

/// Loads the programs of the classic backend and attaches those that `options` ask for. Events
/// count from here on.
pub(crate) fn start(options: &Options) -> Result<BpfSession, StartError> {
    let features = HostFeatures::detect();
    if let Some(obstacle) = obstacle(Backend::Classic, &features) {
        return Err(obstacle.into());
    }
    refuse_filters(options)?;
    libbpf_log::capture();
    tracing::debug!("backend: classic");
    let (layout, tgid) = learn_layout(options, &features)?;
    let offsets = TracepointOffsets::read()?;
    // Both came with Linux 5.8: what stands in for one is tested together with that for the other.
    let with_ring = !options.perf_buffer && has_ring();
    let boot_clock = !options.perf_buffer && has_helper(libbpf_sys::BPF_FUNC_ktime_get_boot_ns);
    let mut skeleton = load(options, &features, |rodata| {
        rodata.layout = layout;
        rodata.tracer_pid = tgid;
        rodata.use_ring = with_ring;
        rodata.has_boot_clock = boot_clock;
        rodata.last_thread_tells = features.version().is_some_and(|version| version >= (6, 1));
        offsets.put_into(rodata);
    })?;
    if let Some(path) = &options.filters.cgroup {
        choose_cgroup(&skeleton.maps.wanted_cgroup, path)?;
    }
    let ring = match with_ring {
        true => RingReader::new(&skeleton.maps.ring).map(Reader::Ring),
        false => PerfReader::new(&skeleton.maps.ring, options.ring_bytes)
            .map(Reader::Perf)
            .map_err(|errno| libbpf_rs::Error::from_raw_os_error(errno as i32)),
    };
    let ring = ring.map_err(other("mapping the buffers"))?;
    let start = clock::read();
    let attached = attach_classic(&mut skeleton, options)?;
    let (running, starts) = match options.existing && proc_has_machines_pids() {
        true => Snapshot::from_proc(clock::boot_time_ns()),
        false => Default::default(),
    };
    let session = BpfSession::new(Box::new(skeleton), ring, &start, options);
    let session = session.with(attached, Some(starts), running);
    Ok(match boot_clock {
        true => session,
        false => session.without_boot_clock(),
    })
}

/// Filters by what is not known here.
fn refuse_filters(options: &Options) -> Result<(), StartError> {
    options.filters.refuse_names(Backend::Classic)?;
    if let Some(path) = &options.filters.mount_ns_map {
        return Err(StartError::Unsupported {
            what: format!("a filter by mount namespaces ({})", path.display()),
            backend: Backend::Classic,
        });
    }
    let inside = !proc_has_machines_pids();
    if inside && (options.filters.ppid.is_some() || options.existing) {
        return Err(StartError::Unsupported {
            what: "following processes by their pids in a container".to_owned(),
            backend: Backend::Classic,
        });
    }
    Ok(())
}

fn load(
    options: &Options,
    features: &HostFeatures,
    configure_more: impl FnOnce(&mut rodata),
) -> Result<ClassicSkel<'static>, StartError> {
    // The object lives as long as the process: the skeleton borrows its place.
    let place = Box::leak(Box::new(MaybeUninit::uninit()));
    let mut open = ClassicSkelBuilder::default()
        .open(place)
        .map_err(other("opening the BPF object"))?;
    let rodata = open.maps.rodata_data.as_deref_mut();
    let rodata = rodata.expect("the object has settings");
    configure(rodata, options);
    configure_more(rodata);
    let with_ring = rodata.use_ring;
    let bss = open.maps.bss_data.as_deref_mut();
    bss.expect("the object has variables").suspended_ns = clock::suspended_ns();
    set_buffer(&mut open, options, with_ring).map_err(other("setting the size of the buffers"))?;
    let pinned = PinnedMaps::open(&options.filters)?;
    let filtering = other("setting filters up");
    if let Some(map) = pinned.cgroups() {
        open.maps
            .wanted_cgroups
            .set_inner_map_fd(map)
            .map_err(&filtering)?;
    }
    open.progs.on_fork.set_autoload(options.forks);
    open.progs.on_exit.set_autoload(options.exits);
    open.progs.on_execve_exit.set_autoload(options.failed);
    open.progs.on_execveat_exit.set_autoload(options.failed);
    let skeleton = load_opened(open, features)?;
    pinned
        .put_into(&skeleton.maps.wanted_cgroups, &skeleton.maps.wanted_mntns)
        .map_err(&filtering)?;
    Ok(skeleton)
}

fn configure(rodata: &mut rodata, options: &Options) {
    let filters = &options.filters;
    rodata.wake_at = options.ring_bytes / 4;
    rodata.congested_at = options.ring_bytes / 2;
    rodata.filter_uid = filters.uid.is_some();
    rodata.wanted_uid = filters.uid.unwrap_or_default();
    rodata.filter_ppid = filters.ppid.is_some();
    rodata.wanted_ppid = filters.ppid.unwrap_or_default();
    rodata.filter_cgroup = filters.cgroup.is_some();
    rodata.filter_cgroup_map = filters.cgroup_map.is_some();
}

/// The map through which records go: a ring, or in its place an array of perf buffers.
fn set_buffer(
    open: &mut OpenClassicSkel<'_>,
    options: &Options,
    with_ring: bool,
) -> libbpf_rs::Result<()> {
    let map = &mut open.maps.ring;
    if with_ring {
        return map.set_max_entries(options.ring_bytes);
    }
    map.set_type(MapType::PerfEventArray)?;
    map.set_key_size(4)?;
    map.set_value_size(4)?;
    let cpus = libbpf_rs::num_possible_cpus()?;
    map.set_max_entries(u32::try_from(cpus).unwrap_or(1))
}

fn attach_classic(
    skeleton: &mut ClassicSkel<'static>,
    options: &Options,
) -> Result<Vec<Attached>, StartError> {
    let programs = &mut skeleton.progs;
    let mut all = Vec::new();
    // Ends first: who is seen to begin is then seen to end.
    if options.exits {
        attach(
            &mut all,
            "on_exit",
            CountedKind::Exit,
            &mut programs.on_exit,
        )?;
    }
    if options.forks {
        attach(
            &mut all,
            "on_fork",
            CountedKind::Fork,
            &mut programs.on_fork,
        )?;
    }
    if options.failed {
        let (execve, execveat) = (&mut programs.on_execve_exit, &mut programs.on_execveat_exit);
        attach(&mut all, "on_execve_exit", CountedKind::Failed, execve)?;
        attach(&mut all, "on_execveat_exit", CountedKind::Failed, execveat)?;
    }
    attach(
        &mut all,
        "on_exec",
        CountedKind::Exec,
        &mut programs.on_exec,
    )?;
    Ok(all)
}

/// What tracefs says of the tracepoints.
struct TracepointOffsets {
    exec_filename: u32,
    exec_old_pid: u32,
    exit_group_dead: bool,
}

impl TracepointOffsets {
    fn read() -> Result<Self, StartError> {
        let exec = tracefs::fields("sched", "sched_process_exec");
        let exit = tracefs::fields("sched", "sched_process_exit");
        let place = |fields: &[Field], name| {
            let field = fields.iter().find(|field| field.name == name);
            field.map(|field| field.offset)
        };
        Ok(Self {
            exec_filename: place(&exec, "filename").ok_or(Obstacle::Tracefs)?,
            exec_old_pid: place(&exec, "old_pid").ok_or(Obstacle::Tracefs)?,
            exit_group_dead: place(&exit, "group_dead").is_some(),
        })
    }

    fn put_into(&self, rodata: &mut rodata) {
        rodata.exec_filename = self.exec_filename;
        rodata.exec_old_pid = self.exec_old_pid;
        rodata.exit_group_dead = self.exit_group_dead;
    }
}

fn has_ring() -> bool {
    // SAFETY: the call takes numbers, and no options.
    unsafe {
        libbpf_sys::libbpf_probe_bpf_map_type(libbpf_sys::BPF_MAP_TYPE_RINGBUF, ptr::null()) == 1
    }
}

fn has_helper(helper: libbpf_sys::bpf_func_id) -> bool {
    let kind = ProgramType::RawTracepoint as libbpf_sys::bpf_prog_type;
    // SAFETY: as above.
    unsafe { libbpf_sys::libbpf_probe_bpf_helper(kind, helper, ptr::null()) == 1 }
}

/// Finds out where this kernel keeps what we read, and our own number in the initial pid namespace.
fn learn_layout(options: &Options, features: &HostFeatures) -> Result<(layout, u32), StartError> {
    let own = proc_table::find(std::process::id());
    outlive_first_ticks(own.as_ref());
    outlive_threads();
    let mut peeker = KernelReader::start(features)?;
    let death_signal = ParentDeathSignal::set();
    peeker.peek(0);
    let seen = peeker.read();
    let me = SelfTask {
        task: seen.task,
        regs: seen.regs,
        tgid: seen.tgid,
        ppid: own
            .as_ref()
            .filter(|_| proc_has_machines_pids())
            .map(|own| own.ppid),
        comm: fs::read("/proc/self/comm")
            .map(|comm| comm.trim_ascii_end().to_vec())
            .unwrap_or_default(),
        start_ticks: own.map_or(0, |own| own.start_ticks),
        parent_death_signal: RARE_SIGNAL as u32,
        suspended_ns: clock::suspended_ns(),
    };
    let learnt = match &options.btf {
        None => learn(&me, &mut peeker).map_err(|field| Obstacle::Layout { field }.into()),
        Some(path) => btf_file::read(path, &me, &mut peeker).map_err(|why| StartError::Btf {
            path: path.clone(),
            why,
        }),
    };
    drop(death_signal);
    let layout = learnt?;
    tracing::debug!("learnt {layout:?}");
    Ok((layout, me.tgid))
}

/// Waits for the end of threads that were joined: the kernel counts them for some µs more, and the
/// layout of `signal_struct` is recognized by the counts of a single thread.
fn outlive_threads() {
    let deadline = Instant::now() + Duration::from_secs(1);
    let is_alone = |own: proc_table::Found| own.threads == 1;
    while !proc_table::find(std::process::id()).is_none_or(is_alone) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Asks for [`RARE_SIGNAL`] when the parent dies, until it is dropped.
struct ParentDeathSignal(Option<Signal>);

impl ParentDeathSignal {
    fn set() -> Self {
        let before = nix::sys::prctl::get_pdeathsig().unwrap_or(None);
        if let Err(errno) = nix::sys::prctl::set_pdeathsig(RARE_SIGNAL) {
            tracing::debug!("parent death signal: {errno}");
        }
        Self(before)
    }
}

impl Drop for ParentDeathSignal {
    fn drop(&mut self) {
        if let Err(errno) = nix::sys::prctl::set_pdeathsig(self.0) {
            tracing::debug!("parent death signal: {errno}");
        }
    }
}

/// The program that shows kernel memory, attached.
struct KernelReader {
    skeleton: PeekSkel<'static>,
    _link: libbpf_rs::Link,
}

/// What a look at memory gave.
struct Seen {
    task: u64,
    regs: u64,
    tgid: u32,
    bytes: Vec<u8>,
}

impl KernelReader {
    fn start(features: &HostFeatures) -> Result<Self, StartError> {
        let place = Box::leak(Box::new(MaybeUninit::uninit()));
        let open = PeekSkelBuilder::default().open(place);
        let open = open.map_err(other("opening the BPF object"))?;
        let loaded = open.load();
        let skeleton =
            loaded.map_err(|cause| load_failure(features, cause, &libbpf_log::take()))?;
        let link = skeleton.progs.on_peek.attach();
        let link = link.map_err(|cause| match cause.kind() {
            libbpf_rs::ErrorKind::PermissionDenied => Obstacle::Forbidden.into(),
            _ => other("attaching on_peek")(cause),
        })?;
        Ok(Self {
            skeleton,
            _link: link,
        })
    }

    /// Makes the program look at this address; 0 for our `task_struct`.
    fn peek(&mut self, address: u64) {
        let cookie = ptr::from_ref(self).addr() as u64 ^ clock::boot_time_ns();
        let bss = self.skeleton.maps.bss_data.as_deref_mut();
        let peek = &mut bss.expect("the object has a place for it").peek;
        peek.at = address;
        peek.cookie = cookie;
        peek.filled = 0;
        // The kernel side reads and writes this while the system call runs.
        compiler_fence(Ordering::SeqCst);
        // SAFETY: getppid takes no arguments, and so ignores these.
        unsafe { libc::syscall(libc::SYS_getppid, 0, cookie) };
        compiler_fence(Ordering::SeqCst);
    }

    fn read(&self) -> Seen {
        let bss = self.skeleton.maps.bss_data.as_deref();
        let peek = ptr::from_ref(&bss.expect("the object has a place for it").peek);
        // SAFETY: the pointer is to mapped memory of this type; nothing writes to it now.
        let peek = unsafe { peek.read_volatile() };
        let filled = usize::try_from(peek.filled)
            .unwrap_or(0)
            .min(peek.bytes.len());
        Seen {
            task: peek.task,
            regs: peek.regs,
            tgid: peek.tgid,
            bytes: peek.bytes[..filled].to_vec(),
        }
    }
}

impl Memory for KernelReader {
    fn peek(&mut self, address: u64) -> Vec<u8> {
        KernelReader::peek(self, address);
        self.read().bytes
    }
}

/// Waits until this process is two ticks old: by then, what else its `task_struct` notes the time
/// of lies in a later tick than its beginning.
fn outlive_first_ticks(own: Option<&proc_table::Found>) {
    let begun = own.map_or(0, |own| own.start_ticks * proc_table::TICK_NS);
    let age = Duration::from_nanos(clock::boot_time_ns().saturating_sub(begun));
    std::thread::sleep(FIRST_TICKS.saturating_sub(age));
}
