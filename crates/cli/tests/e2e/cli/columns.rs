//! `--columns`: tables and CSV with chosen columns.

use crate::Case;
use crate::support::cgroups::Group;
use crate::support::cgroups::id;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::UnifiedCgroups;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::text;
use crate::support::workload;

/// The headings, and the line of a noop with a mark.
fn table(options: &[&str]) -> (String, String, u32) {
    let mark = mark();
    let tracer = Tracer::start(options);
    let pid = subject(&["noop", &mark]).pid;
    let trace = tracer.stop();
    let heading = trace.lines().next().expect("headings").to_owned();
    (heading, trace.line_with(&mark).replace(&mark, "MARK"), pid)
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// These columns in this order, and no others.
fn chosen() {
    let (heading, line, pid) = table(&["--columns", "comm,pid,args"]);
    assert_eq!(words(&heading), ["COMM", "PID", "ARGS"]);
    assert_eq!(
        words(&line),
        [
            "workload",
            &pid.to_string(),
            text(&workload()),
            "noop",
            "MARK"
        ]
    );
}

fn without_arguments() {
    let tracer = Tracer::start(&["--columns", "pid,ret"]);
    let pid = subject(&["noop", "unseen"]).pid;
    let trace = tracer.stop();
    assert_eq!(trace.lines().next().map(words), Some(vec!["PID", "RET"]));
    let line = trace.line_with(&pid.to_string());
    assert_eq!(words(line), [&pid.to_string(), "0"]);
}

fn arguments_alone() {
    let (heading, line, _) = table(&["--columns", "args"]);
    assert_eq!(heading, "ARGS");
    assert_eq!(line, format!("{} noop MARK", text(&workload())));
}

/// `+` keeps the usual ones.
fn added() {
    let (usual, ..) = table(&[]);
    let (heading, ..) = table(&["--columns", "+user,unit"]);
    let usual = usual.strip_suffix("ARGS").expect("arguments come last");
    assert!(heading.starts_with(usual), "{heading}");
    assert_eq!(words(&heading[usual.len()..]), ["USER", "UNIT", "ARGS"]);
}

fn blanks_between() {
    let (heading, ..) = table(&["--columns", " pid , user,args "]);
    assert_eq!(words(&heading), ["PID", "USER", "ARGS"]);
}

/// The names of a CSV are those of the columns, and nothing else is written.
fn csv() {
    let mark = mark();
    let tracer = Tracer::start(&["--format", "csv", "--columns", "pid,comm,user,args"]);
    let pid = subject(&["noop", &mark]).pid;
    let trace = tracer.stop();
    assert_eq!(trace.lines().next(), Some("pid,comm,user,args"));
    let line = trace.line_with(&mark).to_owned();
    let user = nix::unistd::User::from_uid(nix::unistd::getuid())
        .ok()
        .flatten();
    let user = user.map_or(String::new(), |user| user.name);
    assert_eq!(
        line,
        format!("{pid},workload,{user},{} noop {mark}", text(&workload()))
    );
}

/// All that CSV has can be asked for by name.
fn all_of_csv() {
    let tracer = Tracer::start(&["--format", "csv"]);
    subject(&["noop"]);
    let trace = tracer.stop();
    let all = trace
        .lines()
        .next()
        .expect("a header")
        .replace(",env,", ",");
    let again = Tracer::start(&["--format", "csv", "--columns", &all]).stop();
    assert_eq!(again.lines().next(), Some(&*all));
}

/// Who runs in which container, in a table; the id as `docker ps` shows it.
fn containers() {
    let (id, mark) = (id(), mark());
    let group = Group::telling(&format!("/system.slice/docker-{id}.scope"));
    let tracer = Tracer::start(&["--columns", "container,runtime,args"]);
    run_subject(&mut group.workload(&["noop", &mark]));
    let trace = tracer.stop();
    let lines: Vec<&str> = trace.lines().filter(|line| line.contains(&mark)).collect();
    let [outside, inside] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert_eq!(words(outside)[..2], ["-", "-"]);
    assert_eq!(words(inside)[..2], [&id[..12], "docker"]);
}

/// CSV is for programs: the whole id.
fn containers_in_csv() {
    let (id, mark) = (id(), mark());
    let group = Group::telling(&format!("/system.slice/docker-{id}.scope"));
    let tracer = Tracer::start(&["--format", "csv", "--columns", "container,unit,args"]);
    run_subject(&mut group.workload(&["noop", &mark]));
    let trace = tracer.stop();
    let line = trace.lines().filter(|line| line.contains(&mark)).last();
    assert!(
        line.is_some_and(|line| line.starts_with(&format!("{id},docker-{id}.scope,"))),
        "{line:?}"
    );
}

/// A value that is longer than its column pushes on the rest of its line, and is not cut; a name
/// with a blank or a line break in it makes no second column or line.
fn long_values() {
    let mark = mark();
    let unit = format!("a-very-long-name-of-a-unit-{mark}.service");
    let group = Group::telling(&format!("/system.slice/{unit}"));
    let tracer = Tracer::start(&["--columns", "unit,pid,args"]);
    let pid = run_subject(&mut group.workload(&["noop", &mark])).pid;
    let trace = tracer.stop();
    let line = trace
        .lines()
        .find(|line| line.starts_with(&unit))
        .expect("it is shown");
    assert_eq!(words(line)[..2], [&unit, &pid.to_string()]);
}

/// Cells are aligned with their headings while they fit.
fn alignment() {
    let mark = mark();
    let tracer = Tracer::start(&["--columns", "user,pid,unit,container,tty,args"]);
    subject(&["noop", &mark]);
    let trace = tracer.stop();
    let heading = trace.lines().next().expect("headings");
    let line = trace.line_with(&mark);
    for name in ["USER", "PID", "UNIT", "CONTAINER", "TTY", "ARGS"] {
        let at = heading.find(name).expect("a heading");
        assert!(
            at == 0 || line.as_bytes()[at - 1] == b' ',
            "{name}\n{heading}\n{line}"
        );
        assert_ne!(line.as_bytes()[at], b' ', "{name}\n{heading}\n{line}");
    }
}

/// The words of --flags, the directory, the variables.
fn facts() {
    let options = [
        "--columns",
        "flags,cwd,env,args",
        "--cwd",
        "--env",
        "CHOSEN",
    ];
    let mark = mark();
    let tracer = Tracer::start(&options);
    let mut command = std::process::Command::new(workload());
    run_subject(
        command
            .args(["noop", &mark])
            .current_dir("/")
            .env("CHOSEN", "yes"),
    );
    let trace = tracer.stop();
    assert_eq!(words(trace.line_with(&mark))[..3], ["-", "/", "CHOSEN=yes"]);
}

/// A table learns the directory by itself when it shows it.
fn directory_by_column() {
    let mark = mark();
    let tracer = Tracer::start(&["--columns", "cwd,args"]);
    run_subject(
        std::process::Command::new(workload())
            .args(["noop", &mark])
            .current_dir("/"),
    );
    assert_eq!(words(tracer.stop().line_with(&mark))[0], "/");
}

/// And so does CSV: an empty column would say that there is no directory.
fn directory_by_column_in_csv() {
    let mark = mark();
    let tracer = Tracer::start(&["--format", "csv", "--columns", "cwd,args"]);
    run_subject(
        std::process::Command::new(workload())
            .args(["noop", &mark])
            .current_dir("/"),
    );
    assert!(tracer.stop().line_with(&mark).starts_with("/,"));
}

/// Of whole processes.
fn processes() {
    let mark = mark();
    let tracer = Tracer::start(&["-d", "--columns", "pid,user,lifetime,exit,args"]);
    let pid = subject(&["noop", &mark]).pid;
    let trace = tracer.stop();
    assert_eq!(
        words(trace.lines().next().expect("headings")),
        ["PID", "USER", "DUR", "EXIT", "ARGS"]
    );
    assert_eq!(words(trace.line_with(&mark))[0], pid.to_string());
}

#[track_caller]
fn check_refused(options: &[&str], parts: &[&str]) -> Trace {
    let trace = run(&[], &[options, &["--duration", "1ms"]].concat());
    assert_eq!(
        trace.status.code(),
        Some(2),
        "{options:?}: {}",
        trace.stderr
    );
    for part in parts {
        assert!(
            trace.stderr.contains(part),
            "{part:?} is not in: {}",
            trace.stderr
        );
    }
    trace
}

fn unknown_name() {
    check_refused(
        &["--columns", "pid,colour"],
        &["\"colour\"", "container", "unit", "args"],
    );
    check_refused(&["--columns", "+colour"], &["\"colour\""]);
    check_refused(
        &["--columns", "colour", "--format", "csv"],
        &["\"colour\"", "max_rss_bytes"],
    );
}

fn no_name() {
    for list in ["", ",", " "] {
        check_refused(&["--columns", list], &["--columns"]);
    }
}

fn which_variables() {
    check_refused(&["--columns", "+env"], &["--env"]);
    check_refused(&["--columns", "pid,env"], &["--env"]);
}

fn not_for_json() {
    check_refused(
        &["--columns", "pid", "--format", "json"],
        &["--columns", "JSON"],
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            chosen, without_arguments, arguments_alone, added, blanks_between, csv, all_of_csv,
            alignment, facts, directory_by_column, directory_by_column_in_csv, processes,
            unknown_name, no_name, which_variables, not_for_json,
        ];
        [Tracing, Root, UnifiedCgroups] => [containers, containers_in_csv, long_values];
    ]
}
