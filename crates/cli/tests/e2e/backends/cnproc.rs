//! The process connector: a machine without BPF, as one looks without the capabilities for it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use execsnoop_events::Backend;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::Case;
use crate::backends::classic::about;
use crate::backends::classic::check_lost;
use crate::backends::classic::check_shape;
use crate::support::Waiting;
use crate::support::output_reader::Trace;
use crate::support::output_reader::args;
use crate::support::requirements::Need::Connector;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Setpriv;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::Unshare;
use crate::support::run::CommandRun;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_until;
use crate::support::workload;

/// Runs what follows as root without the capabilities that BPF needs.
const WITHOUT_BPF: [&str; 2] = ["setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon"];

fn cnproc(options: &[&str]) -> Tracer {
    Tracer::json(&[&["--backend", "cnproc"], options].concat())
}

#[track_caller]
fn exec_of(events: &[Value]) -> &Value {
    let exec = events.iter().rfind(|event| event["type"] == "exec");
    exec.unwrap_or_else(|| panic!("no exec in {events:?}"))
}

/// A process that is there for longer than anybody needs to look at it, and ends with a status of
/// choice.
fn slow_subject(case: &[&str]) -> u32 {
    let mut child = Command::new(workload())
        .args(case)
        .spawn()
        .expect("it can be executed");
    child.wait().expect("it ends");
    child.id()
}

/// Without /proc there is nothing that could be shown but pids.
fn without_proc() {
    let hide = "mount -t tmpfs none /proc && exec \"$0\" \"$@\"";
    let wrapper = ["unshare", "-m", "sh", "-c", hide];
    let options = ["--backend", "cnproc", "--duration", "10s"];
    let trace = run(&wrapper, &options);
    assert_eq!(trace.status.code(), Some(77), "{}", trace.stderr);
    assert!(
        trace.stderr.contains("mount -t proc proc /proc"),
        "{}",
        trace.stderr
    );
    let trace = run(&wrapper, &["-p", "1", "--duration", "10s"]);
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert!(
        trace.stderr.contains("/proc is not mounted"),
        "{}",
        trace.stderr
    );
}

/// Lets the tracer sleep meanwhile, so that the processes are gone before it looks.
fn asleep<T>(tracer: &Tracer, meanwhile: impl FnOnce() -> T) -> T {
    tracer.signal(Signal::SIGSTOP);
    let status = format!("/proc/{}/stat", tracer.pid());
    wait_until("the tracer sleeps", || {
        fs::read_to_string(&status).is_ok_and(|stat| stat.contains(") T "))
    });
    let out = meanwhile();
    tracer.signal(Signal::SIGCONT);
    out
}

/// Without the right to use BPF, auto takes this backend, and says once what is not known on it.
fn taken_without_bpf() {
    let tracer = Tracer::start_behind(&WITHOUT_BPF, &["--format", "json"]);
    let pid = slow_subject(&["sleep", "300"]);
    let trace = tracer.stop();
    assert_eq!(args(exec_of(&about(&trace, pid)))[1..], ["sleep", "300"]);
    let said =
        |line: &&str| line.contains("using the cnproc backend, which cannot provide: failed execs");
    assert_eq!(
        trace.stderr.lines().filter(said).count(),
        1,
        "{}",
        trace.stderr
    );
    trace.accounting();
}

/// Without the right to listen, there is a message.
fn without_the_right() {
    let wrapper = [
        "setpriv",
        "--bounding-set=-sys_admin,-bpf,-perfmon,-net_admin",
    ];
    let trace = run(&wrapper, &["--backend", "cnproc", "--duration", "1ms"]);
    assert_eq!(trace.status.code(), Some(77));
    assert!(trace.stderr.contains("CAP_NET_ADMIN"), "{}", trace.stderr);
    let trace = run(&wrapper, &["--duration", "1ms"]);
    assert_eq!(trace.status.code(), Some(77));
    assert!(
        trace.stderr.contains("CAP_BPF"),
        "the best backend's reason: {}",
        trace.stderr
    );
}

