//! Whole processes: which there are, how they are shown, and that all are counted.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::Case;
use crate::events::storm::Storm;
use crate::events::storm::check_numbers;
use crate::support::STRANGER;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::patience;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::trace_command;
use crate::support::scaled;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_until;
use crate::support::wait4_oracle::check_whole;
use crate::support::wait4_oracle::settle;
use crate::support::wait4_oracle::the_record;
use crate::support::workload;

const JSON: &[&str] = &["--format", "json"];

/// Runs a case of the workload, however it ends.
fn run_case(case: &[&str]) {
    let status = Command::new(workload()).args(case).status();
    status.expect("the subject can be executed");
}

/// Runs `execsnoop OPTIONS -- workload CASE` to its end.
fn trace_workload(options: &[&str], case: &[&str]) -> Trace {
    let workload = workload();
    trace_command(
        &[JSON, options].concat(),
        &[&[text(&workload)], case].concat(),
    )
}

/// The records of a type that have this argument.
fn with_mark(trace: &Trace, name: &str, mark: &str) -> Vec<Value> {
    let mut records = trace.of_type(name);
    let has = |record: &Value| {
        let args = record["args"].as_array();
        args.is_some_and(|args| args.iter().any(|arg| arg == mark))
    };
    records.retain(has);
    records
}

/// An ordinary process: its image, its user, its duration.
fn plain_life() {
    let mark = mark();
    let tracer = Tracer::json(&["-d"]);
    let begin = Instant::now();
    let pid = subject(&["sleep", "50", &mark]).pid;
    let elapsed = begin.elapsed();
    settle();
    let trace = tracer.stop();
    check_whole(&trace);
    let life = the_record(&trace, "process", pid.into());
    assert_eq!(
        life["args"],
        json!([text(&workload()), "sleep", "50", mark])
    );
    for (field, expected) in [
        ("exe", Value::from(text(&workload()))),
        ("filename", text(&workload()).into()),
        ("comm", "workload".into()),
        ("uid", nix::unistd::getuid().as_raw().into()),
        ("execs", 1.into()),
        ("exit", "exited".into()),
        ("code", 0.into()),
    ] {
        assert_eq!(life[field], expected, "{field}");
    }
    assert_eq!(life["creator_id"], life["parent_id"]);
    let lasted = |field: &str| Duration::from_nanos(life[field].as_u64().expect("a number"));
    assert!(lasted("exec_lifetime_ns") >= Duration::from_millis(50));
    assert!(lasted("exec_lifetime_ns") < lasted("lifetime_ns"));
    assert!(lasted("lifetime_ns") <= elapsed);
    assert_eq!(
        trace.execs(),
        Vec::<Value>::new(),
        "-d shows processes alone"
    );
}

/// Who never calls exec has a life as well, and is what its creator was.
fn forks_without_exec() {
    let tracer = Tracer::json(&["-d"]);
    let creator = subject(&["fork-children", "20"]);
    settle();
    let trace = tracer.stop();
    let parent = the_record(&trace, "process", creator.pid.into());
    for pid in creator.json().as_array().expect("a list") {
        let life = the_record(&trace, "process", pid.as_u64().expect("a number"));
        assert_eq!((&life["execs"], &life["code"]), (&0.into(), &0.into()));
        assert_eq!(life["exec_lifetime_ns"], Value::Null);
        for field in ["args", "exe", "comm", "uid", "cgroup_id"] {
            assert_eq!(life[field], parent[field], "{field}");
        }
        assert_eq!(life["creator_id"], parent["id"]);
    }
}

/// Of several execs, the last one's image is the life's.
fn last_image() {
    let tracer = Tracer::json(&["-d"]);
    let pid = subject(&["argv", "3"]).pid;
    settle();
    let life = the_record(&tracer.stop(), "process", pid.into());
    assert_eq!(
        (&life["execs"], &life["args"]),
        (&2.into(), &json!(["0-", "1-", "2-"]))
    );
}

/// What outlives the command is shown too, without an end.
fn outlives_the_command() {
    let begin = Instant::now();
    let sleep = (patience().as_millis() * 2).to_string();
    let trace = trace_workload(&["-d"], &["leave-child", &sleep]).expect_success();
    assert!(begin.elapsed() < patience(), "nobody waits for it");
    let processes = trace.of_type("process");
    assert_eq!(processes.len(), 2, "{processes:?}");
    let is_alive = |process: &&Value| process["exit"].is_null();
    let alive = processes.iter().find(is_alive).expect("one of them lives");
    let ended = processes.iter().find(|process| !is_alive(process));
    let ended = ended.expect("the command has ended");
    assert_eq!(alive["creator_id"], ended["id"]);
    for field in ["code", "signal", "lifetime_ns", "cpu_ns", "cpu_exact"] {
        assert_eq!(alive[field], Value::Null, "{field}");
    }
    assert_eq!(
        (&ended["exit"], &ended["code"]),
        (&"exited".into(), &0.into())
    );
    assert_eq!(trace.accounting().shown, 1, "one end");
    crate::support::run::kill_process(
        u32::try_from(alive["ns_pid"].as_u64().expect("a number")).expect("pids are small"),
        nix::sys::signal::Signal::SIGKILL,
    );
}

