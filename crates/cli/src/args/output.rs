//! Options of where a live trace writes, and how much.

use std::path::PathBuf;

use super::parse;

/// Where events are written.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Run the trace")]
pub struct OutputArgs {
    /// Write events to this file (mode 0600); - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Begin a new file when FILE has this size, such as 100M
    ///
    /// FILE becomes FILE.1, FILE.1 becomes FILE.2, and so on. The smallest size is 64K.
    #[arg(long, value_name = "SIZE", value_parser = parse::file_size, requires = "output", hide_short_help = true)]
    pub max_size: Option<u64>,

    /// With --max-size: keep at most this many files
    ///
    /// FILE is one of them. With 1, it is emptied when it is full.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), default_value = "2", requires = "max_size", hide_short_help = true)]
    pub max_files: u32,

    /// Stop tracing after this many events
    ///
    /// A traced command goes on.
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
}
