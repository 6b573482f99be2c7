//! The project's own chores, as `cargo xtask CHORE`.

use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;

mod bench;
mod bench_bpfrun;
mod binaries;
mod bpf_stats;
mod cost;
mod dist;
mod interrupt;
mod kernels;
mod killed;
mod machine;
mod pairs;
mod report;
mod run;
mod static_build;
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
    Bench(bench::Options),
    BenchBpfrun(bench_bpfrun::Options),
    Cost(cost::Options),
    Dist(dist::Options),
    Kernels(Box<kernels::Options>),
}

/// This user or this kernel cannot do it: the same code as execsnoop's own.
const CANNOT_TRACE: u8 = 77;

fn main() -> ExitCode {
    let outcome = match Cli::parse().chore {
        Chore::Bench(_) if !is_root() => return needs_root("bench"),
        Chore::Cost(_) if !is_root() => return needs_root("cost"),
        Chore::BenchBpfrun(_) if !is_root() => return needs_root("bench-bpfrun"),
        Chore::Bench(options) => bench::run(&options),
        Chore::BenchBpfrun(options) => bench_bpfrun::run(&options),
        Chore::Cost(options) => cost::run(&options),
        Chore::Dist(options) => dist::run(&options),
        Chore::Kernels(options) => kernels::run(&options),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

fn needs_root(target: &str) -> ExitCode {
    eprintln!("xtask: measuring needs root: run `make {target}`, which asks for it.");
    ExitCode::from(CANNOT_TRACE)
}
