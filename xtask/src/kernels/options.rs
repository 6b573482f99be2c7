//! The options of `cargo xtask kernels`.

use std::path::PathBuf;

use clap::Args;

use super::suite::Backend;

/// Run the end-to-end tests on Debian's kernels, one of each series, in QEMU
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these kernels: 6.1, 6.12.117 or a whole release; can be repeated
    #[arg(long, value_name = "KERNEL")]
    pub(super) only: Vec<String>,
    /// Only 5.10, 6.1, 6.12 and the newest
    #[arg(long, conflicts_with = "only")]
    pub(super) quick: bool,
    /// List the kernels and boot none
    #[arg(long)]
    pub(super) list: bool,
    /// Tests to run: `brief` (each program once; the default), `matrix` (more), `kernel` (all that
    /// depend on the kernel; the default with --only), `all`, or parts of names (a,b,c)
    #[arg(long, value_name = "FILTERS")]
    pub(super) tests: Option<String>,
    /// The backend to test; with `classic` the kernels hide their BTF
    #[arg(long, value_enum, default_value = "core")]
    pub(super) backend: Backend,
    /// Guests at a time, with two processors each [default: the number of CPUs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: Option<u16>,
    /// Time limit per guest, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    pub(super) limit: u64,
    /// Compile the BPF programs with this clang; `newest` takes the highest clang-N in the PATH
    #[arg(long, value_name = "CLANG")]
    pub(super) clang: Option<String>,
    /// Directory that keeps kernels between runs
    #[arg(long, value_name = "DIR")]
    pub(super) cache: Option<PathBuf>,
    /// Keep the consoles of all guests in this directory
    #[arg(long, value_name = "DIR")]
    pub(super) logs: Option<PathBuf>,
    /// Also write the tables to this file, into the backend's chapter
    #[arg(long, value_name = "FILE")]
    pub(super) write: Option<PathBuf>,
    /// Print how long each test took
    #[arg(long)]
    pub(super) times: bool,
    /// Fail if kernels are not available, instead of skipping all (exit status 77)
    #[arg(long)]
    pub(super) must_run: bool,
    /// Cargo.lock must not change
    #[arg(long)]
    pub(super) locked: bool,
}

impl Options {
    /// Which tests: a set by its name, or parts of names.
    pub(super) fn tests(&self) -> &str {
        let default = match self.only.is_empty() {
            true => "brief",
            false => "kernel",
        };
        self.tests.as_deref().unwrap_or(default)
    }
}
