//! The project's own tasks, as `cargo xtask TASK`.

use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;

mod bench;
mod bench_bpfrun;
mod build;
mod check;
mod cost;
mod dist;
mod kernels;
mod measure;
mod process;
mod screenshots;

/// The project's own tasks
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Bench(bench::Options),
    BenchBpfrun(bench_bpfrun::Options),
    /// Fail when files of a crate import each other in a circle, or a crate depends on one above it
    CheckImports,
    /// Fail on prose over 100 columns, and on words that this project's prose avoids
    CheckProse,
    Cost(cost::Options),
    Dist(dist::Options),
    Kernels(Box<kernels::Options>),
    Screenshots(screenshots::Options),
}

/// This user or this kernel cannot do it: the same code as execsnoop's own.
const CANNOT_TRACE: u8 = 77;

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Bench(_) if !is_root() => return needs_root("bench"),
        Task::Cost(_) if !is_root() => return needs_root("cost"),
        Task::BenchBpfrun(_) if !is_root() => return needs_root("bench-bpfrun"),
        Task::Bench(options) => bench::run(&options),
        Task::BenchBpfrun(options) => bench_bpfrun::run(&options),
        Task::CheckImports => check::imports(),
        Task::CheckProse => check::prose(),
        Task::Cost(options) => cost::run(&options),
        Task::Dist(options) => dist::run(&options),
        Task::Kernels(options) => kernels::run(&options),
        Task::Screenshots(_) if !is_root() => return needs_root("screenshots"),
        Task::Screenshots(options) => screenshots::run(&options),
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
