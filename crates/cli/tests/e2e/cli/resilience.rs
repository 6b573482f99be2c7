//! What the tracer survives: readers that are stuck or gone, limits, ends that come early.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::Case;
use crate::support::output_reader::args;
use crate::support::public_dir;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::command;
use crate::support::run::kill_process;
use crate::support::run::run;
use crate::support::run::trace_command;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_for_end;
use crate::support::wait_until;
use crate::support::workload;

/// Runs what follows with a standard error that cannot be written to.
const FULL_STDERR: [&str; 4] = ["sh", "-c", "exec \"$@\" 2>/dev/full", "sh"];

/// Messages that cannot be written change neither the outcome nor a command's status.
fn full_standard_error() {
    let trace = run(&FULL_STDERR, &["--duration", "1ms"]);
    assert_eq!(trace.status.code(), Some(0));
    let trace = run(&FULL_STDERR, &["--", "sh", "-c", "exit 3"]);
    assert_eq!(trace.status.code(), Some(3));
    let trace = run(
        &FULL_STDERR,
        &["-o", "/dev/null", "--", "nonexistent-program"],
    );
    assert_eq!(trace.status.code(), Some(127));
}

/// The trace of a command can end before the command; its status is awaited.
fn duration_with_a_command() {
    let begin = Instant::now();
    let script = "sleep 0.6; /bin/true late; exit 3";
    let trace = trace_command(&["--duration", "100ms"], &["sh", "-c", script]);
    assert_eq!(trace.status.code(), Some(3));
    assert!(begin.elapsed() >= Duration::from_millis(600));
    assert!(
        !trace.text().lines().any(|line| line.ends_with("true late")),
        "{}",
        trace.text()
    );
    assert_eq!(trace.accounting().shown, 2, "sh and sleep");
}

/// The same by a number of events.
fn count_with_a_command() {
    let script = "/bin/true; sleep 0.2; /bin/true; exit 4";
    let trace = trace_command(&["--count", "1"], &["sh", "-c", script]);
    assert_eq!(trace.status.code(), Some(4));
    assert_eq!(trace.accounting().shown, 1);
}

/// Traces a storm for a reader that takes nothing, until `end`. The status and what is said.
fn with_stuck_reader(options: &[&str], end: impl FnOnce(u32)) -> (Option<i32>, String) {
    let dir = public_dir();
    let (ready, errors) = (dir.path().join("ready"), dir.path().join("stderr"));
    let stderr = fs::File::create(&errors).expect("a file");
    let always = ["--format", "json", "--ready-file", text(&ready)];
    let mut child = command(&[], &[&always, options].concat())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .expect("execsnoop can be executed");
    wait_until("the tracer is ready", || ready.exists());
    subject(&["storm", "1000"]); // some 300 KB: more than a pipe takes
    thread::sleep(Duration::from_millis(200));
    end(child.id());
    let status = wait_for_end(&mut child);
    (status.code(), fs::read_to_string(errors).expect("messages"))
}

#[track_caller]
fn check_stuck(status: Option<i32>, said: &str) {
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("lost 0"), "{said}");
    assert!(!said.contains("discarded 0"), "{said}");
    assert!(said.contains("lines were not written"), "{said}");
    assert!(said.contains("whose reader takes nothing"), "{said}");
}

/// A reader that takes nothing cannot keep the tracer from ending, and the account says what it
/// missed.
fn stuck_reader() {
    let (status, said) = with_stuck_reader(&[], |pid| kill_process(pid, Signal::SIGTERM));
    check_stuck(status, &said);
}

/// The same when the time is over.
fn stuck_reader_with_a_duration() {
    let (status, said) = with_stuck_reader(&["--duration", "2s"], |_| {});
    check_stuck(status, &said);
    // The rate is over the whole time, also that in which nothing was read.
    let words: Vec<&str> = said.split_whitespace().collect();
    let before = |word: &str| {
        words
            .iter()
            .position(|it| *it == word)
            .map(|at| words[at - 1])
    };
    let rate: f64 = before("execs/s")
        .and_then(|it| it.parse().ok())
        .expect(&said);
    let seen: f64 = before("=").and_then(|it| it.parse().ok()).expect(&said);
    assert!(rate < seen / 1.9, "{said}");
}

/// A reader that is only slow gets everything.
fn slow_reader() {
    let pipe = "\"$@\" | { sleep 1; cat; }";
    let storm = [text(&workload()), "storm", "1000"].map(str::to_owned);
    let wrapper = ["sh", "-c", pipe, "sh"];
    let words = ["--format", "json", "-o", "/proc/self/fd/1", "--"];
    let storm: Vec<&str> = storm.iter().map(String::as_str).collect();
    let trace = run(&wrapper, &[&words[..], &storm].concat());
    assert_eq!(trace.status.code(), Some(0));
    let noops = trace
        .lines()
        .filter(|line| line.contains("\"noop\""))
        .count();
    assert_eq!(noops, 1000);
    assert_eq!(trace.accounting().discarded, 0);
}

