//! The command.

mod account;
mod args;
mod clock;
mod dry_run;
mod emit;
mod failure;
mod histogram;
mod input;
mod maps;
mod output;
mod printk;
mod ready_file;
mod run;
mod say;
mod signals;
mod symbols;
mod targets;

use std::process::ExitCode;

use crate::cli::args::Args;
use crate::cli::failure::Failure;
use crate::cli::say::say;

/// Does what the command line asks for, and returns the exit status.
pub fn main() -> ExitCode {
    let args = Args::from_command_line();
    failure::start_logging(args.verbose);
    match command(&args) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            say(format_args!("bpfrun: {failure}"));
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
