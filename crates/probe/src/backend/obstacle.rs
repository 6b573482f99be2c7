//! What prevents a backend.

use execsnoop_events::Backend;
use execsnoop_host::Obstacle;
use execsnoop_host::features::HostFeatures;
use execsnoop_host::features::mounts;
use execsnoop_host::features::process_connector_allowed;
use execsnoop_host::obstacle_before_load;
use execsnoop_host::tracefs;

/// What prevents this backend, if that can be seen before anything is loaded.
pub fn obstacle(backend: Backend, features: &HostFeatures) -> Option<Obstacle> {
    match backend {
        Backend::Core => obstacle_before_load(features),
        Backend::Classic => obstacle_before_classic(features),
        Backend::Cnproc if !mounts::has_proc() => Some(Obstacle::Proc),
        Backend::Cnproc => (!process_connector_allowed()).then_some(Obstacle::Connector),
    }
}

/// The classic backend needs no BTF, but the helpers of Linux 5.5, and tracefs for the formats of
/// tracepoints.
fn obstacle_before_classic(features: &HostFeatures) -> Option<Obstacle> {
    match obstacle_before_load(features) {
        None | Some(Obstacle::Btf | Obstacle::RingBuffer { .. }) => {}
        other => return other,
    }
    if features.version().is_some_and(|version| version < (5, 5)) {
        let release = features.release.clone();
        return Some(Obstacle::TooOld { release });
    }
    if !mounts::has_proc() {
        return Some(Obstacle::Proc); // the layout is recognized by what /proc says of us
    }
    (!tracefs::is_readable("sched", "sched_process_exec")).then_some(Obstacle::Tracefs)
}
