//! The command that is traced: started after the probes, as the user who asked for it.

use std::ffi::CString;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Child;
use std::process::ExitStatus;

use execsnoop_events::quote;
use nix::sys::signal::SigHandler;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Gid;
use nix::unistd::Pid;
use nix::unistd::Uid;
use nix::unistd::User;

use super::execute::execute_without_shell;

/// The command could not be started.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No such program.
    #[error("{0}: command not found")]
    NotFound(String),
    /// There is one, but what it names as its interpreter is missing.
    #[error("{0}: the interpreter that it names does not exist")]
    NoInterpreter(String),
    /// There is one, but it cannot be executed.
    #[error("{0}: {1}")]
    NotExecutable(String, io::Error),
}

impl CommandError {
    /// The exit status that a shell would give.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound(_) => 127,
            Self::NoInterpreter(_) | Self::NotExecutable(..) => 126,
        }
    }
}

/// A running command.
#[derive(Debug)]
pub struct Command {
    child: Child,
    status: Option<ExitStatus>,
}

impl Command {
    /// Starts `words`, with our own standard input, output and error, as `user` when that is given.
    /// It ignores the signals `ignored`: those that we were told to ignore, and have handlers for
    /// now.
    pub fn start(
        words: &[OsString],
        user: Option<&User>,
        ignored: &[Signal],
    ) -> Result<Self, CommandError> {
        let (program, args) = words
            .split_first()
            .expect("clap asks for at least one word");
        let mut command = std::process::Command::new(program);
        command.args(args);
        if let Some(user) = user {
            become_user(&mut command, user);
        }
        if !ignored.is_empty() {
            ignore(&mut command, ignored.to_vec());
        }
        if user.is_some() || !ignored.is_empty() {
            execute_without_shell(&mut command);
        }
        let name = harmless(program);
        match command.spawn() {
            Ok(child) => Ok(Self {
                child,
                status: None,
            }),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Err(not_found(program, name)),
            Err(err) => Err(CommandError::NotExecutable(name, err)),
        }
    }

    /// Whether it has ended; does not wait.
    pub fn ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status.is_some()
    }

    /// Its exit status as a shell gives it, 128 + n for a signal; `None` while it runs.
    pub fn exit_code(&self) -> Option<u8> {
        let status = self.status?;
        let code = status.code().or_else(|| status.signal().map(|n| 128 + n))?;
        u8::try_from(code & 0xff).ok()
    }

    /// Passes a signal on to it. One that has ended since is no error.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed());
        if self.status.is_none()
            && let Err(errno) = kill(pid, signal)
        {
            tracing::debug!("cannot pass {signal} on: {errno}");
        }
    }
}

/// The kernel says "not found" for a missing interpreter, too.
fn not_found(program: &OsStr, name: String) -> CommandError {
    let path = Path::new(program);
    match path.components().count() > 1 && path.exists() {
        true => CommandError::NoInterpreter(name),
        false => CommandError::NotFound(name),
    }
}

/// A name for a message, without what could command a terminal.
fn harmless(name: &OsStr) -> String {
    let mut out = Vec::new();
    quote::shell(&mut out, name.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

/// Makes the command begin with these signals ignored.
fn ignore(command: &mut std::process::Command, signals: Vec<Signal>) {
    // SAFETY: between fork and exec only async-signal-safe calls are made, which signal(2) is;
    // "ignore" runs no code of ours.
    unsafe {
        command.pre_exec(move || {
            for signal in &signals {
                nix::sys::signal::signal(*signal, SigHandler::SigIgn)?;
            }
            Ok(())
        });
    }
}

/// Makes the command run with the user's ids and all of the user's groups.
fn become_user(command: &mut std::process::Command, user: &User) {
    let (uid, gid) = (user.uid, user.gid);
    let groups = groups_of(user);
    // SAFETY: between fork and exec only async-signal-safe calls are made; setgroups, setgid and
    // setuid are system calls, and the list of groups was made before.
    unsafe {
        command.pre_exec(move || {
            nix::unistd::setgroups(&groups)?;
            nix::unistd::setgid(gid)?;
            nix::unistd::setuid(uid)?;
            Ok(())
        });
    }
    command.env("USER", &user.name).env("LOGNAME", &user.name);
    command.env("HOME", &user.dir);
}

fn groups_of(user: &User) -> Vec<Gid> {
    CString::new(user.name.as_bytes())
        .ok()
        .and_then(|name| nix::unistd::getgrouplist(&name, user.gid).ok())
        .unwrap_or_else(|| vec![user.gid])
}

/// The user who called sudo is not known: without that user, a command would run as root.
#[derive(Debug, thiserror::Error)]
#[error("SUDO_UID is {}, and there is no such user", harmless(.0))]
pub struct UnknownSudoUser(OsString);

/// The user who called sudo, if we are root by it.
///
/// # Errors
///
/// If sudo says who called it, and no such user can be found.
pub fn invoking_user() -> Result<Option<User>, UnknownSudoUser> {
    match std::env::var_os("SUDO_UID") {
        Some(uid) if Uid::effective().is_root() => {
            find_user(&uid).ok_or(UnknownSudoUser(uid)).map(Some)
        }
        _ => Ok(None),
    }
}

fn find_user(uid: &OsStr) -> Option<User> {
    let uid = uid.to_str()?.parse().ok()?;
    User::from_uid(Uid::from_raw(uid)).ok()?
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A file of unknown format is not run by a shell, with preparations and without.
    #[test]
    fn unknown_format() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("text");
        fs::write(&file, "exit 3").expect("it can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it is ours");
        for ignored in [&[][..], &[Signal::SIGHUP]] {
            let started = Command::start(&[file.clone().into()], None, ignored);
            let error = started.expect_err("no format that the kernel knows");
            assert_eq!(error.exit_code(), 126, "{error}");
        }
    }

    /// With preparations, programs are found, get their arguments, and are missed as without.
    #[test]
    fn prepared() {
        let ignored = &[Signal::SIGHUP];
        let words = ["sh", "-c", "test -n \"$PATH\" && exit $1", "sh", "7"].map(OsString::from);
        let mut command = Command::start(&words, None, ignored).expect("there is a shell");
        while !command.ended() {
            std::thread::yield_now();
        }
        assert_eq!(command.exit_code(), Some(7));
        let missing = Command::start(&["no-such-program".into()], None, ignored);
        assert_eq!(missing.expect_err("it does not exist").exit_code(), 127);
    }
}
