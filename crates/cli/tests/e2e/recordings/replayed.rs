//! What a replay shows: what the live trace would have shown.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use super::recorded;
use crate::Case;
use crate::support::cgroups::Group;
use crate::support::cgroups::id;
use crate::support::execsnoop;
use crate::support::output_reader::Trace;
use crate::support::public_dir;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Setpriv;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::UnifiedCgroups;
use crate::support::requirements::Need::Unshare;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::subject;
use crate::support::text;

/// Replays, and expects success.
#[track_caller]
pub(super) fn replay(path: &Path, options: &[&str]) -> Trace {
    run(&[], &[&["replay", text(path)], options].concat()).expect_success()
}

/// A script with failures, a search along PATH, a daemon, a signal and a status.
const SCRIPT: &str = "/bin/true plain; PATH=/nonexistent:/usr/bin:/bin env true searched; \
     nosuchcommand 2>/dev/null; (sleep 0.05 &); sh -c 'exit 3'; sh -c 'kill -9 $$'; sleep 0.2";

/// Fields that each tracer measures itself: the moment of an event and what follows from it.
const MEASURED: [&str; 4] = ["time", "lifetime_ns", "exec_lifetime_ns", "cpu"];

/// What each estimates itself, if the process is not reaped.
const ESTIMATED: [&str; 3] = ["cpu_ns", "user_ns", "system_ns"];

/// A recorder and a live trace beside it see the same.
fn the_same_as_live() {
    let dir = public_dir();
    let file = dir.path().join("one.jsonl.zst");
    let options = [
        "-d",
        "-x",
        "--events",
        "exec,fork",
        "--ancestors",
        "--format",
        "json",
    ];
    let recorder = Tracer::record(&["-x", "-o", text(&file)]);
    let live = Tracer::start(&options);
    let status = Command::new("sh")
        .args(["-c", SCRIPT])
        .stderr(Stdio::null())
        .status();
    status.expect("a shell");
    let marker = subject(&["noop"]).pid;
    std::thread::sleep(std::time::Duration::from_millis(300));
    let live = live.stop();
    recorder.stop();
    let played = replay(&file, &options);
    let expected = lives_until(&live, marker);
    let found = lives_until(&played, marker);
    assert!(expected.len() > 20, "{} records", expected.len());
    for record in &expected {
        assert!(found.contains(record), "{record} is missing or another");
    }
}

/// The records of the processes that this test started, without what each tracer measures.
fn lives_until(trace: &Trace, marker: u32) -> Vec<Value> {
    let records = trace.json();
    let is_marker = |record: &&Value| record["ns_pid"] == marker && record["type"] == "exec";
    let own = records.iter().find(is_marker).expect("the marker")["ppid"].clone();
    let is_own = |record: &Value| {
        let ancestors = record["ancestors"].as_array();
        ancestors.is_some_and(|all| all.iter().any(|one| one["pid"] == own))
    };
    let own = records.into_iter().filter(is_own);
    own.map(|mut record| {
        let fields = record.as_object_mut().expect("an object");
        let is_estimated = fields.get("cpu_exact") == Some(&false.into());
        let estimated = ESTIMATED.iter().filter(|_| is_estimated);
        for name in MEASURED.iter().chain(estimated) {
            fields.remove(*name);
        }
        record
    })
    .collect()
}

/// Each format plays the same lives, and so does a pipe.
fn formats_and_pipes() {
    let dir = public_dir();
    let file = recorded(dir.path(), &["-x"], &["sh", "-c", SCRIPT]);
    let json = replay(&file, &["-d", "--format", "json"]);
    let lives = json.of_type("process").len();
    assert!(lives >= 6, "{lives}");
    assert_eq!(json.accounting().shown, lives as u64);
    let csv = replay(&file, &["-d", "--format", "csv"]);
    assert_eq!(csv.lines().count(), lives + 1);
    let table = replay(&file, &["-d"]);
    assert_eq!(table.lines().count(), lives + 1);
    let folded = replay(&file, &["--fold"]);
    assert!(folded.text().contains("tries>"), "{}", folded.text());
    let failed = replay(&file, &["-d", "--failed", "--format", "json"]);
    let codes = failed.of_type("process");
    assert!(codes.iter().any(|life| life["code"] == 3));
    assert!(codes.iter().all(|life| life["code"] != 0));
    let piped = "cat \"$1\" | \"$0\" replay - -d --format json";
    let unpacked = "zstdcat \"$1\" | \"$0\" replay -d --format json -";
    for script in [piped, unpacked] {
        let output = Command::new("sh")
            .args(["-c", script])
            .arg(execsnoop())
            .arg(&file)
            .output();
        let output = output.expect("a shell");
        assert_eq!(output.stdout, json.stdout, "{script}");
    }
}

/// A stream from a recorder plays while it is written.
fn a_stream() {
    let script = "(\"$0\" record -o - --duration 2s & sleep 0.7; sh -c 'exit 7'; wait) |
        \"$0\" replay - -d --format json";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(execsnoop())
        .output();
    let output = output.expect("a shell");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("\"code\":7"), "{stdout}");
}

