//! Options of `execsnoop top`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser as _;
use execsnoop_events::aggregate::Grouping;
use regex::bytes::Regex;

use super::parse;
use super::run::RunArgs;
use super::select::KernelSelectArgs;
use super::select::SelectArgs;
use super::show::Format;
use super::show::Redact;
use super::trace::TraceArgs;
use crate::output::Color;

const AFTER_HELP: &str = "\
Examples:
  execsnoop top                       a screen, refreshed each second; ? shows its keys
  execsnoop top --once 10s            the answer in a sentence, and the table
  execsnoop top --by command          which command lines cost most
  execsnoop top --once 5s --format json
  execsnoop top -- make -j4           what a build spends its time on";

/// What `execsnoop top` takes.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = AFTER_HELP, infer_long_args = true, args_override_self = true)]
pub struct TopArgs {
    #[command(flatten)]
    pub rank: RankArgs,

    #[command(flatten)]
    pub select: SelectArgs,

    /// Only processes that did not end with status 0
    #[arg(long, help_heading = "Select events")]
    pub failed: bool,

    #[command(flatten)]
    pub kernel_select: KernelSelectArgs,

    #[command(flatten)]
    pub run: RunArgs,

    /// Rank only this command and its descendants
    #[arg(last = true, value_name = "CMD", conflicts_with = "pid")]
    pub command: Vec<OsString>,
}

/// How processes are ranked and shown.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Rank processes")]
pub struct RankArgs {
    /// Print the ranking of this time, such as 10s, and end
    ///
    /// So does top if it does not write to a terminal.
    #[arg(long, value_name = "TIME", value_parser = parse::duration, conflicts_with = "duration")]
    pub once: Option<Duration>,

    /// A process that has lived this long or shorter is short-lived
    #[arg(long, value_name = "TIME", value_parser = parse::duration, default_value = "1s")]
    pub max_lifetime: Duration,

    /// The screen ranks this last part of the time, such as 30s
    #[arg(long, value_name = "TIME", value_parser = parse::duration, default_value = "10s")]
    pub window: Duration,

    /// What processes are ranked by: culprit, program, command, parent, unit, container, user
    ///
    /// The culprit is the nearest ancestor that is not itself short-lived.
    #[arg(long, value_name = "WHAT", value_parser = grouping, default_value = "culprit")]
    pub by: Grouping,

    /// Print at most this many rows [default: 20 as text, else all]
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,

    /// Write the ranking to this file (mode 0600); - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Output format; json and csv print a ranking once
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT", hide_default_value = true)]
    pub format: Format,

    /// When to use colors [auto: on a terminal, unless NO_COLOR is set or TERM is dumb]
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", hide_default_value = true)]
    pub color: Color,

    /// Mask passwords, tokens and keys [auto: always]
    #[arg(long, value_enum, default_value_t = Redact::Auto, value_name = "WHEN", hide_default_value = true, hide_short_help = true)]
    pub redact: Redact,

    /// Mask matches of this regular expression too
    ///
    /// If the expression has groups, only the first is masked.
    #[arg(long, value_name = "REGEX", value_parser = Regex::new, hide_short_help = true)]
    pub redact_also: Vec<Regex>,
}

impl TopArgs {
    /// The live trace that sees the same processes.
    pub fn as_trace(&self) -> TraceArgs {
        let mut trace = TraceArgs::parse_from(["execsnoop", "--columns", "pid,container"]);
        trace.select = self.select.clone();
        trace.types.lifetime = true;
        trace.types.failed = self.failed;
        trace.kernel_select = self.kernel_select.clone();
        trace.run = self.run.clone();
        trace.command = self.command.clone();
        trace
    }
}

fn grouping(name: &str) -> Result<Grouping, String> {
    let found = Grouping::ALL.into_iter().find(|it| it.name() == name);
    let names = || Grouping::ALL.map(Grouping::name).join(", ");
    found.ok_or_else(|| format!("it is one of {}", names()))
}
