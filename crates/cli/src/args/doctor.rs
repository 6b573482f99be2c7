//! Options of `execsnoop doctor`.

use clap::ValueEnum;

use crate::output::Color;

const AFTER_HELP: &str = "\
doctor tries out what tracing needs: BPF, the kernel's types, the rights of this user. It changes \
nothing and needs no rights. A check marked NO prevents tracing; its text says what to change. A \
note marks something that is missing or costs more.

Exit status: 0 everything can be traced, 1 some fields are missing, 2 wrong usage, 77 nothing can \
be traced.";

/// What `execsnoop doctor` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP, infer_long_args = true, args_override_self = true)]
pub struct DoctorArgs {
    /// Output format
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, value_name = "FORMAT")]
    pub format: ReportFormat,

    /// When to use colors [auto: on a terminal, unless NO_COLOR is set or TERM is dumb]
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,

    /// Print libbpf and verifier messages
    #[arg(short, long)]
    pub verbose: bool,
}

/// Format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// A table for people
    Text,
    /// One JSON object
    Json,
}
