//! What a program can be made into.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use crate::Case;
use crate::needs::Need;
use crate::sources::file;
use crate::support::object;
use crate::support::run;
use crate::support::text;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Need::Clang] => [objects_stay_as_they_are, objects_have_no_source];
        [Need::Tracing] => [c_of_both_dialects, folders_that_hold_something];
        // Slow: it compiles libbpf, unless that is in the target folder already.
        [Need::Tracing, Need::SyscallTracepoints, Need::Cargo] => [a_crate_that_runs];
    ]
}

/// What is an object already comes out as it went in.
fn objects_stay_as_they_are() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (given, copy) = (object("ring"), dir.path().join("copy.o"));
    run(&[text(&given), "--emit", "object", "-o", text(&copy)]).fine();
    assert!(fs::read(&given).expect("there") == fs::read(&copy).expect("there"));
}

/// From an object there is no way back.
fn objects_have_no_source() {
    for what in ["c", "skeleton"] {
        let outcome = run(&[text(&object("ring")), "--emit", what]);
        assert_eq!(outcome.code, Some(2));
        assert!(
            outcome.stderr.contains("needs the C file"),
            "{}",
            outcome.stderr
        );
    }
}

/// BCC's dialect is translated, libbpf's stays what it was.
fn c_of_both_dialects() {
    let outcome = run(&[text(&file("execargs.c")), "--emit", "c"]).fine();
    for word in [
        "SEC(\"tracepoint/syscalls/sys_enter_execve\")",
        "bpf_perf_event_output",
    ] {
        assert!(outcome.stdout.contains(word), "{}", outcome.stdout);
    }
    let outcome = run(&[text(&file("execargs.bpf.c")), "--emit", "c"]).fine();
    let source = fs::read_to_string(file("execargs.bpf.c")).expect("it is there");
    assert!(outcome.stdout.starts_with(&source), "{}", outcome.stdout);
}

/// Nothing is written over.
fn folders_that_hold_something() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("precious"), "").expect("it can be written");
    let source = file("execargs.c");
    let outcome = run(&[text(&source), "--emit", "skeleton", "-o", text(dir.path())]);
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.contains("is not empty"),
        "{}",
        outcome.stderr
    );
    let outcome = run(&[text(&source), "--emit", "skeleton"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("-o"), "{}", outcome.stderr);
}

/// A crate in an empty folder: it builds, and shows what is executed.
fn a_crate_that_runs() {
    for source in ["execargs.c", "execargs.bpf.c"] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let folder = dir.path().join("tracer");
        run(&[
            text(&file(source)),
            "--emit",
            "skeleton",
            "-o",
            text(&folder),
        ])
        .fine();
        build(&folder);
        let shown = trace_with(&target().join("debug/tracer"));
        assert!(
            shown.contains("/bin/true marked by us"),
            "{source}: {shown}"
        );
        assert!(shown.contains("COMM"), "{source}: {shown}");
    }
}

/// Where cargo puts what it builds for these tests: what it has built already is used again.
fn target() -> &'static Path {
    let tests = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tests.parent().expect("the target folder")
}

fn build(folder: &Path) {
    // The versions that the workspace uses are there already.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    fs::copy(lock, folder.join("Cargo.lock")).expect("it can be copied");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--target-dir"])
        .arg(target())
        .current_dir(folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("cargo runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(!stderr.contains("warning: unused"), "{stderr}");
}

/// What a tracer prints while programs are executed.
fn trace_with(tracer: &Path) -> String {
    let mut child = Command::new(tracer)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be executed");
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(100));
        let args = ["marked", "by", "us"];
        let status = Command::new("/bin/true").args(args).status();
        assert!(status.expect("true runs").success());
    }
    std::thread::sleep(Duration::from_millis(300));
    child.kill().expect("it is there");
    let output = child.wait_with_output().expect("it is our child");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
