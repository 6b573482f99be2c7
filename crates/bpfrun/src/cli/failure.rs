//! Which exit status goes with which error.

use bpfrun::AttachError;
use bpfrun::CompileError;
use bpfrun::LoadError;
use bpfrun::SourceError;
use bpfrun::TranslateError;
use execsnoop_clikit::CANNOT_TRACE;
use execsnoop_clikit::Failure;

use crate::cli::hints;
use crate::cli::hints::with_hint;

/// Lines of the verifier's log that -v shows.
const LOG_LINES: usize = 40;

/// A program that cannot be loaded. With `verbose`, the end of the verifier's log too.
pub fn load(error: LoadError, verbose: bool) -> Failure {
    let hint = hints::of_load(&error);
    match &error {
        LoadError::Unsupported(_) | LoadError::Forbidden { .. } => {
            Failure::new(CANNOT_TRACE, error)
        }
        LoadError::Refused(objection) if verbose => {
            let log = objection.end_of_log(LOG_LINES);
            Failure::new(1, anyhow::anyhow!("{error}\n\n{log}"))
        }
        LoadError::Refused(_) => Failure::new(
            1,
            anyhow::anyhow!("{error}\n  (-v shows the end of the verifier's log)"),
        ),
        _ => Failure::new(1, with_hint(error, &hint)),
    }
}

/// A program that cannot be made an object of.
pub fn source(error: SourceError) -> Failure {
    let code = match &error {
        SourceError::Compile(error) if cannot_know(error) => CANNOT_TRACE,
        _ => 1,
    };
    let hint = hints::of_source(&error);
    Failure::new(code, with_hint(error, &hint))
}

/// A program that cannot be attached.
pub fn attach(error: AttachError) -> Failure {
    let code = match error.failures.iter().any(|failure| failure.unavailable) {
        true => CANNOT_TRACE,
        false => 1,
    };
    let hint = hints::of_attach(&error);
    Failure::new(code, with_hint(error, &hint))
}

/// Whether this kernel or this user cannot see what compiling needs.
fn cannot_know(error: &CompileError) -> bool {
    let no_tracefs = |refusal: &TranslateError| matches!(refusal, TranslateError::NoTracefs(_));
    match error {
        CompileError::NoBtf(_) => true,
        CompileError::Dialect { refusal, .. } => no_tracefs(refusal),
        _ => false,
    }
}
