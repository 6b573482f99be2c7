//! Everything that tracing depends on, looked at and tried out.
//!
//! Nothing is attached and nothing is left behind. What cannot work anyway is not tried, so that a
//! survey has one reason for each thing that is not there.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use caps::CapSet;
use caps::Capability;
use nix::sys::resource::Resource;
use nix::sys::resource::getrlimit;
use nix::sys::utsname::uname;

use crate::backend::obstacle::obstacle;
use crate::load::try_load;
use crate::start_error::StartError;
use execsnoop_events::Backend;
use execsnoop_host::Obstacle;
use execsnoop_host::features::HostFeatures;
use execsnoop_host::features::attempt::Attempt;
use execsnoop_host::features::bpf;
use execsnoop_host::features::btf::Btf;
use execsnoop_host::features::cgroup::Cgroups;
use execsnoop_host::features::connector::Connector;
use execsnoop_host::features::mounts;
use execsnoop_host::features::mounts::Mount;
use execsnoop_host::features::namespace::in_initial_cgroup_ns;
use execsnoop_host::features::namespace::in_initial_pid_ns;
use execsnoop_host::features::namespace::in_initial_user_ns;
use execsnoop_host::features::security::SecurityModules;
use execsnoop_host::features::takes_32_bit_calls;
use execsnoop_host::libbpf_log;
use execsnoop_host::tracefs::is_readable;

/// What this machine offers this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What is known without trying anything.
    pub features: HostFeatures,
    /// The machine's architecture, as `uname -m` prints it.
    pub architecture: String,
    /// Effective user id, in this user namespace.
    pub uid: u32,
    /// /proc is mounted, and shows this process.
    pub proc_mounted: bool,
    /// /sys is mounted.
    pub sys_mounted: bool,
    /// The capabilities that matter.
    pub capabilities: Capabilities,
    /// We are in the initial user namespace; `None` without /proc.
    pub user_ns_initial: Option<bool>,
    /// We are in the initial pid namespace; `None` without /proc.
    pub pid_ns_initial: Option<bool>,
    /// Seccomp filters and security modules.
    pub guards: SecurityModules,
    /// `kernel.unprivileged_bpf_disabled`: 0 no, 1 yes and for good, 2 yes.
    pub unprivileged_bpf_disabled: Option<u32>,
    /// `kernel.perf_event_paranoid`: the higher, the less is allowed without `CAP_PERFMON`.
    pub perf_event_paranoid: Option<i32>,
    /// The soft limit of locked memory in bytes; `None` when there is none.
    pub memlock: Option<u64>,
    /// Control groups; `None` without /proc.
    pub cgroups: Option<Cgroups>,
    /// The descriptions of tracepoints.
    pub tracefs: Tracefs,
    /// Programs may make system calls as 32-bit programs do.
    pub takes_32_bit_calls: bool,
    /// The process connector.
    pub connector: Connector,
    /// Does bpf(2) answer?
    pub bpf_syscall: Attempt,
    /// The kernel's types.
    pub btf: Btf,
    /// Do programs load that are called with the kernel's types?
    pub tp_btf: Attempt,
    /// Can a ring buffer be made?
    pub ring_buffer: Attempt,
    /// Do programs for tracepoints load that need no types?
    pub tracepoints: Attempt,
    /// Do programs load that read the kernel's memory? (Where the kernel has the helper: 5.5.)
    pub kernel_reads: Attempt,
    /// May perf events be opened?
    pub perf_events: Attempt,
    /// Do the programs of the core backend load?
    pub core: Trial,
    /// What is known to stand in the way of the classic backend.
    pub classic: Option<Obstacle>,
    /// What is known to stand in the way of the process connector's backend.
    pub cnproc: Option<Obstacle>,
}

