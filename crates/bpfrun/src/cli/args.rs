//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use bpfrun::Attach;
use bpfrun::CompileOptions;
use bpfrun::Dialect;
use bpfrun::EventType;
use clap::Parser;
use clap::ValueEnum;
use execsnoop_clikit::is_stdout;
use jiff::SignedDuration;

use crate::cli::targets::parse_attach;
use crate::cli::targets::parse_event;

const ABOUT: &str = "Runs a BPF C file, in BCC's dialect or libbpf's: shows its events and maps.";

const EXAMPLES: &str = "\
Examples:
  bpfrun exec.c                            events as a table, until Ctrl-C
  bpfrun exec.c --format json --count 10   ten of them, as JSON lines
  bpfrun runqlat.c --interval 1s --clear   histograms of each second
  bpfrun probe.c --attach on_readline=uretprobe:/bin/bash:readline
  bpfrun exec.c --dry-run                  only check with the kernel's verifier
  bpfrun exec.c --emit object -o exec.o    compile here, and on a machine without clang:
  bpfrun exec.o                            run it
  bpfrun exec.c --emit crate -o exec       a Rust crate that does the same

Exit status: 0 success, 1 failure, 2 wrong usage, 77 this kernel or user cannot trace.";

/// The options.
#[derive(Debug, Parser)]
#[command(name = "bpfrun", version, about = ABOUT, after_help = EXAMPLES)]
#[command(infer_long_args = true, args_override_self = true)]
pub struct Args {
    /// A C file, or an object file compiled from one; - is standard input
    #[arg(value_name = "PROGRAM")]
    pub program: PathBuf,

    /// Set the attach point of a function, such as probe=kprobe:do_unlinkat
    ///
    /// FUNC=kprobe:NAME, kretprobe:NAME, ksyscall:NAME, kretsyscall:NAME, uprobe:FILE:SYMBOL,
    /// uretprobe:FILE:SYMBOL, usdt:FILE:PROVIDER:NAME, tracepoint:CATEGORY:NAME,
    /// raw_tracepoint:NAME, fentry:NAME, fexit:NAME or perf_event:HERTZ. FUNC=tail:MAP:INDEX puts
    /// it into a program array, FUNC=none leaves it out. Can be repeated.
    #[arg(long, value_name = "FUNC=TARGET", value_parser = parse_attach, help_heading = "Compile and load")]
    pub attach: Vec<Attach>,

    /// Set the C type of a map's events, if it cannot be inferred
    #[arg(long, value_name = "MAP=TYPE", value_parser = parse_event, help_heading = "Compile and load")]
    pub event: Vec<EventType>,

