//! The live trace: of the whole machine, or of one command.

use execsnoop_clikit::Failure;

use super::live::LiveVerb;
use super::live::TracePlan;
use crate::args::TraceArgs;
use crate::cmd::settings::output_target;

/// Traces until something ends it, and returns the exit status.
///
/// # Errors
///
/// If tracing cannot begin, or has to end early.
pub fn run(args: &TraceArgs) -> Result<u8, Failure> {
    let TracePlan {
        options,
        requested,
        settings,
    } = TracePlan::new(args)?;
    let target = output_target(args)?;
    let verb = LiveVerb {
        args,
        options,
        requested,
        makes_files: target.makes_files_by_privilege(),
        hangup: None,
    };
    verb.run(|_| settings.into_pipeline(&args.show, target))
}
