//! Whose process it is: containers and services by the shapes of their cgroups, which are gone
//! before the tracer could look at them.

use std::time::Duration;
use std::time::Instant;

use nix::sched::CpuSet;
use nix::sched::sched_getaffinity;
use nix::sched::sched_setaffinity;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::Value;
use serde_json::json;

use crate::Case;
use crate::support::cgroups::Group;
use crate::support::cgroups::Hierarchy;
use crate::support::cgroups::id;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::requirements::Need::IntoCgroup;
use crate::support::requirements::Need::MemoryCgroups;
use crate::support::requirements::Need::PidsCgroups;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::UnifiedCgroups;
use crate::support::run::Tracer;
use crate::support::run_subject;
use crate::support::scaled;
use crate::support::text;
use crate::support::workload;

/// `path | unit | user unit | runtime | container | pod`: `-` for none, `?` for a runtime that the
/// path does not contain.
const SHAPES: &str = r"
/docker/{A} | - | - | docker | {A} | -
/docker/{A}/init.scope | - | - | docker | {A} | -
/system.slice/docker-{A}.scope | docker-{A}.scope | - | docker | {A} | -
/docker/{A}/docker/{B} | - | - | docker | {B} | -
/system.slice/docker-{A}.scope/docker/{B} | docker-{A}.scope | - | docker | {B} | -
/default/{A} | - | - | containerd | {A} | -
/system.slice/nerdctl-{A}.scope | nerdctl-{A}.scope | - | containerd | {A} | -
/system.slice/containerd.service/kubepods-burstable-pod{POD_}.slice:cri-containerd:{A} | containerd.service | - | containerd | {A} | {POD}
/kubepods/burstable/pod{POD}/{A} | - | - | ? | {A} | {POD}
/kubepods/burstable/pod{POD}/crio-{A} | - | - | cri-o | {A} | {POD}
/kubepods/besteffort/pod{POD} | - | - | - | - | {POD}
/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD_}.slice/cri-containerd-{A}.scope | cri-containerd-{A}.scope | - | containerd | {A} | {POD}
/kubepods.slice/kubepods-pod{POD_}.slice/crio-{A}.scope/container | crio-{A}.scope | - | cri-o | {A} | {POD}
/kubepods.slice/kubepods-pod{POD_}.slice/crio-conmon-{A}.scope | crio-conmon-{A}.scope | - | - | - | {POD}
/machine.slice/libpod-{A}.scope | libpod-{A}.scope | - | podman | {A} | -
/machine.slice/libpod-{A}.scope/container | libpod-{A}.scope | - | podman | {A} | -
/machine.slice/libpod-conmon-{A}.scope | libpod-conmon-{A}.scope | - | - | - | -
/libpod_parent/libpod-{A} | - | - | podman | {A} | -
/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{A}.scope/container | user@1000.service | libpod-{A}.scope | podman | {A} | -
/lxc/{NAME} | - | - | lxc | {NAME} | -
/lxc.payload.{NAME}/system.slice/cron.service | - | - | lxc | {NAME} | -
/lxc.monitor.{NAME} | - | - | - | - | -
/machine.slice/systemd-nspawn@{NAME}.service/payload | systemd-nspawn@{NAME}.service | - | systemd-nspawn | {NAME} | -
/machine.slice/machine-x\x2d{NAME}.scope | machine-x\x2d{NAME}.scope | - | systemd-nspawn | x-{NAME} | -
/system.slice/web-{NAME}.service | web-{NAME}.service | - | - | - | -
/user.slice/user-1000.slice/session-{NAME}.scope | session-{NAME}.scope | - | - | - | -
/execsnoop-{NAME} | - | - | - | - | -
";

/// What is expected of what runs in a cgroup.
struct Shape {
    path: String,
    identity: Value,
}

impl Shape {
    /// From a line of the table, with unique ids.
    fn parse(line: &str) -> Self {
        let (a, b, name) = (id(), id(), mark().replace('-', "x"));
        let pod = format!(
            "{}-{}-{}-{}-{}",
            &a[..8],
            &a[8..12],
            &a[12..16],
            &a[16..20],
            &a[20..32]
        );
        let line = line.replace("{A}", &a).replace("{B}", &b);
        let line = line.replace("{NAME}", &name).replace("{POD}", &pod);
        let line = line.replace("{POD_}", &pod.replace('-', "_"));
        let cells: Vec<&str> = line.split(" | ").collect();
        Self {
            path: cells[0].to_owned(),
            identity: expected(&cells),
        }
    }

