//! execsnoop: every process that this machine runs, whole.
//!
//! The command's own code, not an interface for others: those are `execsnoop-events` and `execsnoop-probe`.

#![deny(clippy::print_stdout, clippy::print_stderr)] // see say.rs

mod accounting;
mod args;
mod filter;
#[doc(hidden)]
pub mod harness;
mod names;
mod output;
mod pipeline;
mod redact;
mod say;
mod signals;
mod verb;

use std::fmt;
use std::process::ExitCode;

use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::FormatEvent;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::registry::LookupSpan;

use crate::args::CommandLine;
use crate::args::Verb;
use crate::say::Stderr;
use crate::say::say;

/// Exit status when this kernel or this user cannot trace, as test suites use it for "skipped".
const CANNOT_TRACE: u8 = 77;

/// Runs the command with the arguments of this process.
pub fn main() -> ExitCode {
    execsnoop_probe::use_files_for_names();
    let line = CommandLine::of_this_process();
    start_logging(line.verbose());
    let outcome = match &line.verb {
        None => verb::trace::run(&line.trace),
        Some(Verb::Doctor(args)) => verb::doctor::run(args),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            say(format_args!("execsnoop: {failure}"));
            ExitCode::from(failure.code)
        }
    }
}

/// What ends the program without having done its work, and with which exit status.
#[derive(Debug)]
struct Failure {
    error: anyhow::Error,
    code: u8,
}

impl Failure {
    fn new(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self {
            error: error.into(),
            code,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(1, error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

/// Messages go to stderr: warnings always, everything that libbpf and the verifier say with -v.
fn start_logging(verbose: bool) {
    let level = match verbose {
        true => tracing::Level::DEBUG,
        false => tracing::Level::WARN,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(|| Stderr)
        .event_format(PlainMessages)
        .init();
}

/// `execsnoop: warn: what happened`, like any other message of ours.
struct PlainMessages;

impl<S, N> FormatEvent<S, N> for PlainMessages
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        write!(writer, "execsnoop: {level}: ")?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
