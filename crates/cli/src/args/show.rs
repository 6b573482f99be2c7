//! Options of how events are shown. Every verb that prints events has them.

use std::ffi::OsString;

use clap::ValueEnum;
use clap::builder::OsStringValueParser;
use clap::builder::TypedValueParser as _;
use regex::bytes::Regex;

use super::parse;
use crate::output::Color;
use crate::output::Compat;

/// How events are shown.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Format output")]
pub struct ShowArgs {
    /// Show the time (HH:MM:SS)
    #[arg(short = 'T', long)]
    pub time: bool,

    /// Show seconds since the start
    #[arg(short, long, hide_short_help = true)]
    pub timestamp: bool,

    /// Show the user id
    #[arg(short = 'U', long, hide_short_help = true)]
    pub print_uid: bool,

    /// Show the CPU
    #[arg(short = 'C', long, hide_short_help = true)]
    pub print_cpu: bool,

    /// Show the parent's name (always shown, except with --compat bcc)
    #[arg(short = 'M', long, hide_short_help = true)]
    pub print_pcomm: bool,

    /// Columns of the table or of CSV: pid,user,exe,args; +unit adds to the defaults
    ///
    /// An unknown name prints the list of columns.
    #[arg(long, value_name = "LIST")]
    pub columns: Option<String>,

    /// Record the working directory of each exec
    ///
    /// JSON and CSV have it then; a table shows it with --columns +cwd.
    #[arg(long, hide_short_help = true)]
    pub cwd: bool,

    /// Record these environment variables of each exec: PATH,LANG
    ///
    /// JSON and CSV have them then; a table shows them with --columns +env.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        value_parser = OsStringValueParser::new().try_map(parse::variable), hide_short_help = true)]
    pub env: Vec<OsString>,

    /// Mask passwords, tokens and keys [auto: unless writing to a terminal]
    #[arg(long, value_enum, default_value_t = Redact::Auto, value_name = "WHEN", hide_default_value = true, hide_short_help = true)]
    pub redact: Redact,

    /// Mask matches of this regular expression too
    ///
    /// If the expression has groups, only the first is masked.
    #[arg(long, value_name = "REGEX", value_parser = Regex::new, hide_short_help = true)]
    pub redact_also: Vec<Regex>,

    /// Show all ancestors of a process, or the N nearest
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "256"
    )]
    pub ancestors: Option<usize>,

    /// Show the arguments of ancestors too (in JSON)
    #[arg(long, requires = "ancestors", hide_short_help = true)]
    pub ancestor_args: bool,

    /// Put every argument in double quotes
    #[arg(short, long, hide_short_help = true)]
    pub quote: bool,

    /// Show at most this many arguments [default: all; 20 with --compat]
    ///
    /// In JSON and CSV, the field `shortened` says that there were more.
    // Shorter forms of it are not those of other options.
    #[arg(long, value_name = "N", aliases = ["ma", "max", "max-", "max-a", "max-ar", "max-arg"], hide_short_help = true)]
    pub max_args: Option<usize>,

    /// Show at most this many bytes of an argument list, such as 4K
    ///
    /// The same of the variables of --env. The field `shortened` says that there were more.
    #[arg(long, value_name = "SIZE", value_parser = parse::memory_size, hide_short_help = true)]
    pub max_arg_bytes: Option<usize>,

    /// Cut lines of the table to this many columns, or to the terminal's width; > marks the cut
    #[arg(
        long,
        value_name = "COLUMNS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0", hide_short_help = true
    )]
    pub max_width: Option<usize>,

    /// Print the columns of another execsnoop
    #[arg(long, value_enum, value_name = "TOOL", hide_short_help = true)]
    pub compat: Option<Compat>,

    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT", hide_default_value = true)]
    pub format: Format,

    /// When to use colors [auto: on a terminal, unless NO_COLOR is set or TERM is dumb]
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", hide_default_value = true, hide_short_help = true)]
    pub color: Color,
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

/// When to mask secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Redact {
    /// Unless writing to a terminal
    Auto,
    /// Always
    On,
    /// Never
    Off,
}
