//! Options of a live trace: how it runs, and when it ends.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgAction;
use clap::ValueEnum;
use execsnoop_events::Backend;
use nix::unistd::User;

use super::parse;

/// How a trace runs.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Run the trace")]
pub struct RunArgs {
    /// Stop tracing after this time, such as 10s or 1m30s
    ///
    /// A traced command goes on.
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub duration: Option<Duration>,

    /// Go on after the end of CMD, until its last descendant has ended
    #[arg(long, requires = "command")]
    pub follow: bool,

    /// Run CMD as this user [default: the user who called sudo, or yourself]
    #[arg(long, value_name = "NAME", value_parser = parse::user, requires = "command", hide_short_help = true)]
    pub user: Option<User>,

    /// Size of the ring buffer
    ///
    /// It is rounded up to a power of two; 64K is the smallest size, 1G the largest.
    #[arg(long, value_name = "SIZE", value_parser = parse::ring_size, default_value = "16M", hide_short_help = true)]
    pub ring_size: u64,

    /// How events are captured [auto: the best backend that works here]
    #[arg(long, value_enum, default_value_t = BackendChoice::Auto, value_name = "BACKEND", hide_default_value = true, hide_short_help = true)]
    pub backend: BackendChoice,

    /// BTF file with this kernel's types, for kernels without their own
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub btf: Option<PathBuf>,

    /// Use perf buffers instead of the ring buffer, with --backend classic
    #[arg(long, hide = true)]
    pub perf_buffer: bool,

    /// Create this file when tracing has begun
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub ready_file: Option<PathBuf>,

    /// Print the cost of the BPF programs at the end
    #[arg(long, hide_short_help = true)]
    pub stats: bool,

    /// Print libbpf and verifier messages
    #[arg(short, long, action = ArgAction::SetTrue, hide_short_help = true)]
    pub verbose: bool,
}

/// How events are captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BackendChoice {
    /// The best backend that works here
    Auto,
    /// BPF with the kernel's BTF: every field
    Core,
    /// BPF without BTF: no costs, no namespaces
    Classic,
    /// The process connector, without BPF: few arguments of short-lived processes
    Cnproc,
}

impl BackendChoice {
    /// The backend; `None` means that it is to be chosen.
    pub fn chosen(self) -> Option<Backend> {
        match self {
            Self::Auto => None,
            Self::Core => Some(Backend::Core),
            Self::Classic => Some(Backend::Classic),
            Self::Cnproc => Some(Backend::Cnproc),
        }
    }
}
