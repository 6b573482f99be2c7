//! Options of `execsnoop replay`.

use std::path::PathBuf;

use clap::Parser as _;
use jiff::Timestamp;

use super::output::OutputArgs;
use super::select::SelectArgs;
use super::select::TypeArgs;
use super::show::ShowArgs;
use super::time;
use super::trace::TraceArgs;

/// What a replay takes.
#[derive(Debug, Clone, clap::Args)]
pub struct ReplayArgs {
    /// Recordings: files, directories of them, or - for standard input
    ///
    /// [default: /var/lib/execsnoop]
    #[arg(value_name = "PATH", hide_default_value = true)]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub range: RangeArgs,

    #[command(flatten)]
    pub types: TypeArgs,

    #[command(flatten)]
    pub select: SelectArgs,

    #[command(flatten)]
    pub show: ShowArgs,

    #[command(flatten)]
    pub output: OutputArgs,
}

/// Which part of a recording is read, and how fast.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Read a part")]
pub struct RangeArgs {
    /// Begin at this time: 02:10, '2026-11-28 02:10', 2026-11-28T02:10:00Z, or -10m for ago
    #[arg(long, value_name = "TIME", value_parser = time::moment, allow_hyphen_values = true)]
    pub since: Option<Timestamp>,

    /// End at this time
    #[arg(long, value_name = "TIME", value_parser = time::moment, allow_hyphen_values = true)]
    pub until: Option<Timestamp>,

    /// Play in real time (1), or this many times faster
    #[arg(long, value_name = "FACTOR", value_parser = time::speed)]
    pub speed: Option<f64>,
}

impl ReplayArgs {
    /// The live trace that shows the same.
    pub fn as_trace(&self) -> TraceArgs {
        let mut trace = TraceArgs::parse_from(["execsnoop"]);
        trace.types = self.types.clone();
        trace.select = self.select.clone();
        trace.show = self.show.clone();
        trace.output = self.output.clone();
        trace.is_replay = true;
        trace
    }
}