/// The last images of a storm: each of its lives.
fn lives_of_storm(storm: &Storm, trace: &Trace) -> Vec<Value> {
    let mut lives = trace.of_type("process");
    lives.retain(|life| life["filename"] == text(storm.program()) && life["args"][0] == "noop");
    lives
}

/// Every life of a storm is there once, whole and exact.
fn storm_of_5000() {
    let storm = Storm::new();
    let count = scaled(5000, 500);
    let tracer = Tracer::json(&["-d"]);
    storm.run(&["storm", &count.to_string(), "2"]);
    settle();
    let trace = tracer.stop();
    check_whole(&trace);
    assert_eq!(
        trace.accounting().shown,
        trace.of_type("process").len() as u64
    );
    let lives = lives_of_storm(&storm, &trace);
    check_numbers(&lives, 2, count / 2);
    let ids: BTreeSet<String> = lives.iter().map(|life| life["id"].to_string()).collect();
    assert_eq!(ids.len(), count);
    // A kernel that saves power frees the last ones of a CPU late (CONFIG_RCU_LAZY): seconds, at
    // worst.
    let inexact = lives.iter().filter(|life| life["cpu_exact"] != true);
    assert!(inexact.count() <= count / 20);
}

/// The same as the command of the tracer: nothing else is shown, and the account is exact.
fn storm_under_the_tracer() {
    let storm = Storm::new();
    let count = scaled(5000, 500);
    let trace = trace_command(
        &["--format", "json", "-d"],
        &[text(storm.program()), "storm", &count.to_string(), "2"],
    )
    .expect_success();
    check_whole(&trace);
    check_numbers(&lives_of_storm(&storm, &trace), 2, count / 2);
    let all = count as u64 + 3; // two producers, and the storm itself
    assert_eq!(trace.of_type("process").len() as u64, all);
    assert_eq!(trace.accounting().shown, all);
}

/// --failed leaves out what ended with status 0, or has not ended; execs it leaves alone.
fn failed_only() {
    let marks = [(); 3].map(|()| mark());
    let tracer = Tracer::json(&["--failed", "--events", "exec,exit,process"]);
    run_case(&["exit", "0", &marks[0]]);
    run_case(&["exit", "7", &marks[1]]);
    run_case(&["signal", "KILL", &marks[2]]);
    settle();
    let trace = tracer.stop();
    check_whole(&trace);
    let ends = marks.each_ref().map(|mark| {
        let lives = with_mark(&trace, "process", mark);
        assert_eq!(trace.execs_with(mark).len(), 1);
        let codes = lives
            .iter()
            .map(|life| (life["code"].clone(), life["signal"].clone()));
        codes.collect::<Vec<_>>()
    });
    assert_eq!(ends[0], []);
    assert_eq!(ends[1], [(7.into(), Value::Null)]);
    assert_eq!(ends[2], [(Value::Null, 9.into())]);
    let exits = trace.of_type("exit");
    assert!(
        exits.len() >= 2 && exits.iter().all(|exit| exit["code"] != 0),
        "{exits:?}"
    );
    assert!(trace.accounting().filtered >= 1);
}

/// Who has not ended has not failed.
fn failed_only_of_the_living() {
    let trace = trace_workload(&["-d", "--failed"], &["leave-child", "3000"]).expect_success();
    assert_eq!(trace.of_type("process"), Vec::<Value>::new());
    let accounting = trace.accounting();
    assert_eq!(accounting.shown, 0);
}

/// `--count` counts lines: processes are not counted again where exits are shown.
fn counted_lines(trace: &Trace, options: &[&str]) -> u64 {
    let lines = trace.json();
    let has_exits = options.iter().any(|option| option.contains("exit"));
    let is_counted = |line: &&Value| match line["type"].as_str() {
        Some("exec" | "fork" | "exit") => true,
        Some("process") => !has_exits && !line["exit"].is_null(),
        _ => false,
    };
    lines.iter().filter(is_counted).count() as u64
}

/// Each event is accounted for, for all choices of what is shown.
fn accounts() {
    let own_pid = std::process::id().to_string();
    for options in [
        &["-d"][..],
        &["-d", "-x"],
        &["-d", "--ancestors"],
        &["--events", "exit"],
        &["--events", "exit,process"],
        &["--events", "fork,process"],
        &["--events", "exec,failed,fork,exit,process"],
        &["--events", "exec", "--ancestors"],
        &["-d", "--failed"],
        &["-d", "-u", "0"],
        &["--events", "exit", "-u", "0"],
        &["-d", "-P", &own_pid],
        &["-d", "-p", &own_pid],
        &["--events", "exec,exit,process", "-p", &own_pid],
        &["-d", "-n", "noop"],
        &["--events", "process", "-l", "noop"],
    ] {
        let tracer = Tracer::json(options);
        subject(&["storm", "100", "2"]);
        subject(&["fork-children", "10"]);
        subject(&["fail", "ENOENT", "/nonexistent/program"]);
        let trace = tracer.stop();
        check_whole(&trace);
        let accounting = trace.accounting();
        assert!(accounting.seen >= 100, "{options:?}: {accounting:?}");
        assert_eq!(
            accounting.shown,
            counted_lines(&trace, options),
            "{options:?}"
        );
    }
}

