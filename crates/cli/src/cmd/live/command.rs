//! The traced command.

use anyhow::anyhow;
use execsnoop_clikit::Failure;
use execsnoop_clikit::Signals;
use execsnoop_host::process::Command;
use execsnoop_host::process::UnknownSudoUser;
use execsnoop_host::process::invoking_user;
use nix::unistd::Uid;
use nix::unistd::User;

use crate::args::TraceArgs;

/// The user as whom the command runs: of `--user`, else the user who called sudo; `None` for
/// ourselves.
///
/// # Errors
///
/// If sudo was called by an unknown user: the command must not run as root by accident.
pub fn user(args: &TraceArgs) -> Result<Option<User>, Failure> {
    if !args.has_command() {
        return Ok(None);
    }
    let user = match &args.run.user {
        Some(user) => Some(user.clone()),
        None => invoking_user().map_err(choose_user)?,
    };
    Ok(user.filter(|user| user.uid != Uid::effective()))
}

fn choose_user(error: UnknownSudoUser) -> Failure {
    let hint = "CMD does not run as root by accident: --user NAME says as whom";
    Failure::new(2, anyhow!("{error}\n{hint}"))
}

/// Starts the command, if there is one, as this user.
///
/// # Errors
///
/// With the exit status of a shell: 127 if the command does not exist, 126 if it cannot be run.
pub fn start(
    args: &TraceArgs,
    user: Option<&User>,
    signals: &Signals,
) -> Result<Option<Command>, Failure> {
    if !args.has_command() {
        return Ok(None);
    }
    let command = Command::start(&args.command, user, signals.ignored_before());
    command
        .map(Some)
        .map_err(|error| Failure::new(error.exit_code(), error))
}
