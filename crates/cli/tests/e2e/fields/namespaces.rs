//! Containers: processes that know themselves by other numbers than the machine does.

use std::fs;
use std::process::Command;

use crate::Case;
use crate::support::execsnoop;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::output_reader::args;
use crate::support::public_dir;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::Unshare;
use crate::support::run::CommandRun;
use crate::support::run::Tracer;
use crate::support::run_subject;
use crate::support::text;
use crate::support::workload;

/// What follows becomes the first process of a pid namespace.
const CONTAINER: &[&str] = &["unshare", "-pf", "--mount-proc"];

fn in_container(words: &[&str]) -> Command {
    let mut command = Command::new(CONTAINER[0]);
    command.args(&CONTAINER[1..]).args(words);
    command
}

/// A process in a container has the machine's number, and its own beside it.
fn both_numbers() {
    let mark = mark();
    let tracer = Tracer::json(&["--events", "exec,fork"]);
    run_subject(&mut in_container(&[text(&workload()), "noop", &mark]));
    let trace = tracer.stop();
    let execs = trace.execs_with(&mark);
    let inside = execs.last().expect("an exec");
    assert_eq!(inside["ns_pid"], 1);
    assert_ne!(inside["pid"], 1);
    let forks = trace.of_type("fork");
    let fork = forks
        .iter()
        .find(|fork| fork["id"] == inside["id"])
        .expect("its creation");
    assert_eq!(
        (&fork["ns_pid"], &fork["pid"]),
        (&inside["ns_pid"], &inside["pid"])
    );
}

/// `execsnoop -- CMD` works inside a container, where its own number is not the machine's.
fn command_inside() {
    let (inside, outside) = (mark(), mark());
    let script = format!("{0} noop {inside}; true", workload().display());
    let run = CommandRun::start_behind(CONTAINER, &["--format", "json"], &["sh", "-c", &script]);
    run_subject(Command::new(workload()).args(["noop", &outside]));
    let trace = run.wait().expect_success();
    assert_eq!(
        (
            trace.execs_with(&inside).len(),
            trace.execs_with(&outside).len()
        ),
        (1, 0)
    );
    assert_eq!(trace.execs().len(), 2);
}

/// Traces, from inside a container, the children of the process that is number 1 there.
fn trace_children_of_number_one(mark: &str) -> Trace {
    let dir = public_dir();
    let script = "
        \"$1\" --format json -P 1 --ready-file \"$0/ready\" > \"$0/events\" &
        until test -e \"$0/ready\" || ! kill -0 $! ; do sleep 0.01; done
        \"$2\" noop \"$3\"; sh -c '\"$0\" noop \"not $1\"; true' \"$2\" \"$3\"
        kill -INT $!; wait $!";
    let (execsnoop, workload) = (execsnoop(), workload());
    let words = [
        "sh",
        "-c",
        script,
        text(dir.path()),
        text(&execsnoop),
        text(&workload),
        mark,
    ];
    let output = in_container(&words)
        .output()
        .expect("unshare can be executed");
    Trace {
        status: output.status,
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).expect("text"),
        events: fs::read(dir.path().join("events")).expect("events"),
    }
}

/// Pids in options are those of the pid namespace of the tracer.
fn parent_by_inner_number() {
    let mark = mark();
    let trace = trace_children_of_number_one(&mark).expect_success();
    let shown = trace.execs_named(text(&workload()));
    assert_eq!(shown.len(), 1, "a grandchild is not shown: {shown:?}");
    assert_eq!(args(&shown[0])[2], mark);
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing, Root, Unshare] => [both_numbers, command_inside, parent_by_inner_number];
    ]
}
