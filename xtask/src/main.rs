//! The project's own chores, as `cargo xtask CHORE`.

use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;

mod binaries;
mod bpf_stats;
mod cost;
mod interrupt;
mod machine;
mod pairs;
mod report;
mod storm;
mod tracer;

/// The project's own chores
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Cost(cost::Options),
}

/// This user or this kernel cannot do it: the same code as execsnoop's own.
const CANNOT_TRACE: u8 = 77;

fn main() -> ExitCode {
    let Chore::Cost(options) = Cli::parse().chore;
    if !nix::unistd::geteuid().is_root() {
        eprintln!(
            "xtask: measuring what tracing costs needs root: run `make cost`, which asks for it."
        );
        return ExitCode::from(CANNOT_TRACE);
    }
    cost::run(&options).unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}
