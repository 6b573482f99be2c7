//! The ladder: which way of tracing serves on this machine.

use std::fmt;
use std::time::Duration;

use execsnoop_events::CgroupKey;
use execsnoop_events::Sink;
use execsnoop_events::Source;
use execsnoop_events::SourceError;
use execsnoop_events::Tally;
use nix::errno::Errno;

use crate::classic;
use crate::cnproc::Cnproc;
use crate::core;
use crate::core::Session;
use crate::explain::Obstacle;
use crate::explain::StartError;
use crate::explain::obstacle_before_load;
use crate::features::Features;
use crate::features::attempt::Attempt;
use crate::features::bpf;
use crate::features::connector::Connector;
use crate::features::process_connector_allowed;
use crate::features::security;
use crate::features::tracepoint_readable;
use crate::load::keep_limit_of_locked_memory;
use crate::options::Options;
use crate::stats::Statistics;

/// A way of tracing. The better ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Backend {
    /// BPF with the kernel's own types (BTF, 5.8+): nothing is lost.
    Core,
    /// BPF without BTF: what tracepoints tell, and what can be learnt of the kernel's structures.
    Classic,
    /// No BPF: the process connector, and /proc for as long as a process is there.
    Cnproc,
}

impl Backend {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::Core, Self::Classic, Self::Cnproc];

    /// The word used on the command line and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Classic => "classic",
            Self::Cnproc => "cnproc",
        }
    }

    /// What is not known on it, in words; `None` when that is nothing.
    pub fn limitations(self) -> Option<&'static str> {
        match self {
            Self::Core => None,
            Self::Classic => Some(
                "costs, namespaces, containers and units, effective and login users, terminals, the \
                 environment, and the resolved paths of the executable and the directory",
            ),
            Self::Cnproc => Some(
                "failed execs, costs, cgroups, namespaces, terminals, the environment, the file and its \
                 path, and the arguments and user of processes that are gone before /proc is read",
            ),
        }
    }

    /// Whether no record has a value in this field of the JSON contract: [`Self::limitations`] by the names of fields.
    pub fn lacks_field(self, field: &str) -> bool {
        let more: &[&str] = match self {
            Self::Core => return false,
            Self::Classic => &["egid", "euid"],
            Self::Cnproc => &["cgroup_id", "errno", "filename", "vfork"],
        };
        KNOWN_BY_CORE_ALONE.contains(&field) || more.contains(&field)
    }
}

const KNOWN_BY_CORE_ALONE: &[&str] = &[
    "audit_session",
    "cgroup",
    "container",
    "cpu_exact",
    "cpu_ns",
    "cwd",
    "deleted",
    "env",
    "exe",
    "involuntary_switches",
    "login_uid",
    "major_faults",
    "max_rss_bytes",
    "memfd",
    "minor_faults",
    "mnt_ns",
    "ns_pid",
    "peak_rss_bytes",
    "pid_ns",
    "pod_uid",
    "read_bytes",
    "read_chars",
    "script",
    "secure",
    "sid",
    "system_ns",
    "tty",
    "unit",
    "user_ns",
    "user_unit",
    "voluntary_switches",
    "write_bytes",
    "write_chars",
];

/// Why this rung cannot be taken, as far as that is known before anything is loaded.
pub fn obstacle(rung: Backend, features: &Features) -> Option<Obstacle> {
    match rung {
        Backend::Core => obstacle_before_load(features),
        Backend::Classic => obstacle_before_classic(features),
        Backend::Cnproc => (!process_connector_allowed()).then_some(Obstacle::Connector),
    }
}

/// The best rung that nothing seems to stand in the way of; else what stands in the way of the core
/// rung. Loads nothing, so that the kernel may still refuse.
pub fn choose(features: &Features) -> Result<Backend, Obstacle> {
    Backend::ALL
        .into_iter()
        .find(|rung| obstacle(*rung, features).is_none())
        .ok_or_else(|| obstacle_before_load(features).unwrap_or(Obstacle::Forbidden))
}

/// The classic rung needs no BTF, but the helpers of 5.5, and tracefs for what tracepoints carry.
fn obstacle_before_classic(features: &Features) -> Option<Obstacle> {
    match obstacle_before_load(features) {
        None | Some(Obstacle::Btf | Obstacle::RingBuffer { .. }) => {}
        other => return other,
    }
    if features.version().is_some_and(|version| version < (5, 5)) {
        let release = features.release.clone();
        return Some(Obstacle::TooOld { release });
    }
    (!tracepoint_readable("sched", "sched_process_exec")).then_some(Obstacle::Tracefs)
}