    /// Runs a subject there that fails to execute a file, and leaves no trace of the place.
    fn pass(&self, hierarchy: Hierarchy) -> u32 {
        let group = Group::make(hierarchy, &self.path);
        let pid = run_subject(&mut group.workload(&["fail", "ENOENT", "/nonexistent/shape"])).pid;
        let ended = Instant::now();
        group.remove();
        let took = ended.elapsed();
        assert!(
            took < Duration::from_millis(50) * LOADED,
            "removed only after {took:?}"
        );
        pid
    }
}

/// How much longer than alone a step may take on a machine that others use as well.
const LOADED: u32 = 20;

fn expected(cells: &[&str]) -> Value {
    let word = |cell: &str| match cell {
        "-" | "?" => Value::Null,
        word => word.into(),
    };
    let container = match cells[4] {
        "-" => Value::Null,
        id => json!({"id": id, "runtime": word(cells[3])}),
    };
    json!({"cgroup": cells[0], "unit": word(cells[1]), "user_unit": word(cells[2]),
        "container": container, "pod_uid": word(cells[5])})
}

/// The owner fields of an event.
pub(crate) fn identity(event: &Value) -> Value {
    let names = ["cgroup", "unit", "user_unit", "container", "pod_uid"];
    names
        .map(|name| (name.to_owned(), event[name].clone()))
        .into_iter()
        .collect()
}

/// What a process was seen to do: its exec in the cgroup, its failed one, its end, its whole life.
fn events_of(trace: &[Value], pid: u32) -> Vec<(&'static str, &Value)> {
    let workload = workload();
    let all = trace.iter().filter(|event| event["ns_pid"] == pid);
    let kind = |event: &Value| match event["type"].as_str() {
        Some("exec") if event["filename"] == text(&workload) => Some("exec"),
        Some("exec") if event["filename"] == "/nonexistent/shape" => Some("failed"),
        Some("exit") => Some("exit"),
        Some("process") => Some("process"),
        _ => None,
    };
    all.filter_map(|event| Some((kind(event)?, event)))
        .collect()
}

fn faults(shape: &Shape, pid: u32, trace: &[Value]) -> Vec<String> {
    let events = events_of(trace, pid);
    let mut kinds: Vec<_> = events.iter().map(|(kind, _)| *kind).collect();
    kinds.sort_unstable();
    let mut faults = Vec::new();
    if kinds != ["exec", "exit", "failed", "process"] {
        faults.push(format!("{}: seen were {kinds:?}", shape.path));
    }
    for (kind, event) in events {
        let identity = identity(event);
        if identity != shape.identity {
            faults.push(format!("{kind}: {identity} instead of {}", shape.identity));
        }
    }
    faults
}

/// Every shape in one hierarchy. The tracer is stopped meanwhile: it cannot have looked anything
/// up.
#[track_caller]
fn check_shapes(hierarchy: Hierarchy) {
    let shapes = SHAPES.lines().filter(|line| !line.is_empty());
    let shapes: Vec<Shape> = shapes.map(Shape::parse).collect();
    let tracer = Tracer::json(&["--events", "exec,failed,exit,process"]);
    tracer.signal(Signal::SIGSTOP);
    let pids: Vec<u32> = shapes.iter().map(|shape| shape.pass(hierarchy)).collect();
    tracer.signal(Signal::SIGCONT);
    let trace = tracer.stop();
    assert_eq!(trace.accounting().lost, 0);
    let events = trace.json();
    let pairs = shapes.iter().zip(pids);
    let faults: Vec<String> = pairs
        .flat_map(|(shape, pid)| faults(shape, pid, &events))
        .collect();
    assert!(faults.is_empty(), "{hierarchy:?}:\n{}", faults.join("\n"));
}

fn shapes_in_v2() {
    check_shapes(Hierarchy::Unified);
}

fn shapes_in_v1_memory() {
    check_shapes(Hierarchy::Memory);
}

fn shapes_in_v1_pids() {
    check_shapes(Hierarchy::Pids);
}

