//! Process records, compared with the results of wait4.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::output_reader::Trace;
use crate::support::run::Tracer;
use crate::support::run_subject;
use crate::support::slowness;
use crate::support::workload;

/// A tracer that shows all ends, and the whole processes too.
pub(crate) const ENDS: &[&str] = &["--events", "exit,process"];

/// What its parent learnt of one subject, from wait4 and from `/proc/PID/io`.
#[derive(Debug)]
pub(crate) struct Waited(Value);

impl Waited {
    pub(crate) fn number(&self, field: &str) -> u64 {
        self.0[field]
            .as_u64()
            .unwrap_or_else(|| panic!("{field} of {}", self.0))
    }

    /// Whether the kernel keeps account of this.
    pub(crate) fn knows(&self, field: &str) -> bool {
        self.0.get(field).is_some()
    }

    pub(crate) fn pid(&self) -> u64 {
        self.number("pid")
    }

    pub(crate) fn cpu_ns(&self) -> u64 {
        (self.number("user_us") + self.number("system_us")) * 1000
    }

    pub(crate) fn max_rss_bytes(&self) -> u64 {
        self.number("max_rss_kb") << 10
    }

    pub(crate) fn status(&self) -> ExitStatus {
        let status = i32::try_from(self.number("status")).expect("16 bits");
        ExitStatus::from_raw(status)
    }
}

/// A subject's life: its two records, and its parent's account.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) exit: Value,
    pub(crate) process: Value,
    pub(crate) waited: Waited,
}

/// Waits until final accounts have come, or are not waited for any more.
pub(crate) fn settle() {
    thread::sleep(Duration::from_millis(400) * slowness());
}

/// The one record of a type that belongs to a subject.
#[track_caller]
pub(crate) fn the_record(trace: &Trace, name: &str, pid: u64) -> Value {
    let mut records = trace.of_type(name);
    records.retain(|record| record["ns_pid"] == pid);
    assert_eq!(records.len(), 1, "{name} of {pid}: {records:?}");
    records.remove(0)
}

/// Fails unless all was shown, once, and the accounts are final: no event may be missing here.
#[track_caller]
pub(crate) fn check_whole(trace: &Trace) {
    let accounting = trace.accounting();
    assert_eq!(
        (accounting.lost, accounting.discarded),
        (0, 0),
        "{}",
        trace.stderr
    );
    assert!(
        !trace.stderr.contains("does not add up") && !trace.stderr.contains("not kept"),
        "{}",
        trace.stderr
    );
}

/// Traces a case that prints the results of wait4 for its children. Returns their records, each
/// compared with what its parent saw.
#[track_caller]
pub(crate) fn lives_of(case: &[&str]) -> Vec<Life> {
    lives_of_command(Command::new(workload()).args(case))
}

/// The same, for a case that needs more than its arguments.
#[track_caller]
pub(crate) fn lives_of_command(command: &mut Command) -> Vec<Life> {
    let tracer = Tracer::json(ENDS);
    let subject = run_subject(command);
    settle();
    let trace = tracer.stop();
    check_whole(&trace);
    let waited = subject.json();
    let waited = waited.as_array().expect("a list").iter().cloned();
    // All at once: to look for each in the whole trace would take too long where there are many.
    let (exits, processes) = (trace.of_type("exit"), trace.of_type("process"));
    waited
        .map(|waited| life(Waited(waited), &exits, &processes))
        .collect()
}

#[track_caller]
fn life(waited: Waited, exits: &[Value], processes: &[Value]) -> Life {
    let only = |records: &[Value]| {
        let of_it = |record: &&Value| record["ns_pid"] == waited.pid();
        let found: Vec<&Value> = records.iter().filter(of_it).collect();
        assert_eq!(found.len(), 1, "records of {waited:?}: {found:?}");
        found[0].clone()
    };
    let life = Life {
        exit: only(exits),
        process: only(processes),
        waited,
    };
    check_life(&life);
    life
}

/// What holds for every life.
#[track_caller]
fn check_life(life: &Life) {
    assert_eq!(life.exit["id"], life.process["id"]);
    assert_eq!(life.exit["time"], life.process["time"], "that of the end");
    assert_eq!(life.exit["lifetime_ns"], life.process["lifetime_ns"]);
    for record in [&life.exit, &life.process] {
        check_end(record, life.waited.status());
        check_costs(record, &life.waited);
    }
    let (since_exec, execs) = (&life.process["exec_lifetime_ns"], &life.process["execs"]);
    assert_eq!(since_exec, &life.exit["exec_lifetime_ns"]);
    assert_eq!(since_exec.is_null(), execs == 0, "{}", life.process);
    assert!(since_exec.as_u64() < life.process["lifetime_ns"].as_u64());
    assert_eq!(life.exit["cpu_exact"], false);
    // That of the process is exact, unless the kernel took its time to free it: `costs` counts how
    // many.
    assert!(life.process["cpu_exact"].is_boolean(), "{}", life.process);
}

/// How it ended is what wait4 says.
#[track_caller]
fn check_end(record: &Value, status: ExitStatus) {
    let name = status.signal().map(|number| {
        nix::sys::signal::Signal::try_from(number)
            .expect("a signal")
            .as_str()
    });
    for (field, expected) in [
        ("exit", name.map_or("exited", |_| "killed").into()),
        ("code", status.code().into()),
        ("signal", status.signal().into()),
        ("signal_name", name.into()),
        ("core_dumped", status.core_dumped().into()),
        ("oom_killed", false.into()),
    ] {
        let expected: Value = expected;
        assert_eq!(record[field], expected, "{field} of {record}");
    }
}

/// The costs that are exact for every process.
#[track_caller]
fn check_costs(record: &Value, waited: &Waited) {
    let of = |field: &str| record[field].as_u64().expect("a number");
    assert_eq!(
        of("minor_faults"),
        waited.number("minor_faults"),
        "{record}"
    );
    assert_eq!(
        of("major_faults"),
        waited.number("major_faults"),
        "{record}"
    );
    assert_eq!(of("peak_rss_bytes"), waited.max_rss_bytes(), "{record}");
    assert_eq!(of("user_ns") + of("system_ns"), of("cpu_ns"));
    if waited.knows("wchar") {
        assert_eq!(of("read_chars"), waited.number("rchar"), "{record}");
        assert_eq!(of("write_chars"), waited.number("wchar"), "{record}");
        check_storage(of("read_bytes"), waited.number("read_bytes"));
        check_storage(of("write_bytes"), waited.number("write_bytes"));
    }
}

/// What goes to storage goes on a little after the end: its files are only closed then.
#[track_caller]
fn check_storage(ours: u64, kernels: u64) {
    assert!(
        ours <= kernels && kernels <= ours + (256 << 10),
        "{ours} {kernels}"
    );
}
