//! Options that select events. Every verb that reads events has them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::OsStringValueParser;
use clap::builder::TypedValueParser as _;

use super::parse;
use crate::pipeline::EventType;

/// Which events are shown.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Select events")]
pub struct SelectArgs {
    /// Show failed execs too
    ///
    /// While it runs, every system call of the machine is some 20 ns slower.
    #[arg(short = 'x', long)]
    pub fails: bool,

    /// Only processes of this user (name or number)
    #[arg(short, long, value_name = "USER", value_parser = parse::user_id)]
    pub uid: Option<u32>,

    /// Only commands whose name matches this regular expression
    #[arg(short, long, value_name = "REGEX")]
    pub name: Option<String>,

    /// Only command lines that match this regular expression
    ///
    /// The command line is the arguments joined by spaces.
    #[arg(short, long, value_name = "REGEX")]
    pub line: Option<String>,

    /// Only this process and its descendants
    #[arg(short, long, value_name = "PID")]
    pub pid: Option<u32>,

    /// Only children of this process
    #[arg(short = 'P', long, value_name = "PID", hide_short_help = true)]
    pub ppid: Option<u32>,

    /// Only processes in this cgroup, or below it
    ///
    /// The path as JSON shows it (/system.slice), or a directory of the cgroup v2 file system.
    #[arg(short, long, value_name = "PATH", hide_short_help = true)]
    pub cgroup: Option<PathBuf>,

    /// Only processes of this container: its id or the beginning of it
    ///
    /// LXC and nspawn containers are known by their names.
    #[arg(long, value_name = "ID", value_parser = OsStringValueParser::new().try_map(parse::not_empty))]
    pub container: Option<OsString>,

    /// Only processes of this systemd unit: nginx, cron.service, user.slice
    #[arg(long, value_name = "UNIT", value_parser = OsStringValueParser::new().try_map(parse::not_empty))]
    pub unit: Option<OsString>,

    /// Only events for which this CEL condition holds: 'uid == 0 && comm != "sh"'
    ///
    /// Every field of the JSON output can be used: see docs/filters.md.
    #[arg(long, value_name = "CEL", allow_hyphen_values = true)]
    pub filter: Option<String>,
}

/// The same, for the kernel side of a live trace.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Select events")]
pub struct KernelSelectArgs {
    /// With -x: failed execs by 32-bit system calls (int 0x80) too
    ///
    /// Every system call is then some 10 ns slower than with -x alone.
    #[arg(long = "failed-32bit", hide_short_help = true)]
    pub failed_32_bit: bool,

    /// Only cgroups whose ids are keys of this pinned BPF hash map
    #[arg(long, value_name = "MAP", hide_short_help = true)]
    pub cgroupmap: Option<PathBuf>,

    /// Only mount namespaces whose inode numbers are keys of this pinned BPF hash map
    #[arg(long, value_name = "MAP", hide_short_help = true)]
    pub mntnsmap: Option<PathBuf>,
}

/// Which types of events are shown, and what of them.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Select events")]
pub struct TypeArgs {
    /// Show finished processes: lifetime, CPU, memory and exit status
    #[arg(short = 'd', long)]
    pub lifetime: bool,

    /// Join a search along PATH into one line, with the number of tries
    ///
    /// Failed execs are shown too, as with -x.
    #[arg(long, hide_short_help = true)]
    pub fold: bool,

    /// Event types to show [default: exec, or process with -d]
    ///
    /// -x and --fold add failed to the list, -d adds process.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub events: Option<Vec<EventType>>,

    /// With -d: only processes that did not end with status 0
    #[arg(long)]
    pub failed: bool,
}
