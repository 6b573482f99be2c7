//! Many execs at once: none is missing, and every count agrees.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::Case;
use crate::support::output_reader::Trace;
use crate::support::output_reader::args;
use crate::support::output_reader::known_args;
use crate::support::patterns;
use crate::support::public_dir;
use crate::support::requirements::Need::Perf;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::trace_command;
use crate::support::run_subject;
use crate::support::scaled;
use crate::support::text;
use crate::support::workload;

/// A copy of the workload with its own path, which distinguishes its execs from all others.
#[derive(Debug)]
pub(crate) struct Storm {
    program: PathBuf,
    _dir: TempDir,
}

impl Storm {
    pub(crate) fn new() -> Self {
        let dir = public_dir();
        let program = dir.path().join("storm");
        fs::copy(workload(), &program).expect("the workload can be copied");
        Self { program, _dir: dir }
    }

    /// Where the copy is.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    pub(crate) fn run(&self, case: &[&str]) {
        let subject = run_subject(Command::new(&self.program).args(case));
        assert!(subject.json()["execs"].as_u64() > Some(0));
    }

    /// Its execs; the first is its own.
    fn execs(&self, trace: &Trace) -> Vec<Value> {
        let mut execs = trace.execs_named(text(&self.program));
        assert_eq!(execs[0]["args"][0], text(&self.program));
        execs.remove(0);
        execs
    }
}

/// Fails unless each number from each producer is there exactly once, and nothing else.
#[track_caller]
pub(crate) fn check_numbers(execs: &[Value], producers: usize, each: usize) {
    let expected: BTreeSet<String> = (0..producers)
        .flat_map(|p| (0..each).map(move |i| format!("{p}-{i}")))
        .collect();
    let names: Vec<&str> = execs.iter().map(|exec| args(exec)[1]).collect();
    let found: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    let missing: Vec<_> = expected.difference(&found).take(10).collect();
    assert!(missing.is_empty(), "missing: {missing:?}...");
    assert_eq!(names.len(), producers * each, "nothing twice, nothing else");
}

/// Fails unless the accounting agrees with the lines, and nothing was lost.
#[track_caller]
fn check_accounting(trace: &Trace) {
    let accounting = trace.accounting();
    assert_eq!(accounting.lost, 0, "{}", trace.stderr);
    assert_eq!(accounting.discarded, 0);
    assert_eq!(accounting.shown, trace.execs().len() as u64);
    assert_eq!(trace.of_type("lost"), Vec::<Value>::new());
}

/// 20,000 execs from two processes at once.
fn of_20_000_from_two_processes() {
    let storm = Storm::new();
    let count = scaled(20_000, 2000);
    let tracer = Tracer::json(&[]);
    storm.run(&["storm", &count.to_string(), "2"]);
    let trace = tracer.stop();
    check_accounting(&trace);
    check_numbers(&storm.execs(&trace), 2, count / 2);
}

/// The same as the command of the tracer, with all forks observed.
fn under_the_tracer() {
    let storm = Storm::new();
    let program = text(&storm.program);
    let trace =
        trace_command(&["--format", "json"], &[program, "storm", "4000", "2"]).expect_success();
    check_accounting(&trace);
    assert_eq!(trace.execs().len(), 4001, "nothing else is shown");
    check_numbers(&storm.execs(&trace), 2, 2000);
}

/// Every exec of a storm has its forks: creator and creation are consistent.
fn with_its_forks() {
    let storm = Storm::new();
    let tracer = Tracer::json(&["--events", "exec,fork"]);
    storm.run(&["storm", "1000"]);
    let trace = tracer.stop();
    let forks: BTreeSet<String> = trace
        .of_type("fork")
        .iter()
        .filter(|fork| fork["vfork"] == true)
        .map(|fork| fork["id"].to_string())
        .collect();
    let execs = storm.execs(&trace);
    check_numbers(&execs, 1, 1000);
    let orphans = execs
        .iter()
        .filter(|exec| !forks.contains(&exec["id"].to_string()))
        .count();
    assert_eq!(orphans, 0, "every one of them was created by vfork");
    let shown = trace.execs().len() + trace.of_type("fork").len();
    assert_eq!(trace.accounting().shown, shown as u64);
}

/// The exec with all the arguments that the kernel takes: whole, or marked as not whole, but never
/// wrong.
#[track_caller]
fn check_huge(exec: &Value) {
    let whole = patterns(47, 131_071);
    let args = known_args(exec);
    let (last, others) = args.split_last().expect("its beginning is there at least");
    assert!(
        others
            .iter()
            .zip(&whole)
            .all(|(arg, expected)| arg == expected)
    );
    if exec["args_complete"] == true {
        assert_eq!(args.len(), 48);
    } else {
        assert!(
            args.len() <= 48
                && whole
                    .get(others.len())
                    .is_none_or(|arg| arg.starts_with(last))
        );
    }
}

fn check_huge_in_storm(options: &[&str]) {
    let storm = Storm::new();
    let tracer = Tracer::json(options);
    storm.run(&["huge-in-storm", "2000"]);
    let trace = tracer.stop();
    check_accounting(&trace);
    let is_huge = |exec: &Value| exec["args"][0] != "noop";
    let (huge, numbered): (Vec<Value>, Vec<Value>) =
        storm.execs(&trace).into_iter().partition(is_huge);
    check_numbers(&numbered, 1, 2000);
    assert_eq!(huge.len(), 1);
    check_huge(&huge[0]);
}

/// 6 MiB of arguments in the middle of a storm push out no other event.
fn one_exec_of_6_mebibytes_within() {
    check_huge_in_storm(&[]);
}

/// Nor do they where the ring has no room for them at all.
fn one_exec_larger_than_the_ring_within() {
    check_huge_in_storm(&["--ring-size", "4M"]);
}

/// perf's count of the storm's program, while `case` runs. The kernel counts by the file's name, so
/// that nothing else on the machine enters into it.
fn counted_by_perf(storm: &Storm, case: &[&str]) -> u64 {
    let dir = public_dir();
    let counts = dir.path().join("counts");
    let filter = format!("filename == \"{}\"", storm.program.display());
    let mut command = Command::new("perf");
    command.args([
        "stat",
        "-a",
        "-x,",
        "-o",
        text(&counts),
        "-e",
        "sched:sched_process_exec",
        "--filter",
        &filter,
    ]);
    run_subject(command.arg("--").arg(&storm.program).args(case));
    let counts = fs::read_to_string(counts).expect("perf writes its counts");
    let line = counts
        .lines()
        .find(|line| line.contains("sched_process_exec"))
        .expect("a count");
    line.split(',')
        .next()
        .expect("a number first")
        .parse()
        .expect("a number")
}

/// perf, execsnoop and the storm itself count alike.
fn counted_as_perf_counts() {
    let storm = Storm::new();
    let tracer = Tracer::json(&["--duration", "4s"]);
    let by_perf = counted_by_perf(&storm, &["storm", "5000", "2"]);
    let trace = tracer.wait().expect_success();
    check_accounting(&trace);
    let execs = storm.execs(&trace);
    check_numbers(&execs, 2, 2500);
    assert_eq!(
        by_perf,
        execs.len() as u64 + 1,
        "5,000 and the storm's own start"
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            of_20_000_from_two_processes, under_the_tracer, with_its_forks,
            one_exec_of_6_mebibytes_within, one_exec_larger_than_the_ring_within,
        ];
        [Tracing, Perf] => [counted_as_perf_counts];
    ]
}
