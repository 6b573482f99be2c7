//! execsnoop: every process that this machine runs.
//!
//! This is the command's own code, not an interface for others: those are `execsnoop-events` and
//! `execsnoop-probe`. Without the feature `live` it has no kernel side: it builds without libbpf
//! and clang.

#![deny(clippy::print_stdout, clippy::print_stderr)] // see execsnoop-clikit
#![cfg_attr(
    not(feature = "live"),
    allow(dead_code, unused_imports, reason = "only live verbs use it")
)]

mod args;
#[doc(hidden)]
pub mod bench_support;
mod cmd;
mod output;
mod pipeline;
#[cfg(feature = "live")]
mod recorder;
mod recordings;
mod replay;

use std::process::ExitCode;

use execsnoop_clikit::Failure;
use execsnoop_clikit::message;
use execsnoop_clikit::start_logging;

use crate::args::CommandLine;
use crate::args::Verb;

/// Runs the command with the arguments of this process.
pub fn main() -> ExitCode {
    #[cfg(feature = "live")]
    prepare_process();
    let line = CommandLine::of_this_process();
    start_logging("execsnoop", line.verbose());
    match run(&line) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            message(&failure);
            ExitCode::from(failure.code)
        }
    }
}

#[cfg(feature = "live")]
fn prepare_process() {
    use execsnoop_host::process;

    process::use_files_for_names();
    execsnoop_clikit::set_closed_streams(process::was_closed(1), process::was_closed(2));
}

#[cfg(feature = "live")]
fn run(line: &CommandLine) -> Result<u8, Failure> {
    match &line.verb {
        None => cmd::trace::run(&line.trace),
        Some(Verb::Top(args)) => cmd::top::run(args),
        Some(Verb::Record(args)) => cmd::record::run(args),
        Some(Verb::Replay(args)) => cmd::replay::run(args),
        Some(Verb::Doctor(args)) => cmd::doctor::run(args),
        Some(Verb::Schema(args)) => cmd::schema::run(args),
    }
}

#[cfg(not(feature = "live"))]
fn run(line: &CommandLine) -> Result<u8, Failure> {
    match &line.verb {
        Some(Verb::Replay(args)) => cmd::replay::run(args),
        Some(Verb::Schema(args)) => cmd::schema::run(args),
        None | Some(Verb::Record(_) | Verb::Doctor(_) | Verb::Top(_)) => {
            let error = "this execsnoop was built without live tracing (the Cargo feature `live`)";
            Err(Failure::new(2, anyhow::anyhow!(error)))
        }
    }
}
