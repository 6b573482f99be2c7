//! The exec of a command after preparations, as posix_spawnp(3) makes it without them.

use std::ffi::CString;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::errno::Errno;

/// Makes a file of unknown format an error in every case. The standard library starts a program
/// without preparations by posix_spawnp(3), for which it is one, and else by execvp(3), which has
/// /bin/sh run the file.
pub(super) fn execute_without_shell(command: &mut Command) {
    let Some(image) = Image::of(command) else {
        return; // a NUL byte, of which the standard library says more
    };
    // SAFETY: between fork and exec only execve(2) is called, which is async-signal-safe, with
    // pointers into memory that was prepared before the fork and lives in the closure.
    unsafe { command.pre_exec(move || Err(image.execute())) };
}

/// What execve(2) takes, prepared before the fork.
struct Image {
    paths: Vec<CString>,
    args: Pointers,
    env: Pointers,
}

impl Image {
    /// That of a command: in each directory of PATH unless it is named by a path.
    fn of(command: &Command) -> Option<Self> {
        let program = command.get_program();
        let args = std::iter::once(program).chain(command.get_args());
        Some(Self {
            paths: candidates(program)?,
            args: Pointers::new(args.map(c_string).collect::<Option<_>>()?),
            env: Pointers::new(environment(command)?),
        })
    }

    /// Returns why it could not be executed: the first reason but "not there", as execvp(3).
    fn execute(&self) -> io::Error {
        let mut reason = Errno::ENOENT;
        for path in &self.paths {
            // SAFETY: the path ends in NUL, both arrays end in a null pointer, and all live.
            unsafe { nix::libc::execve(path.as_ptr(), self.args.array(), self.env.array()) };
            match Errno::last() {
                Errno::ENOENT | Errno::ENOTDIR => {}
                Errno::EACCES => reason = Errno::EACCES,
                other => return other.into(),
            }
        }
        reason.into()
    }
}

/// Texts for C, and a null-terminated array of pointers to them.
struct Pointers {
    _texts: Vec<CString>,
    array: Vec<*const nix::libc::c_char>,
}

// SAFETY: the pointers are into texts that this value owns and never changes.
unsafe impl Send for Pointers {}
// SAFETY: as above; nothing is written through a shared reference.
unsafe impl Sync for Pointers {}

impl Pointers {
    fn new(texts: Vec<CString>) -> Self {
        let pointers = texts.iter().map(|text| text.as_ptr());
        let array = pointers.chain([std::ptr::null()]).collect();
        Self {
            _texts: texts,
            array,
        }
    }

    fn array(&self) -> *const *const nix::libc::c_char {
        self.array.as_ptr()
    }
}

fn c_string(text: &OsStr) -> Option<CString> {
    CString::new(text.as_bytes()).ok()
}

/// The paths to try for a program, in turn.
fn candidates(program: &OsStr) -> Option<Vec<CString>> {
    if program.as_bytes().contains(&b'/') {
        return Some(vec![c_string(program)?]);
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let files = std::env::split_paths(&path).map(|dir| dir.join(program));
    files.map(|file| c_string(file.as_os_str())).collect()
}

/// The environment of this process with the command's changes.
fn environment(command: &Command) -> Option<Vec<CString>> {
    let changed: Vec<_> = command.get_envs().collect();
    let is_kept = |name: &OsStr| changed.iter().all(|(other, _)| *other != name);
    let kept = std::env::vars_os().filter(|(name, _)| is_kept(name));
    let set = changed
        .iter()
        .filter_map(|(name, value)| Some((name.into(), (*value)?.into())));
    let entry = |(name, value): (OsString, OsString)| {
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
    };
    kept.chain(set).map(entry).collect()
}
