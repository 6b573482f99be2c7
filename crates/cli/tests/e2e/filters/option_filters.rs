//! What is shown when less than everything is asked for; the rest counts as filtered.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::unistd::User;

use crate::Case;
use crate::fields::exec_fields::in_cgroup;
use crate::support::Cgroup;
use crate::support::STRANGER;
use crate::support::Waiting;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::public_dir;
use crate::support::requirements::Need::Cgroup2;
use crate::support::requirements::Need::PinnedMaps;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::Unshare;
use crate::support::run::Tracer;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::text;
use crate::support::workload;

fn as_user(uid: u32, mark: &str) {
    run_subject(
        Command::new(workload())
            .args(["noop", mark])
            .uid(uid)
            .gid(uid),
    );
}

/// Fails unless the one mark is shown and the other filtered.
#[track_caller]
pub(crate) fn check(trace: &Trace, shown: &str, hidden: &str) {
    assert_eq!(trace.execs_with(shown).len(), 1, "{shown} is to be shown");
    assert_eq!(
        trace.execs_with(hidden).len(),
        0,
        "{hidden} is to be hidden"
    );
    let accounting = trace.accounting();
    assert_eq!(
        (accounting.shown, accounting.lost),
        (trace.execs().len() as u64, 0)
    );
    assert!(accounting.filtered >= 1, "{accounting:?}");
}

fn check_user(option: &str, uid: u32, other: u32) {
    let (shown, hidden) = (mark(), mark());
    let tracer = Tracer::json(&["-u", option]);
    as_user(uid, &shown);
    as_user(other, &hidden);
    check(&tracer.stop(), &shown, &hidden);
}

fn user_by_number() {
    check_user(&STRANGER.to_string(), STRANGER, 0);
}

fn user_by_name() {
    let nobody = User::from_name("nobody")
        .expect("users can be looked up")
        .expect("nobody exists");
    check_user("nobody", nobody.uid.as_raw(), 0);
}

/// Root is a user to be filtered for like every other (0 is no "unset").
fn user_zero() {
    check_user("0", 0, STRANGER);
}

fn user_root() {
    check_user("root", 0, STRANGER);
}

/// -u holds for failed execs too.
fn user_of_failed_execs() {
    let tracer = Tracer::json(&["-x", "-u", &STRANGER.to_string()]);
    let fail = ["fail", "ENOENT", "/nonexistent/program"];
    let shown = run_subject(
        Command::new(workload())
            .args(fail)
            .uid(STRANGER)
            .gid(STRANGER),
    );
    let hidden = subject(&fail);
    let trace = tracer.stop();
    assert_eq!(
        (
            trace.execs_of(shown.pid).len(),
            trace.execs_of(hidden.pid).len()
        ),
        (2, 0)
    );
}

/// -n is a regular expression on the command's name, not on its arguments.
fn command_name() {
    let dir = public_dir();
    let needle = dir.path().join("needle7");
    fs::copy(workload(), &needle).expect("the workload can be copied");
    let (shown, hidden) = (mark(), mark());
    let tracer = Tracer::json(&["-n", "^needle[0-9]$"]);
    run_subject(Command::new(&needle).args(["noop", &shown]));
    run_subject(Command::new(workload()).args(["noop", &hidden, "needle7"]));
    check(&tracer.stop(), &shown, &hidden);
}

/// -l is a regular expression on the arguments, joined by spaces.
fn command_line() {
    let (shown, hidden) = (mark(), mark());
    let pattern = format!("noop {shown} tw.*ds$");
    let tracer = Tracer::json(&["-l", &pattern]);
    subject(&["noop", &shown, "two words"]);
    subject(&["noop", &hidden, "two words"]);
    subject(&["noop", &shown, "two birds", "more"]);
    check(&tracer.stop(), &shown, &hidden);
}

/// -P shows the children of one process.
fn parent() {
    let hidden = mark();
    let parent = Waiting::start(&[], &["storm", "3"]);
    let tracer = Tracer::json(&["-P", &parent.pid().to_string()]);
    parent.go();
    subject(&["noop", &hidden]);
    let trace = tracer.stop();
    check(&trace, "0-0", &hidden);
    assert_eq!(trace.execs().len(), 3);
}

