//! The traced command.

use execsnoop_clikit::Failure;
use execsnoop_clikit::Signals;
use execsnoop_host::process::Command;
use execsnoop_host::process::invoking_user;
use nix::unistd::Uid;

use crate::args::TraceArgs;

/// Starts the command, if there is one: as the user of `--user`, else the user who called sudo.
///
/// # Errors
///
/// With the exit status of a shell: 127 if the command does not exist, 126 if it cannot be run.
pub fn start(args: &TraceArgs, signals: &Signals) -> Result<Option<Command>, Failure> {
    if !args.has_command() {
        return Ok(None);
    }
    let user = args.run.user.clone().or_else(invoking_user);
    let user = user.filter(|user| user.uid != Uid::effective());
    let command = Command::start(&args.command, user.as_ref(), signals.ignored_before());
    command
        .map(Some)
        .map_err(|error| Failure::new(error.exit_code(), error))
}
