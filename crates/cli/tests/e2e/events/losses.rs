//! When events are lost, it is known exactly how many.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::Case;
use crate::support::STRANGER;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_until;
use crate::support::workload;

/// Lets the tracer sleep while `storm` runs.
fn trace_asleep(options: &[&str], storm: impl FnOnce()) -> Trace {
    let tracer = Tracer::json(&[&["--ring-size", "64K"], options].concat());
    tracer.signal(Signal::SIGSTOP);
    let status = format!("/proc/{}/stat", tracer.pid());
    wait_until("the tracer sleeps", || {
        std::fs::read_to_string(&status).is_ok_and(|stat| stat.contains(") T "))
    });
    storm();
    tracer.signal(Signal::SIGCONT);
    tracer.stop()
}

fn storm_of_stranger() {
    run_subject(
        Command::new(workload())
            .args(["storm", "3000"])
            .uid(STRANGER)
            .gid(STRANGER),
    );
}

/// What the lines about lost events add up to.
fn lost_by_lines(trace: &Trace) -> u64 {
    let counts = |lost: &Value| lost["count"].as_u64().expect("a count");
    trace.of_type("lost").iter().map(counts).sum()
}

/// Each of a storm's 3,001 execs is shown or counted as lost. The count is exact, since no other
/// process has that user.
fn small_ring() {
    let trace = trace_asleep(&["-u", &STRANGER.to_string()], storm_of_stranger);
    let accounting = trace.accounting();
    assert!(
        accounting.lost > 1000,
        "64 KiB cannot hold 3,001 execs: {accounting:?}"
    );
    assert_eq!(accounting.shown + accounting.lost, 3001);
    assert_eq!(accounting.shown, trace.execs().len() as u64);
    assert_eq!(accounting.lost, lost_by_lines(&trace));
    assert!(
        trace.stderr.contains("ring_full"),
        "the reason is named: {}",
        trace.stderr
    );
    assert!(
        trace
            .of_type("lost")
            .iter()
            .all(|lost| lost["reason"] == "ring_full")
    );
}

/// What of a block that does not fit is missing, its end or already its beginning, is said apart.
fn environments_that_do_not_fit() {
    for (args_kib, args_whole) in [("0", true), ("600", false)] {
        let mark = mark();
        let case = ["big-env", &mark, "600", args_kib];
        let trace = trace_asleep(&["-u", &STRANGER.to_string(), "--env", "LAST"], || {
            run_subject(Command::new(workload()).args(case).uid(STRANGER));
        });
        let execs = trace.execs();
        let exec = execs.last().expect("it is shown");
        assert_eq!(exec["args_complete"], args_whole, "{args_kib}");
        assert_eq!(exec["env"], Value::Null, "{args_kib}");
        let said = |what| {
            trace
                .stderr
                .contains(&format!("\n1 {what} (ring_crowded 1)"))
        };
        let found = (
            said("without their environment"),
            said("without all arguments"),
        );
        assert_eq!(found, (args_whole, !args_whole), "{}", trace.stderr);
    }
}

/// The same without any filter: noise on the machine is accounted for like the rest.
fn small_ring_without_filter() {
    let storm = || drop(subject(&["storm", "3000", "2"]));
    let trace = trace_asleep(&[], storm);
    let accounting = trace.accounting();
    assert!(
        accounting.seen >= 3001 && accounting.lost > 1000,
        "{accounting:?}"
    );
    assert_eq!(accounting.shown, trace.execs().len() as u64);
    assert_eq!(accounting.lost, lost_by_lines(&trace));
}

/// Of several kinds, each loses its own.
fn small_ring_with_several_kinds() {
    let trace = trace_asleep(&["-x", "--events", "exec,failed,fork"], || {
        subject(&["storm", "1500"]);
        subject(&["fail", "ENOENT", "/nonexistent/program"]);
    });
    let accounting = trace.accounting();
    let shown = trace.execs().len() + trace.of_type("fork").len();
    assert_eq!(accounting.shown, shown as u64);
    assert_eq!(accounting.lost, lost_by_lines(&trace));
    let lost = trace.of_type("lost");
    for kind in ["exec", "fork"] {
        assert!(
            lost.iter().any(|line| line["kind"] == kind),
            "{kind} is among {lost:?}"
        );
    }
}

/// A process whose exec was lost does not have its creator's arguments: it has none, and is marked.
fn lost_execs_of_processes() {
    // A record with 16 KiB of arguments does not fit where those of forks and exits do.
    let trace = trace_asleep(&["-d"], || {
        drop(subject(&["storm", "100", "1", "args100k"]))
    });
    let mut lives = trace.of_type("process");
    lives.retain(|life| life["comm"] == "workload");
    let (known, unknown): (Vec<_>, Vec<_>) = lives.iter().partition(|life| life["args"].is_array());
    let program = workload();
    for life in known
        .iter()
        .filter(|life| life["args"][0] == text(&program))
    {
        assert_ne!(life["execs"], 0, "{life}");
    }
    assert!(!unknown.is_empty(), "no exec alone was lost: {lives:?}");
    for life in unknown {
        let marks = ["args_complete", "filename", "exec_lifetime_ns"].map(|it| life[it].clone());
        assert_eq!(marks, [false.into(), Value::Null, Value::Null], "{life}");
    }
}

/// What comes after a loss is shown again.
fn recovers() {
    let tracer = Tracer::json(&["--ring-size", "64K"]);
    tracer.signal(Signal::SIGSTOP);
    subject(&["storm", "1000"]);
    tracer.signal(Signal::SIGCONT);
    std::thread::sleep(std::time::Duration::from_millis(200));
    let later = subject(&["argv", "50"]);
    let trace = tracer.stop();
    assert!(trace.accounting().lost > 0);
    assert_eq!(trace.second_exec_of(later.pid)["args_complete"], true);
    assert_eq!(trace.accounting().lost, lost_by_lines(&trace));
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [small_ring_without_filter, small_ring_with_several_kinds, lost_execs_of_processes, recovers];
        [Tracing, Root] => [small_ring, environments_that_do_not_fit];
    ]
}
