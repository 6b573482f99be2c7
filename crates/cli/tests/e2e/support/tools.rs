//! Where the tests find their tools: the tracer, the subjects, places to write.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

pub(crate) use execsnoop_e2e_harness::patience;
pub(crate) use execsnoop_e2e_harness::slowness;
pub(crate) use execsnoop_e2e_harness::wait_until;
use serde_json::Value;
use tempfile::TempDir;

/// A uid that no process on the machine has: tests use it to distinguish their own execs.
pub(crate) const STRANGER: u32 = 61_234;

static WORKSHOP: OnceLock<PathBuf> = OnceLock::new();

/// Makes the directory that holds the tools, where every user can reach them. It goes away with
/// what is returned.
pub(crate) fn open_workshop() -> TempDir {
    let dir = public_dir();
    let tracer = given("EXECSNOOP").unwrap_or_else(|| env!("CARGO_BIN_EXE_execsnoop").into());
    fs::copy(tracer, dir.path().join("execsnoop")).expect("execsnoop can be copied");
    let workload = dir.path().join("workload");
    match given("WORKLOAD") {
        Some(program) => drop(fs::copy(program, workload).expect("the workload can be copied")),
        None => build_workload(&workload),
    }
    WORKSHOP
        .set(dir.path().to_owned())
        .expect("the workshop is opened once");
    dir
}

/// A program that was built elsewhere: for machines that have no compiler, such as a guest with
/// another kernel.
fn given(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

/// How many of something there are to be, where `count` would take too long on a slow machine.
pub(crate) fn scaled(count: usize, at_least: usize) -> usize {
    (count / slowness() as usize).clamp(at_least, count)
}

fn build_workload(program: &Path) {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workload");
    let units = fs::read_dir(&sources).expect("the workload's sources are there");
    let units = units.map(|entry| entry.expect("a directory entry").path());
    let status = Command::new("cc")
        .args([
            "-std=c11", "-O2", "-static", "-pthread", "-Wall", "-Wextra", "-Werror",
        ])
        .arg("-Wl,-e,entrance")
        .args(units.filter(|path| path.extension().is_some_and(|end| end == "c")))
        .arg("-o")
        .arg(program)
        .status()
        .expect("there is a C compiler, cc");
    assert!(status.success(), "the workload does not compile");
}

/// The tracer under test.
pub(crate) fn execsnoop() -> PathBuf {
    WORKSHOP
        .get()
        .expect("the workshop is open")
        .join("execsnoop")
}

/// The program that provokes what is to be traced.
pub(crate) fn workload() -> PathBuf {
    WORKSHOP
        .get()
        .expect("the workshop is open")
        .join("workload")
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("the tests' paths are text")
}

/// A directory that every user may read and write.
pub(crate) fn public_dir() -> TempDir {
    let dir = tempfile::Builder::new()
        .prefix("execsnoop-test-")
        .tempdir()
        .expect("a temporary directory");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777))
        .expect("it can be opened to all");
    dir
}

/// A word that no other exec on the machine has among its arguments.
pub(crate) fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "mark-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Writes a file that can be executed.
pub(crate) fn executable(path: &Path, contents: &str) {
    fs::write(path, contents).expect("the file can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("and made executable");
}

/// What a subject was and said.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) pid: u32,
    pub(crate) stdout: String,
}

impl Subject {
    /// What it printed, when that is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("the workload prints JSON")
    }
}

/// Runs a case of the workload, which must succeed.
pub(crate) fn subject(args: &[&str]) -> Subject {
    run_subject(Command::new(workload()).args(args))
}

/// Runs a program that must succeed.
pub(crate) fn run_subject(command: &mut Command) -> Subject {
    let child = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the subject can be executed");
    let pid = child.id();
    let output = child.wait_with_output().expect("the subject ends");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    let stdout = String::from_utf8(output.stdout).expect("subjects print text");
    Subject { pid, stdout }
}

/// A subject that waits until it may continue.
#[derive(Debug)]
pub(crate) struct Waiting(Child);

impl Waiting {
    /// Starts `workload after-stdin ARGS`, behind the words of `wrapper`.
    pub(crate) fn start(wrapper: &[&str], args: &[&str]) -> Self {
        let workload = workload();
        let words = [wrapper, &[text(&workload), "after-stdin"], args].concat();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        Self(command.spawn().expect("the subject can be executed"))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Waits until the wrapper has made way for the workload.
    pub(crate) fn settled(self) -> Self {
        let exe = format!("/proc/{}/exe", self.pid());
        wait_until("the subject is there", || {
            fs::read_link(&exe).is_ok_and(|exe| exe == workload())
        });
        self
    }

    /// Lets it go on, and waits for its end.
    pub(crate) fn go(mut self) {
        drop(self.0.stdin.take());
        let status = self.0.wait().expect("the subject ends");
        assert!(status.success(), "the subject failed: {status}");
    }
}

/// The argument that the workload makes: number `index`, of at least `len` bytes.
pub(crate) fn pattern(index: usize, len: usize) -> String {
    let mut text = format!("{index}-");
    let letters = (text.len()..len).map(|at| char::from(b'a' + ((index * 7 + at) % 26) as u8));
    text.extend(letters.collect::<Vec<_>>());
    text
}

/// All of them.
pub(crate) fn patterns(count: usize, len: usize) -> Vec<String> {
    (0..count).map(|index| pattern(index, len)).collect()
}

/// Waits for a process to end; kills it, and fails, when it does not.
pub(crate) fn wait_for_end(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + patience();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().expect("a child can be killed");
            panic!("it did not end in {:?}", patience());
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// A cgroup (v2) of its own, removed at the end.
#[derive(Debug)]
pub(crate) struct Cgroup(PathBuf);

impl Cgroup {
    pub(crate) fn create() -> Option<Self> {
        let path = cgroup2_root()?.join(format!("execsnoop-{}", mark()));
        fs::create_dir(&path).ok()?;
        Some(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// Where the v2 hierarchy is mounted.
pub(crate) fn cgroup2_root() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mut fields = mounts.lines().map(|line| line.split(' '));
    fields.find_map(|mut line| {
        let path = line.nth(1)?;
        (line.next() == Some("cgroup2")).then(|| PathBuf::from(path))
    })
}
