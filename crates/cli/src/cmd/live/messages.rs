//! What the user is told at the start of a trace.

use anyhow::anyhow;
use execsnoop_clikit::CANNOT_TRACE;
use execsnoop_clikit::Failure;
use execsnoop_clikit::message;
use execsnoop_events::Backend;
use execsnoop_probe::Live;
use execsnoop_probe::StartError;

use super::plan::RequestedField;
use crate::args::TraceArgs;

/// If it is not the best backend, says which one was selected and what it cannot provide, above all
/// of what was asked for by name.
pub fn report_limitations(backend: Backend, requested: &[RequestedField<'_>]) {
    let Some(limitations) = backend.limitations() else {
        return;
    };
    let name = backend.name();
    message(format_args!(
        "using the {name} backend, which cannot provide: {limitations}"
    ));
    let unknown: Vec<String> = requested
        .iter()
        .filter(|(field, _)| backend.lacks_field(field))
        .map(|(field, option)| format!("{field} ({option})"))
        .collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        message(format_args!(
            "requested fields that the {name} backend cannot provide: {unknown}"
        ));
    }
}

/// Says which failed execs are not seen, since any program can make such.
pub fn report_unseen_failures(live: &Live) {
    if !live.misses_32_bit_failures() {
        return;
    }
    let remedy = match live.backend() {
        Backend::Core => "; --failed-32bit shows them",
        _ => "",
    };
    message(format_args!(
        "failed execs by 32-bit system calls (int 0x80) are not seen{remedy}"
    ));
}

/// With a command, 77 says that it was not run; without one, that tracing is impossible here.
pub fn cannot_start(args: &TraceArgs, error: StartError) -> Failure {
    let code = match &error {
        _ if args.has_command() => CANNOT_TRACE,
        StartError::Cannot(_) => CANNOT_TRACE,
        StartError::Unsupported { .. } => 2,
        _ => 1,
    };
    match error {
        StartError::Cannot(obstacle) => {
            let fallback = obstacle.fallback().map(Backend::name);
            let hint = fallback.map_or(String::new(), |name| format!("; or use --backend {name}"));
            let error = anyhow!("{obstacle}{hint} (`execsnoop doctor` says more)");
            Failure::new(code, error)
        }
        error => Failure::new(code, error),
    }
}