/// A part of a recording: what is before and after it is not shown.
fn a_part() {
    let dir = public_dir();
    let script = "for i in 1 2 3; do /bin/true part$i; sleep 0.3; done";
    let file = recorded(dir.path(), &[], &["sh", "-c", script]);
    let all = replay(&file, &["--format", "json", "-l", "part"]).execs();
    let times: Vec<&str> = all
        .iter()
        .filter_map(|exec| exec["time"].as_str())
        .collect();
    let [.., second, third] = times[..] else {
        panic!("three execs: {times:?}");
    };
    let part = replay(
        &file,
        &[
            "--format",
            "json",
            "-l",
            "/bin/true part",
            "--since",
            second,
        ],
    );
    assert_eq!(part.execs().len(), 2);
    let options = [
        "--format",
        "json",
        "-l",
        "/bin/true part",
        "--since",
        second,
        "--until",
        second,
    ];
    let part = replay(&file, &options).execs();
    assert_eq!(part.len(), 1);
    assert_eq!(part[0]["args"][1], "part2");
    let none = replay(&file, &["--until", "-1h"]);
    assert_eq!(none.lines().count(), 1, "the header only: {}", none.text());
    assert_ne!(second, third);
}

/// A cut file plays what is whole, says where it ends, and exits with 1.
fn a_cut_file() {
    let dir = public_dir();
    let file = recorded(dir.path(), &[], &["sh", "-c", SCRIPT]);
    let bytes = fs::read(&file).expect("it is there");
    fs::write(&file, &bytes[..bytes.len() - 100]).expect("it is ours");
    let trace = run(&[], &["replay", text(&file), "-d"]);
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert!(trace.stderr.contains("one.jsonl.zst"), "{}", trace.stderr);
    fs::write(&file, b"this is no recording").expect("it is ours");
    let trace = run(&[], &["replay", text(&file), "-d"]);
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert!(
        trace.stderr.contains("not part of a recording"),
        "{}",
        trace.stderr
    );
    let missing = run(&[], &["replay", "/nonexistent.jsonl.zst"]);
    assert_eq!(missing.status.code(), Some(1), "{}", missing.stderr);
    assert!(
        missing.stderr.contains("/nonexistent.jsonl.zst"),
        "{}",
        missing.stderr
    );
}

/// A recording of a version to come is refused, with its number.
fn a_newer_format() {
    let dir = public_dir();
    let file = recorded(dir.path(), &[], &["true"]);
    let unpacked = Command::new("zstdcat")
        .arg(&file)
        .output()
        .expect("zstdcat");
    let text_of_it = String::from_utf8(unpacked.stdout).expect("UTF-8");
    fs::write(&file, text_of_it.replace("\"format\":1,", "\"format\":99,")).expect("it is ours");
    let trace = run(&[], &["replay", text(&file)]);
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert!(trace.stderr.contains("version 99"), "{}", trace.stderr);
}

/// A recording that is being written is no error.
fn while_it_is_written() {
    let dir = public_dir();
    let directory = dir.path().join("recordings");
    let recorder = Tracer::record(&["-o", text(&directory)]);
    let pid = subject(&["noop"]).pid;
    std::thread::sleep(std::time::Duration::from_millis(1300));
    let trace = replay(&directory, &["--format", "json"]);
    assert!(!trace.execs_of(pid).is_empty(), "{}", trace.stderr);
    recorder.stop();
}

/// Without privileges.
fn as_anybody() {
    let dir = public_dir();
    let file = recorded(dir.path(), &[], &["true", "anybody"]);
    let shared = dir.path().join("shared.jsonl.zst");
    fs::copy(&file, &shared).expect("a copy");
    let chmod = Command::new("chmod").args(["644", text(&shared)]).status();
    assert!(chmod.expect("chmod").success());
    let wrapper = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let trace = run(&wrapper, &["replay", text(&shared)]).expect_success();
    assert!(trace.text().contains("anybody"), "{}", trace.text());
    let trace = run(&wrapper, &["replay", text(&file)]);
    assert_eq!(trace.status.code(), Some(1));
    assert!(
        trace.stderr.contains("Permission denied"),
        "{}",
        trace.stderr
    );
}

/// Recordings of two machines: each record names its own, and their processes do not mix.
fn two_hosts() {
    let dir = public_dir();
    let here = recorded(dir.path(), &[], &["true", "here"]);
    let there = dir.path().join("there.jsonl.zst");
    let script = "hostname elsewhere && exec \"$@\"";
    let wrapper = ["unshare", "-u", "sh", "-c", script, "sh"];
    let cmd = ["record", "-o", text(&there), "--", "true", "there"];
    run(&wrapper, &cmd).expect_success();
    let trace = run(
        &[],
        &["replay", text(&there), text(&here), "--format", "json"],
    );
    let execs = trace.expect_success().execs();
    let hosts: Vec<_> = execs
        .iter()
        .map(|exec| (&exec["args"][1], &exec["host"]))
        .collect();
    assert_eq!(hosts.len(), 2, "{hosts:?}");
    assert_eq!(hosts[0].0, "here", "in the order of time");
    assert_eq!(hosts[1], (&"there".into(), &"elsewhere".into()));
    let alone = replay(&here, &["--format", "json"]).execs();
    assert!(alone[0].get("host").is_none());
}