/// A container that is there for some milliseconds only, while the tracer runs.
fn short_lived() {
    let hierarchy = crate::support::cgroups::telling();
    let tracer = Tracer::json(&[]);
    let mut ids = Vec::new();
    for _ in 0..20 {
        let (id, mark) = (id(), mark());
        let group = Group::make(hierarchy, &format!("/docker/{id}"));
        run_subject(&mut group.workload(&["noop", &mark]));
        group.remove();
        ids.push((id, mark));
    }
    let trace = tracer.stop();
    for (id, mark) in ids {
        let execs = trace.execs_with(&mark);
        assert_eq!(execs[execs.len() - 1]["container"]["id"], id);
    }
}

/// A process that moves is where it is, each time that it executes something.
fn one_that_moves() {
    let (first, second) = (id(), id());
    let mark = mark();
    let groups = [&first, &second].map(|id| Group::telling(&format!("/docker/{id}")));
    let tracer = Tracer::json(&[]);
    let inner = [
        groups[1].enter(),
        vec![text(&workload()).into(), "noop".into(), mark.clone()],
    ];
    let inner = inner.concat();
    let words: Vec<&str> = inner.iter().map(String::as_str).collect();
    run_subject(&mut groups[0].command(&words));
    let execs = tracer.stop().execs_with(&mark);
    let ids: Vec<&Value> = execs.iter().map(|exec| &exec["container"]["id"]).collect();
    assert_eq!(ids[1..], [&Value::from(first), &Value::from(second)]);
}

fn shared_dir() -> Group {
    Group::make(Hierarchy::Unified, &format!("/execsnoop-{}/docker", mark()))
}

/// Runs `workload containers DIR COUNT`, itself in that cgroup's parent's hierarchy only.
fn run_containers(above: &Group, count: usize) {
    let lobby = Group::make(Hierarchy::Unified, &format!("/execsnoop-lobby-{}", mark()));
    let count = count.to_string();
    run_subject(&mut lobby.workload(&["containers", text(&above.dir()), &count]));
    lobby.remove();
}

/// The numbers of the containers, in the order of their execs. Each must match its exec.
#[track_caller]
fn numbers(trace: &Trace, above: &str) -> Vec<u64> {
    const ID_LEN: usize = 64;
    // (Of our own workload: another run of these tests may be at work on the machine.)
    let mut execs = trace.execs_named(text(&workload()));
    execs.retain(|exec| {
        exec["args"][1]
            .as_str()
            .is_some_and(|id| id.len() == ID_LEN)
    });
    let number = |exec: &Value| {
        let name = exec["args"][1].as_str().expect("text");
        assert_eq!(
            exec["container"],
            json!({"id": name, "runtime": "docker"}),
            "{exec}"
        );
        assert_eq!(exec["cgroup"], format!("{above}/{name}"));
        u64::from_str_radix(name, 16).expect("a number")
    };
    execs.iter().map(number).collect()
}

/// More cgroups than the kernel side remembers (4,096): each is named, and none by another's name.
fn thousands() {
    let count = scaled(5000, 200);
    let above = shared_dir();
    let tracer = Tracer::json(&["--ring-size", "64M"]);
    run_containers(&above, count);
    let trace = tracer.stop();
    assert_eq!(trace.accounting().lost, 0);
    let mut found = numbers(&trace, above.path());
    found.sort_unstable();
    assert!(found.into_iter().eq(0..count as u64));
}

/// A cgroup that was used, then forgotten for the sake of thousands, is still named.
fn one_before_thousands() {
    let (id, marks) = (id(), [mark(), mark()]);
    let old = Group::telling(&format!("/docker/{id}"));
    let above = shared_dir();
    let tracer = Tracer::json(&["--ring-size", "64M"]);
    run_subject(&mut old.workload(&["noop", &marks[0]]));
    run_containers(&above, scaled(9000, 200));
    run_subject(&mut old.workload(&["noop", &marks[1]]));
    let trace = tracer.stop();
    for mark in marks {
        let execs = trace.execs_with(&mark);
        assert_eq!(execs[execs.len() - 1]["container"]["id"], id, "{mark}");
    }
}