/// -P shows the forks of one process, too.
fn creator_of_forks() {
    let parent = Waiting::start(&[], &["storm", "3"]);
    let pid = parent.pid();
    let tracer = Tracer::json(&["--events", "fork", "-P", &pid.to_string()]);
    parent.go();
    subject(&["noop", &mark()]);
    let trace = tracer.stop();
    let forks = trace.of_type("fork");
    let creators: Vec<_> = forks
        .iter()
        .map(|fork| fork["creator_pid"].as_u64())
        .collect();
    assert_eq!(creators, [Some(pid.into()); 3]);
    assert!(trace.accounting().filtered >= 1);
}

/// -c shows what runs in a cgroup.
fn cgroup() {
    let cgroup = Cgroup::create().expect("a cgroup can be made");
    let (shown, hidden) = (mark(), mark());
    let tracer = Tracer::json(&["-c", text(cgroup.path())]);
    run_subject(&mut in_cgroup(&cgroup, &shown));
    subject(&["noop", &hidden]);
    check(&tracer.stop(), &shown, &hidden);
}

/// A tracer with a pinned map that has one key. (The BPF file system is one of its own, which
/// no other process sees, and which is gone with the tracer.)
fn with_pinned_map(option: &str, key: u64, value_size: usize) -> Tracer {
    let dir = public_dir();
    let map = dir.path().join("map");
    let bytes = key.to_ne_bytes().map(|byte| byte.to_string()).join(" ");
    let zeros = ["0"].repeat(value_size).join(" ");
    let script = format!(
        "mount -t bpf bpf {dir} &&
        bpftool map create {map} type hash key 8 value {value_size} entries 1024 name wanted &&
        bpftool map update pinned {map} key {bytes} value {zeros} && exec \"$0\" \"$@\"",
        dir = text(dir.path()),
        map = text(&map),
    );
    Tracer::start_behind(
        &["unshare", "-m", "sh", "-c", &script],
        &["--format", "json", option, text(&map)],
    )
}

/// `--cgroupmap` shows processes in cgroups with an id in the user's pinned map.
fn map_of_cgroups() {
    let cgroup = Cgroup::create().expect("a cgroup can be made");
    let (shown, hidden) = (mark(), mark());
    let id = fs::metadata(cgroup.path())
        .expect("the cgroup is there")
        .ino();
    let tracer = with_pinned_map("--cgroupmap", id, 8);
    run_subject(&mut in_cgroup(&cgroup, &shown));
    subject(&["noop", &hidden]);
    check(&tracer.stop(), &shown, &hidden);
}

/// `--mntnsmap` shows processes in mount namespaces with a number in the user's pinned map.
fn map_of_mount_namespaces() {
    let hidden = mark();
    let inside = Waiting::start(&["unshare", "-m"], &["storm", "2"]).settled();
    let namespace = format!("/proc/{}/ns/mnt", inside.pid());
    let namespace = fs::metadata(namespace).expect("the subject is there").ino();
    let tracer = with_pinned_map("--mntnsmap", namespace, 4);
    inside.go();
    subject(&["noop", &hidden]);
    let trace = tracer.stop();
    check(&trace, "0-1", &hidden);
    assert_eq!(trace.execs().len(), 2);
}

/// A map that is not there is a failure with the map's name, not an empty trace.
fn missing_map() {
    let trace = crate::support::run::run(
        &[],
        &["--cgroupmap", "/nonexistent/map", "--duration", "5s"],
    );
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert!(
        trace.stderr.contains("/nonexistent/map"),
        "{}",
        trace.stderr
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [command_name, command_line, parent, creator_of_forks, missing_map];
        [Tracing, Root] => [user_by_number, user_by_name, user_zero, user_root, user_of_failed_execs];
        [Tracing, Cgroup2] => [cgroup];
        [Tracing, Cgroup2, PinnedMaps] => [map_of_cgroups];
        [Tracing, Unshare, PinnedMaps] => [map_of_mount_namespaces];
    ]
}