/// Which capabilities there are, of those in [`Capabilities::NAMED`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// In effect.
    pub effective: Vec<Capability>,
    /// Those that a program with file capabilities, or sudo, could get (the bounding set).
    pub obtainable: Vec<Capability>,
    /// No program that this process starts gets more than it has, whatever the file says.
    pub no_new_privs: bool,
}

impl Capabilities {
    /// Those that tracing has to do with.
    pub const NAMED: [Capability; 6] = [
        Capability::CAP_BPF,
        Capability::CAP_PERFMON,
        Capability::CAP_SYS_ADMIN,
        Capability::CAP_SYS_RESOURCE,
        Capability::CAP_NET_ADMIN,
        Capability::CAP_SYS_PTRACE,
    ];

    fn look() -> Self {
        let those = |set| {
            let named = Self::NAMED.into_iter();
            named
                .filter(|one| caps::has_cap(None, set, *one).unwrap_or(false))
                .collect()
        };
        Self {
            effective: those(CapSet::Effective),
            obtainable: those(CapSet::Bounding),
            no_new_privs: nix::sys::prctl::get_no_new_privs().unwrap_or(false),
        }
    }

    /// Whether one is in effect.
    pub fn has(&self, capability: Capability) -> bool {
        self.effective.contains(&capability)
    }
}

/// The file system that describes tracepoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracefs {
    /// Where it is mounted; `None` when it is not, or without /proc.
    pub mount: Option<PathBuf>,
    /// What it says of execs can be read.
    pub readable: bool,
}

impl Tracefs {
    fn of(mounts: &[Mount]) -> Self {
        let mounted = mounts.iter().find(|mount| mount.kind == "tracefs");
        Self {
            mount: mounted.map(|mount| mount.point.clone()),
            readable: is_readable("sched", "sched_process_exec"),
        }
    }
}

/// What came of loading programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// They load.
    Loads {
        /// How long that took.
        took: Duration,
    },
    /// Something stands in the way.
    Blocked(Obstacle),
    /// It failed, with this message.
    Fails(String),
}

impl Trial {
    /// Whether they load.
    pub fn loads(&self) -> bool {
        matches!(self, Self::Loads { .. })
    }
}

impl From<Result<Duration, StartError>> for Trial {
    fn from(outcome: Result<Duration, StartError>) -> Self {
        match outcome {
            Ok(took) => Self::Loads { took },
            Err(StartError::Cannot(obstacle)) => Self::Blocked(obstacle),
            Err(error) => Self::Fails(error.to_string()),
        }
    }
}

impl Diagnosis {
    /// Looks around and tries things out. Takes some hundred milliseconds.
    pub fn take() -> Self {
        libbpf_log::capture();
        let features = HostFeatures::detect();
        let memlock = memlock(); // before libbpf raises it
        let bpf_syscall = bpf::system_call();
        let trials = Trials::run(&features, bpf_syscall);
        let mounts = mounts::read();
        Self {
            architecture: uname()
                .map(|names| names.machine().to_string_lossy().into_owned())
                .unwrap_or_default(),
            uid: nix::unistd::geteuid().as_raw(),
            proc_mounted: Path::new("/proc/self/status").exists(),
            sys_mounted: Path::new("/sys/kernel").exists(),
            capabilities: Capabilities::look(),
            user_ns_initial: in_initial_user_ns(),
            pid_ns_initial: in_initial_pid_ns(),
            guards: SecurityModules::look(),
            unprivileged_bpf_disabled: setting("unprivileged_bpf_disabled"),
            perf_event_paranoid: setting("perf_event_paranoid"),
            memlock,
            cgroups: mounts.as_deref().map(cgroups),
            tracefs: Tracefs::of(&mounts.unwrap_or_default()),
            takes_32_bit_calls: takes_32_bit_calls(),
            connector: Connector::look(),
            bpf_syscall,
            btf: trials.btf,
            tp_btf: trials.tp_btf,
            ring_buffer: trials.ring_buffer,
            tracepoints: trials.tracepoints,
            kernel_reads: trials.kernel_reads,
            perf_events: bpf::perf_events(),
            core: trials.core,
            classic: obstacle(Backend::Classic, &features),
            cnproc: obstacle(Backend::Cnproc, &features),
            features,
        }
    }
}