/// A process that is still there when /proc is read: its arguments are whole.
fn in_time() {
    let tracer = cnproc(&[]);
    let waiting = Waiting::start(&[], &["noop"]);
    let pid = waiting.pid();
    let mut cat = Command::new("/bin/cat")
        .arg("-")
        .env("LONG", "x".repeat(100_000))
        .stdin(Stdio::piped())
        .spawn()
        .expect("it can be executed");
    wait_until("both are seen", || {
        let lines = tracer.stdout();
        let seen = |pid| lines.contains(&format!("\"pid\":{pid},"));
        seen(pid) && seen(cat.id())
    });
    waiting.go();
    drop(cat.stdin.take());
    cat.wait().expect("it ends");
    let trace = tracer.stop();
    let events = about(&trace, cat.id());
    let exec = exec_of(&events);
    assert_eq!(args(exec), ["/bin/cat", "-"]);
    assert_eq!((&exec["comm"], &exec["uid"]), (&"cat".into(), &0.into()));
    assert_eq!(exec["ppid"], std::process::id());
    check_lost(Backend::Cnproc, exec);
    assert_eq!(
        args(exec_of(&about(&trace, pid)))[1..],
        ["after-stdin", "noop"]
    );
}

/// A process that is gone when /proc is read: its pid, its parent and its end are known, the rest
/// is null.
fn too_late() {
    let tracer = cnproc(&["--events", "exec,exit,fork"]);
    let pid = asleep(&tracer, || slow_subject(&["exit", "7"]));
    let trace = tracer.stop();
    let events = about(&trace, pid);
    events
        .iter()
        .for_each(|event| check_lost(Backend::Cnproc, event));
    let exec = exec_of(&events);
    for unknown in ["comm", "args", "euid", "egid"] {
        assert!(exec[unknown].is_null(), "{unknown}: {exec}");
    }
    assert_eq!(exec["args_complete"], false);
    assert_eq!(exec["ppid"], std::process::id());
    let exit = events.last().expect("an exit");
    assert_eq!((&exit["type"], &exit["code"]), (&"exit".into(), &7.into()));
    assert!(
        exit["cpu_ns"].is_null() && exit["lifetime_ns"].is_u64(),
        "{exit}"
    );
    assert!(
        events.iter().all(|event| event["id"] == exit["id"]),
        "{events:?}"
    );
    trace.accounting();
}

/// Of two execs in a row, /proc shows the second: the first has no arguments rather than the
/// other's.
fn overtaken() {
    let tracer = cnproc(&[]);
    let mut child = asleep(&tracer, || {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exec /bin/sleep 1"]);
        let child = command.spawn().expect("it can be executed");
        let cmdline = format!("/proc/{}/cmdline", child.id());
        wait_until("it sleeps", || {
            fs::read(&cmdline).is_ok_and(|line| line.starts_with(b"/bin/sleep"))
        });
        child
    });
    child.wait().expect("it ends");
    let pid = child.id();
    let trace = tracer.stop();
    let execs = about(&trace, pid);
    assert_eq!(execs.len(), 2, "{execs:?}");
    assert!(execs[0]["args"].is_null(), "{}", execs[0]);
    assert_eq!(args(&execs[1]), ["/bin/sleep", "1"]);
}

/// How processes end: once each, for all orders of their threads.
fn ends() {
    let tracer = cnproc(&["--events", "exit"]);
    let seven = slow_subject(&["exit", "7"]);
    let killed = slow_subject(&["signal", "KILL"]);
    let by_thread = slow_subject(&["thread-exit", "9"]);
    let exec_by_thread = slow_subject(&["thread-exec"]);
    let racing: Vec<u32> = (0..20).map(|_| slow_subject(&["race-out", "33"])).collect();
    let trace = tracer.stop();
    let end = |pid| {
        let ends = about(&trace, pid);
        assert_eq!(ends.len(), 1, "ends of {pid}");
        check_lost(Backend::Cnproc, &ends[0]);
        ends[0].clone()
    };
    assert_eq!(
        (&end(seven)["exit"], &end(seven)["code"]),
        (&"exited".into(), &7.into())
    );
    assert_eq!(end(killed)["signal_name"], "SIGKILL");
    assert_eq!(end(by_thread)["code"], 9);
    end(exec_by_thread);
    for pid in racing {
        end(pid);
    }
}

