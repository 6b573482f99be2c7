//! The core backend: BPF with the kernel's own types (BTF, Linux 5.8+).

use std::ptr;

use execsnoop_events::CgroupKey;
use execsnoop_events::CountedKind;
use execsnoop_host::features::HostFeatures;
use execsnoop_host::libbpf_log;
use execsnoop_host::obstacle_before_load;
use libbpf_rs::MapCore as _;
use libbpf_rs::MapFlags;

use crate::clock;
use crate::load::Chosen;
use crate::load::FailedBy;
use crate::load::PreparedBy;
use crate::load::choose_cgroup;
use crate::load::load;
use crate::load::other;
use crate::options::Options;
use crate::read::ring::Reader;
use crate::read::ring::RingReader;
use crate::session::Attached;
use crate::session::BpfSession;
use crate::session::Object;
use crate::session::attach;
use crate::session::set_asleep;
use crate::skeleton::CoreProgs;
use crate::skeleton::CoreSkel;
use crate::skeleton::types::counters;
use crate::start_error::StartError;
use crate::wire::convert;
use crate::wire::snapshot::Snapshot;

/// Loads the programs of the core backend and attaches those that `options` ask for. Events count
/// from here on.
pub(crate) fn start(options: &Options) -> Result<BpfSession, StartError> {
    let features = HostFeatures::detect();
    if let Some(obstacle) = obstacle_before_load(&features) {
        return Err(obstacle.into());
    }
    libbpf_log::capture();
    tracing::debug!("backend: core");
    let chosen = Chosen::new(options);
    let mut skeleton = load(options, chosen, &features)?;
    if let Some(path) = &options.filters.cgroup {
        choose_cgroup(&skeleton.maps.wanted_cgroup, path)?;
    }
    let ring = RingReader::new(&skeleton.maps.ring).map_err(other("mapping the ring buffer"))?;
    let start = clock::read();
    let attached = attach_core(&mut skeleton, options, chosen)?;
    let running = match options.existing {
        true => Snapshot::from_kernel(&mut skeleton)?,
        false => Snapshot::default(),
    };
    let session = BpfSession::new(Box::new(skeleton), Reader::Ring(ring), &start, options);
    Ok(session.with(attached, None, running))
}

fn attach_core(
    skeleton: &mut CoreSkel<'static>,
    options: &Options,
    chosen: Chosen,
) -> Result<Vec<Attached>, StartError> {
    let programs = &mut skeleton.progs;
    let mut all = Vec::new();
    let attached = &mut all;
    // From the end of a life to its beginning: who is seen to begin is then seen to end, and who is
    // seen to end is then seen to be freed.
    if options.final_usage {
        attach(
            attached,
            "on_free",
            CountedKind::FinalUsage,
            &mut programs.on_free,
        )?;
    }
    if options.exits {
        attach(
            attached,
            "on_exit",
            CountedKind::Exit,
            &mut programs.on_exit,
        )?;
    }
    if options.forks {
        attach(
            attached,
            "on_fork",
            CountedKind::Fork,
            &mut programs.on_fork,
        )?;
    }
    match chosen.failed_by {
        None => {}
        Some(FailedBy::Tracepoints) => {
            let on_execveat = &mut programs.on_execveat_exit;
            attach(
                attached,
                "on_execve_exit",
                CountedKind::Failed,
                &mut programs.on_execve_exit,
            )?;
            attach(
                attached,
                "on_execveat_exit",
                CountedKind::Failed,
                on_execveat,
            )?;
        }
        Some(FailedBy::AnyExit) => {
            attach(
                attached,
                "on_any_exit",
                CountedKind::Failed,
                &mut programs.on_any_exit,
            )?;
        }
    }
    attach(
        attached,
        "on_exec",
        CountedKind::Exec,
        &mut programs.on_exec,
    )?;
    attach_prepared(attached, programs, chosen.prepared_by)?;
    Ok(all)
}

/// After the program that takes its notes back: an exec that is noted and succeeds must be seen.
fn attach_prepared(
    attached: &mut Vec<Attached>,
    programs: &mut CoreProgs<'_>,
    prepared_by: Option<PreparedBy>,
) -> Result<(), StartError> {
    let kind = CountedKind::Failed;
    match prepared_by {
        None => Ok(()),
        Some(PreparedBy::Tracepoint) => {
            attach(attached, "on_prepare", kind, &mut programs.on_prepare)
        }
        Some(PreparedBy::Signal) => attach(attached, "on_signal", kind, &mut programs.on_signal),
    }
}

impl Object for CoreSkel<'static> {
    fn counters(&self) -> *const counters {
        let bss = self.maps.bss_data.as_deref();
        ptr::from_ref(&bss.expect("the object has counters").counters)
    }

    fn request_wakeup(&self) -> libbpf_rs::Result<()> {
        set_asleep(&self.maps.reader_asleep)
    }

    fn exclude_cgroup(&self, cgroup: CgroupKey) {
        let key = convert::cgroup_key(cgroup);
        let map = &self.maps.excluded_cgroup;
        if let Err(error) = map.update(&key, &[1], MapFlags::ANY) {
            tracing::debug!("cannot refuse {cgroup:?} in the kernel: {error}");
        }
    }

    fn resend_cgroup_names(&mut self) {
        let bss = self.maps.bss_data.as_deref_mut();
        let round = &mut bss.expect("the object has counters").names_round;
        *round = round.wrapping_add(1);
    }
}