/// What takes BPF to find out.
struct Trials {
    btf: Btf,
    tp_btf: Attempt,
    ring_buffer: Attempt,
    tracepoints: Attempt,
    kernel_reads: Attempt,
    core: Trial,
}

impl Trials {
    fn run(features: &HostFeatures, bpf_syscall: Attempt) -> Self {
        let btf = Btf::look();
        let answers = matches!(bpf_syscall, Attempt::Works | Attempt::Skipped);
        let allowed = answers && features.has_bpf_privileges();
        let attempt = |attempt: &dyn Fn() -> Attempt| match allowed {
            true => attempt(),
            false => Attempt::Skipped,
        };
        Self {
            tp_btf: attempt(&|| {
                let tracepoint = btf.tracepoint();
                tracepoint.map_or(Attempt::Skipped, bpf::typed_tracepoint)
            }),
            ring_buffer: attempt(&bpf::ring_buffer),
            tracepoints: attempt(&bpf::untyped_tracepoint),
            kernel_reads: attempt(&bpf::reading_the_kernel),
            core: core(features, bpf_syscall),
            btf,
        }
    }
}

/// It is not tried if the system call would kill this process.
fn core(features: &HostFeatures, bpf_syscall: Attempt) -> Trial {
    match (obstacle(Backend::Core, features), bpf_syscall) {
        (Some(obstacle), _) => Trial::Blocked(obstacle),
        (None, Attempt::Killed) => Trial::Blocked(Obstacle::Forbidden),
        (None, _) => try_load(features).into(),
    }
}

fn cgroups(mounts: &[Mount]) -> Cgroups {
    let initial = in_initial_cgroup_ns();
    Cgroups::of(mounts, initial.unwrap_or(false))
}

fn memlock() -> Option<u64> {
    let (soft, _) = getrlimit(Resource::RLIMIT_MEMLOCK).ok()?;
    (soft != nix::libc::RLIM_INFINITY).then_some(soft)
}

/// A number under /proc/sys/kernel.
fn setting<T: FromStr>(name: &str) -> Option<T> {
    let text = fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ways in which a load can end.
    #[test]
    fn trials() {
        let took = Duration::from_millis(50);
        assert!(Trial::from(Ok(took)).loads());
        let hindered = Trial::from(Err(Obstacle::Btf.into()));
        assert_eq!(hindered, Trial::Blocked(Obstacle::Btf));
        let cause = libbpf_rs::Error::from_raw_os_error(nix::libc::ENOMEM);
        let what = "making the ring".to_owned();
        let Trial::Fails(words) = Trial::from(Err(StartError::Other { what, cause })) else {
            panic!("an unexpected failure is told");
        };
        assert!(words.contains("making the ring"), "{words}");
    }

    /// tracefs is found wherever it is mounted.
    #[test]
    fn finds_tracefs() {
        let mount = |kind: &str| Mount {
            root: "/".into(),
            point: "/trace".into(),
            kind: kind.to_owned(),
        };
        assert_eq!(Tracefs::of(&[mount("proc")]).mount, None);
        let found = Tracefs::of(&[mount("proc"), mount("tracefs")]).mount;
        assert_eq!(found, Some(PathBuf::from("/trace")));
    }

    /// A diagnosis never fails, whatever the user's rights.
    #[test]
    fn can_be_taken_by_anybody() {
        let survey = Diagnosis::take();
        assert!(!survey.architecture.is_empty());
        let parts =
            survey.bpf_syscall.works() && survey.tp_btf.works() && survey.ring_buffer.works();
        assert!(parts || !survey.core.loads(), "{survey:?}");
    }
}
