//! The ladder: which way of tracing serves on this machine.

use crate::explain::Obstacle;
use crate::explain::obstacle_before_load;
use crate::features::Features;
use crate::features::process_connector_allowed;
use crate::features::tracepoint_readable;

/// A way of tracing. The better ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rung {
    /// BPF with the kernel's own types (BTF, 5.8+): nothing is lost.
    Core,
    /// BPF without BTF: what tracepoints tell, and what can be learnt of the kernel's structures.
    Classic,
    /// No BPF: the process connector, and /proc for as long as a process is there.
    Cnproc,
}

impl Rung {
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
    pub fn loses(self) -> Option<&'static str> {
        match self {
            Self::Core => None,
            Self::Classic => Some(
                "costs, namespaces, effective and login users, the resolved path of the executable",
            ),
            Self::Cnproc => Some(
                "failed execs, costs, cgroups, and the arguments, file and user of processes that \
                 are gone before /proc is read",
            ),
        }
    }
}

/// Why this rung cannot be taken, as far as that is known before anything is loaded.
pub fn obstacle(rung: Rung, features: &Features) -> Option<Obstacle> {
    match rung {
        Rung::Core => obstacle_before_load(features),
        Rung::Classic => obstacle_before_classic(features),
        Rung::Cnproc => (!process_connector_allowed()).then_some(Obstacle::Connector),
    }
}

/// The best rung that nothing seems to stand in the way of; else what stands in the way of the core
/// rung. Loads nothing, so that the kernel may still refuse.
pub fn choose(features: &Features) -> Result<Rung, Obstacle> {
    Rung::ALL
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
