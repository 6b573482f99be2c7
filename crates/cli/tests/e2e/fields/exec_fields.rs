//! What the fields of an exec say, against what the machine says.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;

use crate::Case;
use crate::support::Cgroup;
use crate::support::STRANGER;
use crate::support::mark;
use crate::support::output_reader::args;
use crate::support::public_dir;
use crate::support::requirements::Need::Cgroup2;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::SetUserId;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::text;
use crate::support::workload;

fn read(path: &str) -> String {
    fs::read_to_string(path).expect("proc is there")
}

/// Whether the tests' pids are the machine's.
fn in_initial_pid_namespace() -> bool {
    const PROC_PID_INIT_INO: u64 = 0xEFFF_FFFC;
    fs::metadata("/proc/self/ns/pid").is_ok_and(|ns| ns.ino() == PROC_PID_INIT_INO)
}

/// Every field of an ordinary exec.
fn plain_exec() {
    let tracer = Tracer::json(&[]);
    let subject = subject(&["noop", "one", "two words"]);
    let exec = tracer.stop().execs_of(subject.pid).remove(0);
    assert_eq!(args(&exec), [text(&workload()), "noop", "one", "two words"]);
    for (field, expected) in [
        ("filename", Value::from(text(&workload()))),
        ("exe", text(&workload()).into()),
        ("script", Value::Null),
        ("comm", "workload".into()),
        ("pcomm", read("/proc/self/comm").trim_end().into()),
        ("uid", nix::unistd::getuid().as_raw().into()),
        ("euid", nix::unistd::geteuid().as_raw().into()),
        ("gid", nix::unistd::getgid().as_raw().into()),
        ("ret", 0.into()),
        ("container", Value::Null),
    ] {
        assert_eq!(exec[field], expected, "{field}");
    }
    assert_eq!((exec.get("errno"), exec.get("args_b64")), (None, None));
}

/// pid, tid and ppid are those of the machine.
fn numbers_of_processes() {
    let tracer = Tracer::json(&[]);
    let subject = subject(&["noop"]);
    let exec = tracer.stop().execs_of(subject.pid).remove(0);
    assert_eq!(exec["tid"], exec["pid"]);
    if in_initial_pid_namespace() {
        assert_eq!(exec["pid"], subject.pid);
        assert_eq!(exec["ppid"], std::process::id());
    }
}

/// The start of a process by its id, in clock ticks of 10 ms.
fn ticks_of(id: &Value) -> u64 {
    let id = id.as_str().expect("ids are words");
    let (_, start) = id.split_once('-').expect("pid and start time");
    u64::from_str_radix(start, 16).expect("in hexadecimal") / 10_000_000
}

/// An id belongs to one process: the same through all its execs, another for each, and made of the
/// start time that the kernel itself publishes.
fn ids_of_processes() {
    let tracer = Tracer::json(&[]);
    let (first, second) = (subject(&["argv", "1"]), subject(&["noop"]));
    let trace = tracer.stop();
    let (first, second) = (trace.execs_of(first.pid), trace.execs_of(second.pid));
    assert_eq!(first[0]["id"], first[1]["id"]);
    assert_ne!(first[0]["id"], second[0]["id"]);
    assert_eq!(first[0]["parent_id"], second[0]["parent_id"]);
    let stat = read("/proc/self/stat");
    let after_name = stat.rsplit(')').next().expect("a name in parentheses");
    assert_eq!(
        ticks_of(&first[0]["parent_id"]).to_string(),
        after_name.split(' ').nth(20).expect("field 22")
    );
}

/// Times are UTC with nine digits, between the moments before and after.
fn time() {
    let tracer = Tracer::json(&[]);
    let before = Timestamp::now();
    let subject = subject(&["noop"]);
    let after = Timestamp::now();
    let exec = tracer.stop().execs_of(subject.pid).remove(0);
    let written = exec["time"].as_str().expect("a time");
    let time: Timestamp = written.parse().expect("a time as RFC 3339 writes it");
    assert_eq!(written, format!("{time:.9}"));
    assert!(before <= time && time <= after, "{before} {time} {after}");
}