/// What a seccomp filter would kill us for when this rung begins. It is tried, in a child, only where a filter
/// may be in force, and where nothing milder stands in the way.
fn killed_by_seccomp(rung: Backend) -> Option<Obstacle> {
    if security::seccomp_filter() == Some(false) || obstacle(rung, &Features::detect()).is_some() {
        return None;
    }
    let killed = |attempt: fn() -> Attempt| attempt() == Attempt::Killed;
    match rung {
        Backend::Core => killed(bpf::system_call).then_some(Obstacle::Forbidden),
        Backend::Classic => {
            let either = killed(bpf::system_call) || killed(bpf::perf_events);
            either.then_some(Obstacle::Forbidden)
        }
        Backend::Cnproc => (Connector::look() == Connector::Killed).then_some(Obstacle::Connector),
    }
}

/// Live events from this machine, by one of the rungs.
pub struct Live {
    rung: Backend,
    source: Running,
}

/// What a rung runs.
enum Running {
    Bpf(Box<Session>),
    Connector(Box<Cnproc>),
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("rung", &self.rung)
            .finish_non_exhaustive()
    }
}

impl Live {
    /// Starts tracing on this rung; without one, on the best that works. Events count from here on.
    pub fn start(options: &Options, rung: Option<Backend>) -> Result<Self, StartError> {
        keep_limit_of_locked_memory(|| match rung {
            Some(rung) => Self::start_on(rung, options),
            None => Self::start_on_best(options),
        })
    }

    fn start_on(rung: Backend, options: &Options) -> Result<Self, StartError> {
        if let Some(obstacle) = killed_by_seccomp(rung) {
            return Err(obstacle.into());
        }
        let source = match rung {
            Backend::Core => Running::Bpf(Box::new(core::start(options)?)),
            Backend::Classic => Running::Bpf(Box::new(classic::start(options)?)),
            Backend::Cnproc => Running::Connector(Box::new(Cnproc::start(options)?)),
        };
        Ok(Self { rung, source })
    }

    fn start_on_best(options: &Options) -> Result<Self, StartError> {
        let mut why = None;
        for rung in Backend::ALL {
            match Self::start_on(rung, options) {
                Ok(live) => return Ok(live),
                Err(error @ (StartError::Cannot(_) | StartError::Verifier { .. })) => {
                    tracing::debug!("{}: {error}", rung.name());
                    keep_best_reason(&mut why, error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(why.expect("each rung gave its reason"))
    }

    /// The rung that was taken.
    pub fn rung(&self) -> Backend {
        self.rung
    }

    /// From now on, leaves out what happens in this cgroup where the rung can: see
    /// [`KernelFilters::refuses_cgroups`](crate::KernelFilters::refuses_cgroups). What it still sends has to
    /// be left out where it arrives.
    pub fn refuse_cgroup(&self, cgroup: CgroupKey) {
        if let Running::Bpf(session) = &self.source {
            session.refuse_cgroup(cgroup);
        }
    }

    /// What the programs cost up to now. Kernels before 5.19 ask for `CAP_BPF` for that.
    pub fn statistics(&self) -> Result<Statistics, Errno> {
        match &self.source {
            Running::Bpf(session) => session.statistics(),
            Running::Connector(cnproc) => Ok(cnproc.statistics()),
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match &mut self.source {
            Running::Bpf(session) => session.as_mut(),
            Running::Connector(cnproc) => cnproc.as_mut(),
        }
    }
}

/// The best rung's reason explains most; but that a kernel has no BTF is no reason by itself, since the
/// classic rung does without.
fn keep_best_reason(kept: &mut Option<StartError>, new: StartError) {
    if matches!(kept, None | Some(StartError::Cannot(Obstacle::Btf))) {
        *kept = Some(new);
    }
}

impl Source for Live {
    fn poll(&mut self, timeout: Duration, sink: &mut Sink<'_>) -> Result<bool, SourceError> {
        self.source().poll(timeout, sink)
    }

    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<Tally, SourceError> {
        self.source().finish(sink)
    }
}
