//! The command under test, its programs, and the calls that they see.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::OnceLock;

use execsnoop_e2e_harness::wait_until;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// The programs' word for our calls: see programs/bpf.h.
const MAGIC: i32 = 0x4000_0000;

/// The command.
pub(crate) fn bpfrun() -> PathBuf {
    match std::env::var_os("BPFRUN") {
        Some(given) => given.into(),
        None => env!("CARGO_BIN_EXE_bpfrun").into(),
    }
}

/// A directory that goes away with the tests.
pub(crate) fn scratch() -> &'static Path {
    static DIR: OnceLock<TempDir> = OnceLock::new();
    DIR.get_or_init(|| tempfile::tempdir().expect("a temporary directory"))
        .path()
}

/// The file of a program in tests/programs.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/programs")
        .join(format!("{name}.bpf.c"))
}

/// A program, compiled by clang alone.
pub(crate) fn object(name: &str) -> PathBuf {
    object_with(name, &[])
}

/// The same, with macros defined.
pub(crate) fn object_with(name: &str, macros: &[&str]) -> PathBuf {
    let object = scratch().join(format!("{name}{}.o", macros.concat()));
    if object.exists() {
        return object;
    }
    let status = Command::new("clang")
        .args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-c"])
        .args(macros.iter().map(|name| format!("-D{name}")))
        .arg(source(name))
        .arg("-o")
        .arg(&object)
        .status()
        .expect("there is a clang");
    assert!(status.success(), "{name} does not compile");
    object
}

/// Makes calls that the programs see: one for each number.
pub(crate) fn call(numbers: impl IntoIterator<Item = i32>) {
    for number in numbers {
        let nobody = nix::unistd::getpgid(Some(Pid::from_raw(MAGIC | number)));
        assert!(nobody.is_err(), "no process has such a number");
    }
}

/// bpfrun at work.
#[derive(Debug)]
pub(crate) struct Run {
    child: Child,
}

/// What a run has left.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Starts it, and waits until everything is attached.
    pub(crate) fn start(program: &Path, args: &[&str]) -> Self {
        let ready = tempfile::tempdir().expect("a temporary directory");
        let file = ready.path().join("ready");
        let child = Command::new(bpfrun())
            .arg(program)
            .args(args)
            .arg("--ready-file")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bpfrun can be executed");
        let mut run = Self { child };
        let mut ended = None;
        wait_until("bpfrun is ready, or has ended", || {
            ended = run.child.try_wait().expect("it is our child");
            ended.is_some() || file.exists()
        });
        if let Some(status) = ended {
            let outcome = run.outcome();
            panic!("bpfrun ended with {status} before it was ready: {outcome:?}");
        }
        run
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The child itself.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn interrupt(self) -> Outcome {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGINT).expect("it is there");
        self.outcome()
    }

    /// Waits until it ends by itself.
    pub(crate) fn outcome(self) -> Outcome {
        let output = self.child.wait_with_output().expect("it is our child");
        Outcome::new(&output)
    }
}

impl Outcome {
    fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// The JSON lines of a type.
    pub(crate) fn json(&self, kind: &str) -> Vec<Value> {
        let lines = self.stdout.lines();
        let parsed = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        parsed.filter(|line| line["type"] == kind).collect()
    }

    /// What the account says of a word: `shown` in `seen 3 = shown 3 + lost 0 + discarded 0`.
    pub(crate) fn account(&self, word: &str) -> u64 {
        let line = self.stderr.lines().find(|line| line.starts_with("seen "));
        let line = line.unwrap_or_else(|| panic!("no account: {self:?}"));
        let mut words = line.split(' ').skip_while(|other| *other != word);
        let number = words.nth(1).expect("a number after the word");
        number.parse().expect("a number")
    }

    /// That it ended well.
    pub(crate) fn fine(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }
}

/// Runs it from beginning to end, without anything happening meanwhile.
pub(crate) fn run(args: &[&str]) -> Outcome {
    let output = Command::new(bpfrun())
        .args(args)
        .stdin(Stdio::null())
        .output();
    Outcome::new(&output.expect("bpfrun can be executed"))
}

/// Runs it on a program while `calls` are made.
pub(crate) fn run_with(program: &Path, args: &[&str], calls: impl FnOnce()) -> Outcome {
    let run = Run::start(program, args);
    calls();
    run.interrupt().fine()
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("the tests' paths are text")
}

/// Resident memory of a process, in KiB.
pub(crate) fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("a number")
}