/// The end of a process whose exec was recorded is recorded, and others leave no trace.
fn filtered() {
    let dir = public_dir();
    let file = recorded(
        dir.path(),
        &["-l", "wanted"],
        &["sh", "-c", "/bin/true wanted; /bin/true other"],
    );
    let lives = replay(&file, &["-d", "--format", "json"]).of_type("process");
    let lines: Vec<_> = lives.iter().map(|life| life["args"].to_string()).collect();
    assert!(
        lines
            .iter()
            .any(|line| line == "[\"/bin/true\",\"wanted\"]"),
        "{lines:?}"
    );
    assert!(
        lines.iter().all(|line| line.contains("wanted")),
        "{lines:?}"
    );
}

/// A container is found again by its cgroup.
fn containers() {
    let id = id();
    let cgroup = Group::telling(&format!("/docker/{id}"));
    let dir = public_dir();
    let file = dir.path().join("one.jsonl.zst");
    let recorder = Tracer::record(&["-o", text(&file)]);
    let status = cgroup.command(&["true", "contained"]).status();
    assert!(status.expect("a command").success());
    recorder.stop();
    let trace = replay(&file, &["--container", &id[..12], "--format", "json"]);
    let execs = trace.execs();
    assert!(
        execs.iter().any(|exec| exec["args"][1] == "contained"),
        "{execs:?}"
    );
    assert!(
        execs
            .iter()
            .all(|exec| exec["container"]["runtime"] == "docker")
    );
    cgroup.remove();
}

/// A process that began in the recording, with its descendants.
fn of_a_process() {
    let dir = public_dir();
    let script = "sh -c '/bin/true inner; /bin/true inner2'; /bin/true outer";
    let file = recorded(dir.path(), &[], &["sh", "-c", script]);
    let execs = replay(&file, &["--format", "json"]).execs();
    let is_inner = |exec: &&Value| {
        exec["args"][2]
            .as_str()
            .is_some_and(|it| it.contains("inner2"))
    };
    let inner = execs
        .iter()
        .filter(is_inner)
        .map(|exec| exec["pid"].to_string())
        .next_back();
    let inner = inner.expect("the inner shell");
    let own = std::process::id().to_string(); // it existed before
    for (options, shown) in [
        (&["-p", &inner][..], 3),
        (&["-p", &own, "-l", "^/bin/true outer"], 1),
    ] {
        let options = [options, &["--format", "json"]].concat();
        assert_eq!(replay(&file, &options).execs().len(), shown, "{options:?}");
    }
    let trace = run(&[], &["replay", text(&file), "-p", "4000000"]).expect_success();
    assert!(trace.stderr.contains("--pid 4000000"), "{}", trace.stderr);
}

/// A limit, an output that is the input, the same recording twice: the account adds up, and nothing
/// is lost.
fn odd_requests() {
    let dir = public_dir();
    let file = recorded(dir.path(), &[], &["sh", "-c", SCRIPT]);
    let bytes = fs::read(&file).expect("it is there");
    let all = replay(&file, &["-d"]).accounting();
    let limited = replay(&file, &["-d", "--count", "2"]);
    assert_eq!(limited.accounting().shown, 2);
    assert!(
        !limited.stderr.contains("does not add up"),
        "{}",
        limited.stderr
    );
    let trace = run(&[], &["replay", text(&file), text(&file), "-d"]).expect_success();
    assert_eq!(trace.accounting().shown, all.shown);
    assert!(
        trace.stderr.contains("the same recording"),
        "{}",
        trace.stderr
    );
    let trace = run(&[], &["replay", text(&file), "-o", text(&file)]);
    assert_eq!(trace.status.code(), Some(2), "{}", trace.stderr);
    assert_eq!(fs::read(&file).expect("it is there"), bytes);
    let trace = run(&[], &["replay", text(&file), "--failed"]);
    assert_eq!(trace.status.code(), Some(2), "{}", trace.stderr);
}

/// Real time.
fn in_real_time() {
    let dir = public_dir();
    let script = "true; sleep 1; true";
    let file = recorded(dir.path(), &[], &["sh", "-c", script]);
    let begun = std::time::Instant::now();
    replay(&file, &["--speed", "2"]);
    assert!(begun.elapsed().as_millis() >= 450, "{:?}", begun.elapsed());
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            the_same_as_live, formats_and_pipes, a_stream, a_part, a_cut_file, a_newer_format,
            while_it_is_written, filtered, in_real_time, of_a_process, odd_requests,
        ];
        [Tracing, Root, Setpriv] => [as_anybody];
        [Tracing, Unshare] => [two_hosts];
        [Tracing, UnifiedCgroups] => [containers];
    ]
}