    /// Define a macro
    #[arg(
        short = 'D',
        long = "define",
        value_name = "NAME[=VALUE]",
        help_heading = "Compile and load"
    )]
    pub defines: Vec<String>,

    /// Search this directory for includes
    #[arg(
        short = 'I',
        long = "include",
        value_name = "DIR",
        help_heading = "Compile and load",
        hide_short_help = true
    )]
    pub include_dirs: Vec<PathBuf>,

    /// The dialect of the C file [default: recognized]
    #[arg(
        long,
        value_enum,
        value_name = "DIALECT",
        help_heading = "Compile and load",
        hide_short_help = true
    )]
    pub dialect: Option<DialectName>,

    /// The compiler [default: clang, or the newest clang-N]
    #[arg(
        long,
        value_name = "PATH",
        help_heading = "Compile and load",
        hide_short_help = true
    )]
    pub clang: Option<PathBuf>,

    /// Do not read or write the compile cache
    #[arg(long, help_heading = "Compile and load", hide_short_help = true)]
    pub no_cache: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM", help_heading = "Format output")]
    pub format: Format,

    /// Show this map at the end, or `all`
    ///
    /// By default, all maps if the program sends no events, else histograms.
    #[arg(long = "map", value_name = "MAP", help_heading = "Format output")]
    pub maps: Vec<String>,

    /// Show maps at this interval, such as 1s
    #[arg(long, value_name = "TIME", value_parser = parse_interval, help_heading = "Format output")]
    pub interval: Option<Duration>,

    /// Clear maps after they are shown
    #[arg(long, help_heading = "Format output")]
    pub clear: bool,

    /// Show this map as a histogram of powers of two
    #[arg(long, value_name = "MAP", help_heading = "Format output")]
    pub log2: Vec<String>,

    /// Show this map as a histogram of plain numbers
    #[arg(
        long,
        value_name = "MAP",
        help_heading = "Format output",
        hide_short_help = true
    )]
    pub linear: Vec<String>,

    /// The unit of histograms, such as usecs
    #[arg(
        long,
        value_name = "UNIT",
        default_value = "value",
        help_heading = "Format output",
        hide_short_help = true
    )]
    pub unit: String,

    /// Write the output to this file; - is standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Run the program")]
    pub output: Option<PathBuf>,

    /// Stop after this time, such as 10s or 1m30s
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Run the program")]
    pub duration: Option<Duration>,

    /// Stop after this many events
    #[arg(long, value_name = "N", help_heading = "Run the program")]
    pub count: Option<u64>,

    /// Create this file when all functions are attached
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Run the program",
        hide_short_help = true
    )]
    pub ready_file: Option<PathBuf>,

    /// Pages of each perf buffer on each CPU, a power of two
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = parse_pages, help_heading = "Run the program", hide_short_help = true)]
    pub pages: u32,

    /// Only check each function with the kernel's verifier
    #[arg(long, help_heading = "Instead of running")]
    pub dry_run: bool,

    /// Write the program in another form
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        conflicts_with = "dry_run",
        help_heading = "Instead of running"
    )]
    pub emit: Option<Emit>,

    /// Print libbpf and verifier messages
    #[arg(short, long, help_heading = "Run the program", hide_short_help = true)]
    pub verbose: bool,
}

/// A dialect of BPF C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DialectName {
    /// BPF_HASH, TRACEPOINT_PROBE, map.lookup()
    Bcc,
    /// SEC(), maps as variables, helpers by name
    Libbpf,
}

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people
    Text,
    /// One JSON object per line
    Json,
    /// Comma-separated values
    Csv,
}

/// The form in which a program is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    /// C in libbpf's dialect
    C,
    /// A CO-RE object, which bpfrun runs on another machine
    Object,
    /// A Rust crate
    #[value(alias = "skeleton")]
    Crate,
}

impl Args {
    /// The arguments of this process. Wrong ones end it, with status 2 and a word on what is wrong.
    pub fn from_command_line() -> Self {
        Self::parse()
    }

    /// Whether what is written goes to standard output.
    pub fn writes_to_stdout(&self) -> bool {
        self.output.as_deref().is_none_or(is_stdout)
    }

    /// How to compile.
    pub fn compile_options(&self) -> CompileOptions {
        CompileOptions {
            defines: self.defines.clone(),
            include_dirs: self.include_dirs.clone(),
            dialect: self.dialect.map(|name| match name {
                DialectName::Bcc => Dialect::Bcc,
                DialectName::Libbpf => Dialect::Libbpf,
            }),
            attach: self.attach.clone(),
            event_types: self.event.clone(),
            no_cache: self.no_cache,
            clang: self.clang.clone(),
        }
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let usage = || "write it as 500ms, 10s, 1m30s, 2h".to_owned();
    let duration: SignedDuration = text.parse().map_err(|_| usage())?;
    Duration::try_from(duration).map_err(|_| usage())
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text)?;
    match interval.is_zero() {
        true => Err("there must be some time between two reports".to_owned()),
        false => Ok(interval),
    }
}

fn parse_pages(text: &str) -> Result<u32, String> {
    let pages: u32 = text
        .parse()
        .map_err(|_| "this is not a number".to_owned())?;
    match pages.is_power_of_two() && pages <= 1 << 16 {
        true => Ok(pages),
        false => Err("write a power of two, at most 65536".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The definition makes sense, and numbers of pages are checked.
    #[test]
    fn definition() {
        Args::command().debug_assert();
        assert_eq!(parse_pages("64"), Ok(64));
        assert!(parse_pages("65").is_err() && parse_pages("0").is_err());
        assert!(parse_duration("1s").is_ok() && parse_duration("-1s").is_err());
    }
}
