//! execsnoop: every process that this machine runs, whole.
//!
//! The command's own code, not an interface for others: those are `execsnoop-events` and `execsnoop-probe`.

#![deny(clippy::print_stdout, clippy::print_stderr)] // see execsnoop-clikit

mod accounting;
mod args;
mod filter;
#[doc(hidden)]
pub mod harness;
mod names;
mod output;
mod pipeline;
mod redact;
mod verb;

use std::process::ExitCode;

use execsnoop_clikit::message;
use execsnoop_clikit::start_logging;

use crate::args::CommandLine;
use crate::args::Verb;

/// Runs the command with the arguments of this process.
pub fn main() -> ExitCode {
    execsnoop_probe::use_files_for_names();
    let line = CommandLine::of_this_process();
    start_logging("execsnoop", line.verbose());
    let outcome = match &line.verb {
        None => verb::trace::run(&line.trace),
        Some(Verb::Doctor(args)) => verb::doctor::run(args),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            message(&failure);
            ExitCode::from(failure.code)
        }
    }
}
