//! The ladder: which way of tracing serves on this machine.

use std::fmt;
use std::time::Duration;

use execsnoop_events::Backend;
use execsnoop_events::CgroupKey;
use execsnoop_events::Control;
use execsnoop_events::Poll;
use execsnoop_events::Sink;
use execsnoop_events::Source;
use execsnoop_events::SourceError;
use execsnoop_events::Tally;
use nix::errno::Errno;

use crate::backend::classic;
use crate::backend::cnproc::Cnproc;
use crate::backend::core;
use crate::backend::obstacle::obstacle;
use crate::clock;
use crate::load::keep_limit_of_locked_memory;
use crate::options::Options;
use crate::session::BpfSession;
use crate::start_error::StartError;
use crate::stats::Statistics;
use execsnoop_host::Obstacle;
use execsnoop_host::features::HostFeatures;
use execsnoop_host::features::attempt::Attempt;
use execsnoop_host::features::bpf;
use execsnoop_host::features::connector::Connector;
use execsnoop_host::features::security;
use execsnoop_host::features::takes_32_bit_calls;

/// What a seccomp filter would kill us for when this backend begins. It is tried, in a child, only
/// where a filter may be in force, and where nothing milder stands in the way.
fn killed_by_seccomp(backend: Backend) -> Option<Obstacle> {
    if security::seccomp_filter() == Some(false)
        || obstacle(backend, &HostFeatures::detect()).is_some()
    {
        return None;
    }
    let killed = |attempt: fn() -> Attempt| attempt() == Attempt::Killed;
    match backend {
        Backend::Core => killed(bpf::system_call).then_some(Obstacle::Forbidden),
        Backend::Classic => {
            let either = killed(bpf::system_call) || killed(bpf::perf_events);
            either.then_some(Obstacle::Forbidden)
        }
        Backend::Cnproc => (Connector::look() == Connector::Killed).then_some(Obstacle::Connector),
    }
}

/// Live events from this machine, by one of the backends.
pub struct Live {
    backend: Backend,
    source: LiveSource,
}

/// What a backend runs.
enum LiveSource {
    Bpf(Box<BpfSession>),
    Connector(Box<Cnproc>),
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}

impl Live {
    /// Starts tracing on this backend; without one, on the best that works. Events count from here
    /// on.
    pub fn start(options: &Options, backend: Option<Backend>) -> Result<Self, StartError> {
        keep_limit_of_locked_memory(|| match backend {
            Some(backend) => Self::start_on(backend, options),
            None => Self::start_on_best(options),
        })
    }

    fn start_on(backend: Backend, options: &Options) -> Result<Self, StartError> {
        if let Some(obstacle) = killed_by_seccomp(backend) {
            return Err(obstacle.into());
        }
        let source = match backend {
            Backend::Core => LiveSource::Bpf(Box::new(core::start(options)?)),
            Backend::Classic => LiveSource::Bpf(Box::new(classic::start(options)?)),
            Backend::Cnproc => LiveSource::Connector(Box::new(Cnproc::start(options)?)),
        };
        Ok(Self { backend, source })
    }

    fn start_on_best(options: &Options) -> Result<Self, StartError> {
        let mut why = None;
        for backend in Backend::ALL {
            match Self::start_on(backend, options) {
                Ok(live) => return Ok(live),
                Err(error @ (StartError::Cannot(_) | StartError::Verifier { .. })) => {
                    tracing::debug!("{}: {error}", backend.name());
                    keep_best_reason(&mut why, error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(why.expect("each backend gave its reason"))
    }

    /// The backend that was taken.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// What the programs cost up to now. Kernels before 5.19 ask for `CAP_BPF` for that.
    pub fn statistics(&self) -> Result<Statistics, Errno> {
        match &self.source {
            LiveSource::Bpf(session) => session.statistics(),
            LiveSource::Connector(cnproc) => Ok(cnproc.statistics()),
        }
    }

    /// Whether failed execs are seen, but not those by 32-bit system calls, though this kernel
    /// takes such calls from any program.
    pub fn misses_32_bit_failures(&self) -> bool {
        match &self.source {
            LiveSource::Bpf(session) => {
                session.has_attached("on_execve_exit") && takes_32_bit_calls()
            }
            LiveSource::Connector(_) => false, // it sees none at all
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match &mut self.source {
            LiveSource::Bpf(session) => session.as_mut(),
            LiveSource::Connector(cnproc) => cnproc.as_mut(),
        }
    }
}

/// The best backend's reason explains most; but that a kernel has no BTF is no reason by itself,
/// since the classic backend does without.
fn keep_best_reason(kept: &mut Option<StartError>, new: StartError) {
    if matches!(kept, None | Some(StartError::Cannot(Obstacle::Btf))) {
        *kept = Some(new);
    }
}

impl Control for Live {
    /// Leaves out what happens in this cgroup where the backend can, if that was prepared by
    /// [`KernelFilters::excludes_cgroups`](crate::KernelFilters::excludes_cgroups). What it still
    /// sends has to be filtered by the receiver.
    fn exclude_cgroup(&mut self, cgroup: CgroupKey) {
        if let LiveSource::Bpf(session) = &self.source {
            session.exclude_cgroup(cgroup);
        }
    }

    fn resend_cgroup_names(&mut self) {
        if let LiveSource::Bpf(session) = &mut self.source {
            session.resend_cgroup_names();
        }
    }
}

impl Source for Live {
    fn poll(&mut self, timeout: Duration, sink: &mut Sink<'_>) -> Result<Poll, SourceError> {
        self.source().poll(timeout, sink)
    }

    fn now_ns(&self) -> u64 {
        clock::boot_time_ns()
    }

    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<Tally, SourceError> {
        self.source().finish(sink)
    }
}
