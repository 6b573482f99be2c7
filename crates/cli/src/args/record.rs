//! Options of `execsnoop record`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser as _;
use clap::builder::OsStringValueParser;
use clap::builder::TypedValueParser as _;
use regex::bytes::Regex;

use super::parse;
use super::run::RunArgs;
use super::select::KernelSelectArgs;
use super::select::SelectArgs;
use super::show::Redact;
use super::trace::TraceArgs;

/// Where recordings go if no other place is named.
pub const DEFAULT_DIRECTORY: &str = "/var/lib/execsnoop";

/// What a recorder takes.
#[derive(Debug, Clone, clap::Args)]
pub struct RecordArgs {
    #[command(flatten)]
    pub files: RecordFileArgs,

    #[command(flatten)]
    pub select: SelectArgs,

    #[command(flatten)]
    pub kernel_select: KernelSelectArgs,

    #[command(flatten)]
    pub keep: RecordKeepArgs,

    #[command(flatten)]
    pub run: RunArgs,

    /// Record only this command and its descendants
    #[arg(last = true, value_name = "CMD", conflicts_with = "pid")]
    pub command: Vec<OsString>,
}

/// Where recordings are written, and how much is kept.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Write files")]
pub struct RecordFileArgs {
    /// A directory for files that are rotated, or one file: NAME.jsonl.zst, or - for stdout
    #[arg(short, long, value_name = "PATH", default_value = DEFAULT_DIRECTORY)]
    pub output: PathBuf,

    /// Remove the oldest files when all need more than this [default: 500M]
    #[arg(long, value_name = "SIZE", value_parser = parse::file_size)]
    pub max_disk: Option<u64>,

    /// Remove files that were last written longer ago than this [default: 7d]
    #[arg(long, value_name = "TIME", value_parser = parse::age)]
    pub max_age: Option<Duration>,

    /// Begin a new file at this size, and at SIGHUP [default: 64M]
    #[arg(long, value_name = "SIZE", value_parser = parse::file_size)]
    pub rotate: Option<u64>,
}

/// What is kept of each event.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Keep")]
pub struct RecordKeepArgs {
    /// Keep these environment variables of each exec: PATH,LANG
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        value_parser = OsStringValueParser::new().try_map(parse::variable))]
    pub env: Vec<OsString>,

    /// Mask passwords, tokens and keys [auto: always]
    #[arg(long, value_enum, default_value_t = Redact::Auto, value_name = "WHEN", hide_default_value = true)]
    pub redact: Redact,

    /// Mask matches of this regular expression too
    ///
    /// If the expression has groups, only the first is masked.
    #[arg(long, value_name = "REGEX", value_parser = Regex::new, hide_short_help = true)]
    pub redact_also: Vec<Regex>,
}

impl RecordArgs {
    /// The live trace that captures the same: every field is collected.
    pub fn as_trace(&self) -> TraceArgs {
        let mut trace = TraceArgs::parse_from(["execsnoop", "--format", "json", "--cwd"]);
        trace.select = self.select.clone();
        trace.kernel_select = self.kernel_select.clone();
        trace.show.env = self.keep.env.clone();
        trace.show.redact = self.keep.redact;
        trace.show.redact_also = self.keep.redact_also.clone();
        trace.run = self.run.clone();
        trace.command = self.command.clone();
        trace
    }
}