/// Events come in the order of their times, whichever CPU they come from: two that happen at the
/// same instant may change places, more than that may not.
fn times_are_in_order() {
    let tracer = Tracer::json(&[]);
    subject(&["storm", "400", "2"]);
    let execs = tracer.stop().execs();
    let time = |exec: &Value| {
        exec["time"]
            .as_str()
            .and_then(|time| time.parse::<Timestamp>().ok())
    };
    let times: Vec<Timestamp> = execs
        .iter()
        .map(|exec| time(exec).expect("a time"))
        .collect();
    let latest_before = times.iter().scan(Timestamp::MIN, |latest, &time| {
        *latest = time.max(*latest);
        Some(*latest)
    });
    let late_by = latest_before
        .zip(&times)
        .map(|(latest, &time)| latest.duration_since(time));
    let worst = late_by.max().expect("many execs");
    assert!(
        worst < SignedDuration::from_millis(20),
        "one comes {worst:?} after a later one"
    );
}

/// The first line ties time since boot to wall-clock time.
fn clock_comes_first() {
    let tracer = Tracer::json(&[]);
    let lines = tracer.stop().json();
    let uptime: f64 = read("/proc/uptime")
        .split(' ')
        .next()
        .expect("seconds")
        .parse()
        .expect("a number");
    let clock = &lines[0];
    assert_eq!(clock["type"], "clock");
    let boot_ns: u64 = clock["boot_ns"]
        .as_str()
        .expect("a word")
        .parse()
        .expect("a number");
    let age = uptime - boot_ns as f64 / 1e9;
    assert!((-0.02..10.0).contains(&age), "read {age} s ago");
    let time: Timestamp = clock["time"]
        .as_str()
        .expect("a word")
        .parse()
        .expect("a time");
    let wall_age = Timestamp::now().duration_since(time).as_secs_f64();
    assert!((wall_age - age).abs() < 0.1, "{wall_age} s and {age} s");
}

/// Real and effective ids of another user.
fn another_user() {
    let tracer = Tracer::json(&[]);
    let subject = run_subject(
        Command::new(workload())
            .arg("noop")
            .uid(STRANGER)
            .gid(STRANGER),
    );
    let exec = tracer.stop().execs_of(subject.pid).remove(0);
    assert_eq!(
        (&exec["uid"], &exec["euid"], &exec["gid"]),
        (&STRANGER.into(), &STRANGER.into(), &STRANGER.into())
    );
}

/// A set-user-id program has its caller's real id, and its owner's effective one.
fn set_user_id() {
    let dir = public_dir();
    let program = dir.path().join("privileged");
    fs::copy(workload(), &program).expect("the workload can be copied");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755))
        .expect("and made set-user-id");
    let tracer = Tracer::json(&[]);
    let subject = run_subject(
        Command::new(&program)
            .arg("noop")
            .uid(STRANGER)
            .gid(STRANGER),
    );
    let exec = tracer.stop().execs_of(subject.pid).remove(0);
    assert_eq!((&exec["uid"], &exec["euid"]), (&STRANGER.into(), &0.into()));
}

/// The cgroup's id is the inode number of its directory.
fn cgroup_id() {
    let cgroup = Cgroup::create().expect("a cgroup can be made");
    let mark = mark();
    let tracer = Tracer::json(&[]);
    run_subject(&mut in_cgroup(&cgroup, &mark));
    let execs = tracer.stop().execs_with(&mark);
    let id = fs::metadata(cgroup.path())
        .expect("the cgroup is there")
        .ino();
    assert_eq!(execs.last().expect("an exec")["cgroup_id"], id.to_string());
}

/// `workload noop MARK`, executed by a shell that has moved into a cgroup.
pub(crate) fn in_cgroup(cgroup: &Cgroup, mark: &str) -> Command {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"",
        text(cgroup.path()),
    ]);
    command.args([text(&workload()), "noop", mark]);
    command
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            plain_exec, numbers_of_processes, ids_of_processes, time, times_are_in_order,
            clock_comes_first,
        ];
        [Tracing, Root] => [another_user];
        [Tracing, Root, SetUserId] => [set_user_id];
        [Tracing, Cgroup2] => [cgroup_id];
    ]
}