/// The same, where the thousands run on one CPU and the old one on another: the kernel side's map
/// has a list for each CPU, and keeps the old name's entry for ever.
fn one_beside_thousands() {
    let (id, marks) = (id(), [mark(), mark()]);
    let old = Group::telling(&format!("/docker/{id}"));
    let above = shared_dir();
    let tracer = Tracer::json(&["--ring-size", "64M", "--container", &id]);
    on_cpu(1, || run_subject(&mut old.workload(&["noop", &marks[0]])));
    on_cpu(0, || run_containers(&above, scaled(17_000, 200)));
    on_cpu(1, || run_subject(&mut old.workload(&["noop", &marks[1]])));
    let trace = tracer.stop();
    for mark in marks {
        let execs = trace.execs_with(&mark);
        assert_eq!(execs.len(), 1, "{mark}: {}", trace.stderr);
    }
}

/// What this thread starts meanwhile runs on this CPU, where there is one of that number.
fn on_cpu<T>(cpu: usize, task: impl FnOnce() -> T) -> T {
    let thread = Pid::from_raw(0);
    let before = sched_getaffinity(thread).expect("our own");
    let mut only = CpuSet::new();
    only.set(cpu).expect("a small number");
    let _ = sched_setaffinity(thread, &only);
    let result = task();
    sched_setaffinity(thread, &before).expect("as it was");
    result
}

/// What is in no cgroup but the root has a path, and nobody's name.
fn at_the_root() {
    let mark = mark();
    let tracer = Tracer::json(&[]);
    let root = Group::make(Hierarchy::Unified, "/");
    run_subject(&mut root.workload(&["noop", &mark]));
    let execs = tracer.stop().execs_with(&mark);
    let expected =
        json!({"cgroup": "/", "unit": null, "user_unit": null, "container": null, "pod_uid": null});
    assert_eq!(identity(&execs[execs.len() - 1]), expected);
}

/// A name of a cgroup can be any bytes: it commands no terminal and breaks no line.
fn hostile_names() {
    let mark = mark();
    let group = Group::telling(&format!("/execsnoop-{mark}-\x1b[31m \"}}\u{202e}'\\"));
    let tracer = Tracer::json(&[]);
    run_subject(&mut group.workload(&["noop", &mark]));
    let trace = tracer.stop();
    let execs = trace.execs_with(&mark);
    assert_eq!(execs[execs.len() - 1]["cgroup"], group.path());
    assert!(!trace.text().contains(['\x1b', '\u{202e}']));
}

/// What runs in the cgroup has that cgroup's path; or none, and then a message says so.
#[track_caller]
fn check_path(path: &str, told: bool) {
    let group = Group::telling(path);
    let mark = mark();
    let tracer = Tracer::json(&[]);
    run_subject(&mut group.workload(&["noop", &mark]));
    let trace = tracer.stop();
    let execs = trace.execs_with(&mark);
    assert_eq!(
        execs[execs.len() - 1]["cgroup"],
        Value::from(told.then_some(path))
    );
    for note in [
        "cgroup, unit and container are shown as unknown",
        "shown without the name",
    ] {
        assert_eq!(!trace.stderr.contains(note), told, "{}", trace.stderr);
    }
}

/// A path of as many names as the kernel side walks is complete. One of more names is null: a part
/// of it would be the path of another cgroup.
fn deep_paths() {
    let top = format!("/execsnoop-{}", mark());
    for (levels, told) in [(63, true), (64, true), (256, true), (257, false)] {
        check_path(&format!("{top}{}", "/docker".repeat(levels - 1)), told);
    }
}

/// So is one that is as long as a path may be, below the mount point.
fn long_paths() {
    let top = format!("/execsnoop-{}", mark());
    for bytes in [3900, 4030] {
        let long = format!("/{}", "x".repeat(99));
        let names = long.repeat((bytes - top.len() - 2) / long.len());
        let missing = bytes - top.len() - names.len();
        check_path(&format!("{top}{names}/{}", "y".repeat(missing - 1)), true);
    }
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing, Root, UnifiedCgroups] => [shapes_in_v2, short_lived, one_that_moves, at_the_root, hostile_names, deep_paths, long_paths];
        [Tracing, Root, MemoryCgroups] => [shapes_in_v1_memory];
        [Tracing, Root, PidsCgroups] => [shapes_in_v1_pids];
        [Tracing, Root, UnifiedCgroups, IntoCgroup] => [thousands, one_before_thousands, one_beside_thousands];
    ]
}
