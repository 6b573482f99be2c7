//! Runs of the tracer: beside a subject, or with a command of its own.

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::support::execsnoop;
use crate::support::output_reader::Trace;
use crate::support::public_dir;
use crate::support::text;
use crate::support::wait_for_end;
use crate::support::wait_until;

/// A tracer at work.
#[derive(Debug)]
pub(crate) struct Tracer {
    child: Child,
    dir: TempDir,
}

impl Tracer {
    /// Starts tracing the machine, and waits until it does.
    #[track_caller]
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_behind(&[], args)
    }

    /// The same, with JSON lines.
    #[track_caller]
    pub(crate) fn json(args: &[&str]) -> Self {
        Self::start(&[&["--format", "json"], args].concat())
    }

    /// Starts a recorder, and waits until it records.
    #[track_caller]
    pub(crate) fn record(args: &[&str]) -> Self {
        Self::start(&[&["record"], args].concat())
    }

    /// The same, by way of another program, such as setpriv.
    #[track_caller]
    pub(crate) fn start_behind(wrapper: &[&str], args: &[&str]) -> Self {
        let dir = public_dir();
        let ready = dir.path().join("ready");
        let (verb, args) = split_verb(args);
        let args = [verb, &["--ready-file", text(&ready)], args].concat();
        let child = spawn(command(wrapper, &args), dir.path());
        let mut tracer = Self { child, dir };
        tracer.wait_for(&ready);
        tracer
    }

    #[track_caller]
    fn wait_for(&mut self, ready: &Path) {
        wait_until("the tracer is ready", || {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                panic!("the tracer ended: {status}\n{}", self.stderr());
            }
            ready.exists()
        });
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal);
    }

    /// What it has said on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&read(&self.dir.path().join("stderr"))).into_owned()
    }

    /// What it has written on standard output so far.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&read(&self.dir.path().join("stdout"))).into_owned()
    }

    /// Ends it as Ctrl-C does. It must end well.
    #[track_caller]
    pub(crate) fn stop(self) -> Trace {
        self.signal(Signal::SIGINT);
        self.wait().expect_success()
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> Trace {
        let status = wait_for_end(&mut self.child);
        collect(status, self.dir.path(), "stdout")
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Leaves nothing behind when a test fails.
fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(None)) {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A verb comes before its options.
fn split_verb<'a, 'w>(args: &'a [&'w str]) -> (&'a [&'w str], &'a [&'w str]) {
    let has_verb = args.first().is_some_and(|first| !first.starts_with('-'));
    args.split_at(usize::from(has_verb))
}

/// A command line of execsnoop, behind that of a wrapper.
pub(crate) fn command(wrapper: &[&str], args: &[&str]) -> Command {
    let execsnoop = execsnoop();
    let words = [wrapper, &[text(&execsnoop)], args].concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    command
}

fn spawn(mut command: Command, dir: &Path) -> Child {
    let file = |name| File::create(dir.join(name)).expect("a file for its output");
    command.stdout(file("stdout")).stderr(file("stderr"));
    command.spawn().expect("execsnoop can be executed")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_default()
}

fn collect(status: std::process::ExitStatus, dir: &Path, events: &str) -> Trace {
    Trace {
        status,
        stdout: read(&dir.join("stdout")),
        stderr: String::from_utf8(read(&dir.join("stderr"))).expect("messages are UTF-8"),
        events: read(&dir.join(events)),
    }
}

/// A run of `execsnoop ARGS -- CMD` that has begun.
#[derive(Debug)]
pub(crate) struct CommandRun {
    child: Child,
    dir: TempDir,
}

impl CommandRun {
    /// Starts it. Events go to a file.
    pub(crate) fn start<S: AsRef<OsStr>>(args: &[&str], cmd: &[S]) -> Self {
        Self::start_behind(&[], args, cmd)
    }

    /// The same, by way of another program.
    pub(crate) fn start_behind<S: AsRef<OsStr>>(
        wrapper: &[&str],
        args: &[&str],
        cmd: &[S],
    ) -> Self {
        let dir = public_dir();
        let events = dir.path().join("events");
        let (verb, args) = split_verb(args);
        let mut command = command(wrapper, &[verb, &["-o", text(&events)], args].concat());
        command.arg("--").args(cmd);
        Self {
            child: spawn(command, dir.path()),
            dir,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where the events go.
    pub(crate) fn events(&self) -> PathBuf {
        self.dir.path().join("events")
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Trace {
        let status = wait_for_end(&mut self.child);
        collect(status, self.dir.path(), "events")
    }
}

impl Drop for CommandRun {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Runs `execsnoop ARGS -- CMD` to its end, however it ends.
pub(crate) fn trace_command<S: AsRef<OsStr>>(args: &[&str], cmd: &[S]) -> Trace {
    CommandRun::start(args, cmd).wait()
}

/// Runs execsnoop to its end, however it ends.
pub(crate) fn run(wrapper: &[&str], args: &[&str]) -> Trace {
    let dir = public_dir();
    let mut child = spawn(command(wrapper, args), dir.path());
    let status = wait_for_end(&mut child);
    collect(status, dir.path(), "stdout")
}

pub(crate) fn kill_process(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("pids are small"));
    kill(pid, signal).expect("the process is there");
}