/// The same where the trace ends before the events do.
fn accounts_with_count() {
    for options in [
        &["-d"][..],
        &["--events", "exit"],
        &["--events", "exec,exit,process"],
    ] {
        let tracer = Tracer::json(&[options, &["--count", "10"]].concat());
        subject(&["storm", "200"]);
        let trace = tracer.wait().expect_success();
        assert!(
            !trace.stderr.contains("does not add up"),
            "{options:?}: {}",
            trace.stderr
        );
        let lines = trace.json();
        let shown = lines.iter().filter(|line| line["type"] != "clock").count();
        assert_eq!(shown, 10, "{options:?}");
        assert_eq!(trace.accounting().lost, 0);
    }
}

/// A duration as people read it.
fn seconds(text: &str) -> f64 {
    let units = [("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    let found = units
        .iter()
        .find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor));
    found.unwrap_or_else(|| panic!("{text} is no duration of less than a minute"))
}

/// The table of -d, after some cases have run, each marked: its headings, and the words of each
/// row.
fn heading_and_rows(cases: &[&[&str]]) -> (Vec<String>, Vec<Vec<String>>) {
    let tracer = Tracer::start(&["-d"]);
    let marked = cases.iter().map(|case| {
        let mark = mark();
        run_case(&[case, &[mark.as_str()][..]].concat());
        mark
    });
    let marks: Vec<String> = marked.collect();
    settle();
    let trace = tracer.stop();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    let rows = marks.iter().map(|mark| words(trace.line_with(mark)));
    (
        words(trace.lines().next().expect("headings")),
        rows.collect(),
    )
}

/// The columns of -d: durations and sizes as people read them, ends as code or signal.
fn columns() {
    let begin = Instant::now();
    let (heading, rows) = heading_and_rows(&[
        &["sleep", "300"],
        &["burn", "60000", "0"],
        &["touch", "64"],
        &["exit", "7"],
        &["signal", "KILL"],
    ]);
    let elapsed = begin.elapsed().as_secs_f64();
    let headings = ["PID", "PPID", "PCOMM", "DUR", "CPU", "RSS", "EXIT", "ARGS"];
    assert_eq!(heading, headings);
    let [slept, burnt, touched, failed, killed] = &rows[..] else {
        panic!("five rows: {rows:?}");
    };
    assert!((0.3..elapsed).contains(&seconds(&slept[3])), "{slept:?}");
    assert!((0.06..elapsed).contains(&seconds(&burnt[4])), "{burnt:?}");
    assert!(
        touched[5].starts_with("64.") && touched[5].ends_with('M'),
        "{touched:?}"
    );
    let ends = [slept, failed, killed].map(|row| row[6].as_str());
    assert_eq!(ends, ["0", "7", "SIGKILL"]);
    assert_eq!(failed[7..10], [text(&workload()), "exit", "7"]);
    assert_eq!(failed[1], std::process::id().to_string());
}

/// In the table, too, what outlives the command is there, and said to live.
fn alive_in_the_table() {
    let workload = workload();
    let trace = trace_command(&["-d"], &[text(&workload), "leave-child", "3000"]).expect_success();
    let mut ends: Vec<&str> = trace
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().nth(6))
        .collect();
    ends.sort_unstable();
    assert_eq!(ends, ["0", "alive"], "{}", trace.text());
}

/// A user without privileges who fills the process table, with living processes of large
/// arguments, takes none from others. That the table is full is said while it is so.
fn greedy_user() {
    const FULL: &str = "the process table is full";
    let (large, mark) = ("x".repeat(120_000), mark());
    let tracer = Tracer::json(&["-d"]);
    let mut greedy: Vec<_> = (0..400)
        .map(|_| {
            let mut command = Command::new(workload());
            command.args(["sleep", "60000", &large]).uid(STRANGER);
            command.spawn().expect("the subject can be executed")
        })
        .collect();
    wait_until("the table is full", || tracer.stderr().contains(FULL));
    subject(&["noop", &mark]);
    settle();
    for child in &mut greedy {
        child.kill().expect("it runs");
        child.wait().expect("it runs");
    }
    settle();
    let trace = tracer.stop();
    let lives = with_mark(&trace, "process", &mark);
    assert_eq!(lives.len(), 1, "{}", trace.stderr);
    assert!(
        trace
            .stderr
            .contains("not kept in the process table (arguments ")
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            plain_life, forks_without_exec, last_image, outlives_the_command, storm_of_5000,
            storm_under_the_tracer, failed_only, failed_only_of_the_living, accounts,
            accounts_with_count, columns, alive_in_the_table,
        ];
        [Tracing, Root] => [greedy_user];
    ]
}
