//! What follows for tracing.

use execsnoop_probe::Connector;
use execsnoop_probe::Rung;
use execsnoop_probe::Survey;
use execsnoop_tool::CANNOT_TRACE;

/// The rungs that this build has, the best first.
pub const BUILT_IN: &[Rung] = &Rung::ALL;

/// Exit status when only some of it can be known.
const WITH_LOSSES: u8 = 1;

/// The best of these rungs that works here.
pub fn rung(survey: &Survey, built_in: &[Rung]) -> Option<Rung> {
    built_in.iter().copied().find(|rung| works(*rung, survey))
}

fn works(rung: Rung, survey: &Survey) -> bool {
    match rung {
        Rung::Core => survey.core.loads(),
        Rung::Classic => {
            survey.classic.is_none() && survey.tracepoints.works() && survey.perf_events.works()
        }
        Rung::Cnproc => survey.cnproc.is_none() && may_listen(survey),
    }
}

/// Without /proc it cannot be told, and a trace tries.
fn may_listen(survey: &Survey) -> bool {
    match survey.connector {
        Connector::Usable => true,
        Connector::Hidden => !survey.proc_mounted,
        _ => false,
    }
}

/// The exit status that says so.
pub fn status(rung: Option<Rung>) -> u8 {
    match rung {
        Some(Rung::Core) => 0,
        Some(_) => WITH_LOSSES,
        None => CANNOT_TRACE,
    }
}
