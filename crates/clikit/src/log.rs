//! The log, as part of what is said to the person at the terminal.

use std::fmt;

use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::FormatEvent;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::registry::LookupSpan;

use crate::stderr::Stderr;
use crate::stderr::set_program;

/// Messages go to stderr, as `program`'s: warnings always, everything that libbpf and the verifier
/// say with -v.
pub fn start_logging(program: &'static str, verbose: bool) {
    set_program(program);
    let level = match verbose {
        true => tracing::Level::DEBUG,
        false => tracing::Level::WARN,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(|| Stderr)
        .event_format(PlainMessages { program })
        .init();
}

/// `execsnoop: warn: what happened`, like any other message of ours.
struct PlainMessages {
    program: &'static str,
}

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
        write!(writer, "{}: {level}: ", self.program)?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
