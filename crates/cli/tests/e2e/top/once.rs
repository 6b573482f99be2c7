//! `top` that prints once: its formats, its end, hostile names.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::Case;
use crate::support::mark;
use crate::support::public_dir;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::run::trace_command;
use crate::support::text;
use crate::support::workload;

/// Into a file, top prints once, and ends by itself; the whole of a command's run if there is one.
fn ends_by_itself() {
    let trace = Tracer::start(&["top", "--window", "500ms"])
        .wait()
        .expect_success();
    let text = String::from_utf8(trace.stdout.clone()).expect("text");
    assert!(text.contains("0.5 s on "), "{text}");
    assert!(
        text.contains("CPU%") && text.contains("(long-lived)"),
        "{text}"
    );
    let command = [
        text_of(&workload()),
        "fork-children".to_owned(),
        "5".to_owned(),
    ];
    let trace = trace_command(&["top", "--format", "json"], &command).expect_success();
    let ranking: Value = serde_json::from_slice(&trace.events).expect("one JSON object");
    let all = ranking["short_lived"]["processes"].as_u64();
    assert_eq!(all, Some(6), "{ranking:#}");
    assert!(ranking["long_lived_percent"].is_number());
}

fn text_of(path: &std::path::Path) -> String {
    text(path).to_owned()
}

/// The same numbers in each format.
fn formats() {
    let command = [
        text_of(&workload()),
        "lives".to_owned(),
        "exec".to_owned(),
        "5".to_owned(),
        "noop".to_owned(),
    ];
    let run = |options: &[&str]| {
        let options = [&["top"], options].concat();
        let trace = trace_command(&options, &command).expect_success();
        String::from_utf8(trace.events).expect("text")
    };
    let csv = run(&["--format", "csv", "--by", "program"]);
    assert!(
        csv.starts_with("name,pid,owner,started_by,program,cpu_percent"),
        "{csv}"
    );
    assert!(
        csv.lines()
            .skip(1)
            .any(|line| line.starts_with("workload,")),
        "{csv}"
    );
    let json: Value =
        serde_json::from_str(&run(&["--format", "json", "--by", "user"])).expect("JSON");
    assert_eq!(json["by"], "user");
    let rows = json["rows"].as_array().expect("rows");
    let sum: u64 = rows.iter().filter_map(|row| row["cpu_ns"].as_u64()).sum();
    assert_eq!(Some(sum), json["short_lived"]["cpu_ns"].as_u64());
    let few = run(&["--rows", "0"]);
    assert!(few.contains("more row"), "{few}");
}

/// Escape sequences, long arguments, wide and invisible characters do no harm, in any format.
fn hostile_names() {
    let dir = public_dir();
    let name = "\u{1b}[31m\u{4e16}\u{202e}x\n";
    let program = dir.path().join(name);
    fs::copy(workload(), &program).expect("the workload can be copied");
    let long = "\u{1b}]0;title\u{7}".repeat(10_000);
    let mark = mark();
    for by in ["culprit", "program", "command", "parent"] {
        let tracer = Tracer::start(&["top", "--once", "1s", "--by", by, "--rows", "1000"]);
        let status = Command::new(&program).args(["noop", &mark, &long]).status();
        assert!(status.expect("it can be executed").success());
        let trace = tracer.wait().expect_success();
        let text = String::from_utf8(trace.stdout).expect("UTF-8");
        let is_harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(is_harmful), "{text:?}");
        assert!(text.contains("x1b[31m"), "{by}: {text}");
        assert!(text.lines().all(|line| line.len() < 3000));
    }
}

/// Secrets are masked where the ranking does not go to a terminal.
fn secrets() {
    let command = [
        text_of(&workload()),
        "noop".to_owned(),
        "--password=hunter2".to_owned(),
    ];
    let run = |redact: &str| {
        let options = ["top", "--by", "command", "--redact", redact];
        let trace = trace_command(&options, &command).expect_success();
        String::from_utf8(trace.events).expect("text")
    };
    assert!(!run("auto").contains("hunter2"));
    assert!(run("off").contains("hunter2"));
}

/// Options about single events are refused, with the reason.
fn refused_options() {
    for options in [
        &["--events", "fork"][..],
        &["--fold"],
        &["--max-lifetime", "0s"],
    ] {
        let trace = run(&[], &[&["top"], options].concat());
        assert_eq!(trace.status.code(), Some(2), "{options:?}");
        assert!(trace.stderr.contains(options[0]), "{}", trace.stderr);
    }
}

/// Failed execs are counted with -x, and unknown without it.
fn failed_execs() {
    let command = [text_of(&workload()), "fail-many".to_owned()];
    let count = |options: &[&str]| {
        let options = [&["top", "--format", "json"], options].concat();
        let trace = trace_command(&options, &command).expect_success();
        let ranking: Value = serde_json::from_slice(&trace.events).expect("one JSON object");
        ranking["failed_execs"].as_u64()
    };
    assert_eq!(count(&[]), None);
    assert!(count(&["-x"]).is_some_and(|count| count > 0));
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            ends_by_itself, failed_execs, formats, hostile_names, refused_options, secrets
        ];
    ]
}
