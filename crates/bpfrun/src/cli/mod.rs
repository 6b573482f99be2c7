//! The command.

mod account;
mod args;
mod clock;
mod dry_run;
mod emit;
mod failure;
mod hints;
mod histogram;
mod input;
mod maps;
mod output;
mod printk;
mod run;
mod symbols;
mod targets;

use std::process::ExitCode;

use execsnoop_clikit::Failure;
use execsnoop_clikit::message;
use execsnoop_clikit::set_closed_streams;
use execsnoop_clikit::start_logging;
use execsnoop_host::process::was_closed;

use crate::cli::args::Args;

/// Does what the command line asks for, and returns the exit status.
pub fn main() -> ExitCode {
    set_closed_streams(was_closed(1), was_closed(2));
    let args = Args::from_command_line();
    start_logging("bpfrun", args.verbose);
    match command(&args) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            message(&failure);
            ExitCode::from(failure.code)
        }
    }
}

fn command(args: &Args) -> Result<u8, Failure> {
    if args.emit.is_some() {
        return emit::emit(args);
    }
    if args.dry_run {
        return dry_run::dry_run(args);
    }
    run::run(args)
}