/// A command and its descendants, and no other process; CMD's exit status is ours.
fn command() {
    let workload = workload();
    let words = [text(&workload), "lives", "exec", "3", "sleep", "100"];
    let trace = CommandRun::start(&["--backend", "cnproc", "--format", "json"], &words).wait();
    let trace = trace.expect_success();
    assert_eq!(trace.execs().len(), 4, "{}", trace.text());
}

/// Of a process that is seen in time: the same records as on the core backend, with the same
/// fields; what is lost is null, and nothing else.
fn same_fields_as_core() {
    let all = [
        "--events",
        "exec,fork,exit,process",
        "--ancestors",
        "--cwd",
        "--env",
        "PATH",
    ];
    let core = Tracer::json(&[&["--backend", "core"][..], &all].concat());
    let lesser = cnproc(&all);
    let pid = slow_subject(&["sleep", "200"]);
    let (lesser, core) = (lesser.stop(), core.stop());
    let by_type = |trace: &Trace| -> BTreeMap<String, Value> {
        let records = about(trace, pid).into_iter();
        records
            .map(|record| (record["type"].to_string(), record))
            .collect()
    };
    let (by_core, by_cnproc) = (by_type(&core), by_type(&lesser));
    assert_eq!((by_core.len(), by_cnproc.len()), (4, 4), "{by_cnproc:?}");
    for (kind, record) in &by_cnproc {
        check_shape(Backend::Cnproc, record, &by_core[kind]);
    }
}

/// A condition on what is not known here is said, and so is one on failed execs, which are not
/// seen.
fn asked_for_what_is_lost() {
    let filter = "errno == \"ENOENT\" || filename == \"/bin/true\" || uid == 0";
    let trace = cnproc(&["-x", "--filter", filter]).stop();
    let said = "requested fields that the cnproc backend cannot provide: errno (--filter), filename (--filter)\n";
    assert!(trace.stderr.contains(said), "{}", trace.stderr);
}

/// A filter by what is not known is wrong usage, not silence; those by user and parent work.
fn filters() {
    for (option, filter) in [
        ("--cgroup", "a filter by cgroup directory (/sys)"),
        ("--cgroupmap", "a filter by cgroup ids (/sys)"),
        ("--mntnsmap", "a filter by mount namespaces (/sys)"),
    ] {
        let trace = run(
            &[],
            &["--backend", "cnproc", option, "/sys", "--duration", "1ms"],
        );
        assert_eq!(trace.status.code(), Some(2), "{}", trace.stderr);
        assert!(trace.stderr.contains(filter), "{}", trace.stderr);
    }
    let mine = std::process::id();
    let tracer = cnproc(&["-P", &mine.to_string(), "-u", "0"]);
    let pid = slow_subject(&["lives", "exec", "2", "sleep", "100"]);
    let trace = tracer.stop();
    assert!(!about(&trace, pid).is_empty());
    assert!(
        trace
            .execs()
            .iter()
            .all(|exec| exec["ppid"] == mine && exec["uid"] == 0)
    );
    trace.accounting();
}

/// Messages that did not fit are counted by the gaps in their numbers, and said.
fn losses() {
    let tracer = cnproc(&["--ring-size", "64K"]);
    asleep(&tracer, || subject(&["storm", "3000"]));
    slow_subject(&["sleep", "10"]); // more messages, whose numbers show the gap
    slow_subject(&["sleep", "10"]);
    thread::sleep(Duration::from_millis(300));
    let trace = tracer.stop();
    let said = "messages of the process connector lost: events may be missing";
    assert!(trace.stderr.contains(said), "{}", trace.stderr);
    let accounting = trace.accounting();
    assert!(accounting.seen < 3000, "{accounting:?}");
}

/// `--stats` has no costs: no program runs in the kernel.
fn statistics() {
    let tracer = cnproc(&["--stats"]);
    subject(&["noop"]);
    let trace = tracer.stop();
    assert!(
        trace.stderr.contains("no programs in the kernel"),
        "{}",
        trace.stderr
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Connector] => [
            in_time, too_late, overtaken, ends, command, asked_for_what_is_lost, filters, losses, statistics,
        ];
        [Connector, Setpriv] => [taken_without_bpf, without_the_right];
        [Connector, Tracing] => [same_fields_as_core];
        [Connector, Root, Unshare] => [without_proc];
    ]
}
