//! What ends the program without having done its work.

use std::fmt;

use bpfrun::AttachError;
use bpfrun::CompileError;
use bpfrun::LoadError;
use bpfrun::Refusal;
use bpfrun::SourceError;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::FormatEvent;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::registry::LookupSpan;

use crate::cli::say::Stderr;

/// Exit status when this kernel or this user cannot trace, as test suites use it for "skipped".
const CANNOT_TRACE: u8 = 77;

/// Lines of the verifier's log that -v shows.
const LOG_LINES: usize = 40;

/// An error and the exit status that goes with it.
#[derive(Debug)]
pub struct Failure {
    error: anyhow::Error,
    /// The exit status.
    pub code: u8,
}

impl Failure {
    /// An error with a status.
    pub fn new(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self {
            error: error.into(),
            code,
        }
    }

    /// A program that cannot be loaded. With `verbose`, the end of the verifier's log too.
    pub fn load(error: LoadError, verbose: bool) -> Self {
        match &error {
            LoadError::Cannot(_) | LoadError::Forbidden { .. } => Self::new(CANNOT_TRACE, error),
            LoadError::Refused(objection) if verbose => {
                let log = objection.end_of_log(LOG_LINES);
                Self::new(1, anyhow::anyhow!("{error}\n\n{log}"))
            }
            LoadError::Refused(_) => Self::new(
                1,
                anyhow::anyhow!("{error}\n  (-v shows the end of the verifier's log)"),
            ),
            _ => Self::new(1, error),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(1, error)
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let code = match &error {
            SourceError::Compile(error) if cannot_know(error) => CANNOT_TRACE,
            _ => 1,
        };
        Self::new(code, error)
    }
}

impl From<AttachError> for Failure {
    fn from(error: AttachError) -> Self {
        let code = match error.failures.iter().any(|failure| failure.unavailable) {
            true => CANNOT_TRACE,
            false => 1,
        };
        Self::new(code, error)
    }
}

/// Whether this kernel or this user cannot see what compiling needs.
fn cannot_know(error: &CompileError) -> bool {
    let no_tracefs = |refusal: &Refusal| matches!(refusal, Refusal::NoTracefs(_));
    match error {
        CompileError::NoBtf(_) => true,
        CompileError::Dialect { refusal, .. } => no_tracefs(refusal),
        _ => false,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

/// Messages go to stderr: warnings always, everything that libbpf says with -v.
pub fn start_logging(verbose: bool) {
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

/// `bpfrun: warn: what happened`, like any other message of ours.
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
        write!(writer, "bpfrun: {level}: ")?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