/// Under nohup, a hang-up ends nothing.
fn hang_up_is_ignored_under_nohup() {
    let tracer = Tracer::start_behind(&["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"], &[]);
    tracer.signal(Signal::SIGHUP);
    thread::sleep(Duration::from_millis(200));
    let pid = subject(&["exit", "0"]).pid;
    let trace = tracer.stop();
    assert!(
        trace
            .text()
            .lines()
            .any(|line| line.starts_with(&pid.to_string()))
    );
}

/// What a file held is only given up when tracing has begun.
fn an_old_trace_is_kept() {
    let dir = public_dir();
    let file = dir.path().join("trace");
    fs::write(&file, "an old trace").expect("writable");
    let trace = run(&[], &["-o", text(&file), "--cgroup", "/sys/kernel"]);
    assert_eq!(trace.status.code(), Some(1));
    assert_eq!(
        fs::read_to_string(&file).expect("still there"),
        "an old trace"
    );
    run(&[], &["-o", text(&file), "--duration", "1ms"]);
    assert!(!fs::read_to_string(&file).expect("there").contains("old"));
}

/// 70,000 arguments of a failed exec: as many as a glob may give.
fn failed_exec_of_70_000_arguments() {
    let tracer = Tracer::json(&["-x"]);
    let pid = subject(&["fail-many", "70000"]).pid;
    let exec = tracer.stop().second_exec_of(pid);
    assert_eq!(args(&exec).len(), 70_000);
}

/// The path of a file 100 directories deep is right; of one 300 deep it is not known, and not
/// wrong.
fn deep_paths() {
    for (depth, known) in [(100, true), (300, false)] {
        let dir = public_dir();
        let deep = (0..depth).fold(dir.path().to_owned(), |path, _| path.join("d"));
        fs::create_dir_all(&deep).expect("directories");
        let program = deep.join("program");
        fs::copy(workload(), &program).expect("a copy");
        let tracer = Tracer::json(&[]);
        let pid = run_subject(std::process::Command::new(&program).args(["exit", "0"])).pid;
        let trace = tracer.stop();
        let execs = trace.execs_of(pid);
        let expected = known.then(|| text(&program)).into();
        let exe: &serde_json::Value = &execs[0]["exe"];
        let expected: serde_json::Value = expected;
        assert_eq!(exe, &expected, "{depth} directories");
    }
}

/// When only failures are shown, a walk that ends in success is one line for its failures.
fn folded_walk_without_successes() {
    let path = "PATH=/nonexistent/a:/nonexistent/b:/usr/bin:/bin";
    let options = ["--fold", "--events", "failed", "--format", "json"];
    let trace = trace_command(&options, &["env", path, "true", "folded"]).expect_success();
    let folded = trace.execs_with("folded");
    let walk = folded.last().expect("the walk that ended with true");
    assert_eq!(walk["ret"], 0);
    assert!(walk["tries"].as_u64() >= Some(3), "{walk}");
    assert!(
        !trace.stderr.contains("does not add up"),
        "{}",
        trace.stderr
    );
    let account = trace.accounting();
    assert_eq!(
        account.filtered + account.lost + account.discarded,
        0,
        "{account:?}"
    );
}

/// A walk along PATH is one line, with the number of tries; and each try is in the account.
fn folded_walk() {
    let path = "PATH=/nonexistent/1:/nonexistent/2:/usr/bin:/bin";
    let options = ["--fold", "--format", "json"];
    let trace = trace_command(&options, &["env", path, "true", "folded"]);
    let folded = trace.execs_with("folded");
    let walk = folded.last().expect("the exec of true");
    assert_eq!(walk["ret"], 0);
    assert!(
        walk["tries"].as_u64() >= Some(3),
        "two directories are missing: {walk}"
    );
    let tries: u64 = trace
        .execs()
        .iter()
        .filter_map(|exec| exec["tries"].as_u64())
        .sum();
    assert_eq!(trace.accounting().shown, tries);
}

/// Exit records have ancestors, even if no processes are shown.
fn ancestors_of_ends() {
    let options = ["--events", "exit", "--ancestors=2", "--format", "json"];
    let trace = trace_command(&options, &["sh", "-c", "/bin/true; exit 0"]);
    let ends = trace.of_type("exit");
    let end = ends
        .iter()
        .find(|end| end["comm"] == "true")
        .expect("the end of true");
    assert_eq!(end["ancestors"][0]["comm"], "sh", "{end}");
    assert_eq!(end["ancestors"].as_array().map(Vec::len), Some(2));
    assert!(end["exec_lifetime_ns"].is_u64(), "{end}");
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            full_standard_error, duration_with_a_command, count_with_a_command, stuck_reader, stuck_reader_with_a_duration,
            slow_reader, hang_up_is_ignored_under_nohup, an_old_trace_is_kept,
            failed_exec_of_70_000_arguments, deep_paths, folded_walk,
            folded_walk_without_successes, ancestors_of_ends,
        ];
    ]
}
