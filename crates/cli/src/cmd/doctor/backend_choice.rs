//! What follows for tracing.

use execsnoop_clikit::CANNOT_TRACE;
use execsnoop_events::Backend;
use execsnoop_host::features::connector::Connector;
use execsnoop_probe::Diagnosis;

/// The backends that this build has, the best first.
pub const BUILT_IN: &[Backend] = &Backend::ALL;

/// Exit status when only some of it can be known.
const WITH_LOSSES: u8 = 1;

/// The best of these backends that works here.
pub fn best(survey: &Diagnosis, built_in: &[Backend]) -> Option<Backend> {
    built_in
        .iter()
        .copied()
        .find(|backend| works(*backend, survey))
}

fn works(backend: Backend, survey: &Diagnosis) -> bool {
    match backend {
        Backend::Core => survey.core.loads(),
        Backend::Classic => {
            survey.classic.is_none() && survey.tracepoints.works() && survey.perf_events.works()
        }
        Backend::Cnproc => survey.cnproc.is_none() && may_listen(survey),
    }
}

/// Without /proc it cannot be told, and a trace tries.
fn may_listen(survey: &Diagnosis) -> bool {
    match survey.connector {
        Connector::Usable => true,
        Connector::Hidden => !survey.proc_mounted,
        _ => false,
    }
}

/// The exit status that says so.
pub fn status(backend: Option<Backend>) -> u8 {
    match backend {
        Some(Backend::Core) => 0,
        Some(_) => WITH_LOSSES,
        None => CANNOT_TRACE,
    }
}
