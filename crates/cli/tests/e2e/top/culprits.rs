//! Loads as people meet them: the answer names who causes them.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::Case;
use crate::support::Cgroup;
use crate::support::cgroups::Group;
use crate::support::cgroups::id;
use crate::support::executable;
use crate::support::public_dir;
use crate::support::requirements::Need::Cgroup2;
use crate::support::requirements::Need::CgroupCpuTime;
use crate::support::requirements::Need::IntoCgroup;
use crate::support::requirements::Need::Make;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::trace_command;
use crate::support::text;
use crate::support::workload;

/// A process in the background, killed at the end.
#[derive(Debug)]
struct Background(Child);

impl Background {
    fn start(mut command: Command) -> Self {
        let command = command.stdout(Stdio::null()).stdin(Stdio::null());
        let child = command.spawn().expect("the subject can be executed");
        std::thread::sleep(Duration::from_millis(1500)); // it is not short-lived
        Self(child)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A directory with scripts, and with copies of the workload under other names.
#[derive(Debug)]
struct Tools(TempDir);

impl Tools {
    fn new() -> Self {
        Self(public_dir())
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        executable(&path, &format!("#!/bin/sh\n{text}\n"));
        path
    }

    /// A program of this name that does what the workload does.
    fn program(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        fs::copy(workload(), &path).expect("the workload can be copied");
        text(&path).to_owned()
    }
}

/// What `top --once TIME` says.
#[track_caller]
fn ranking(args: &[&str]) -> Value {
    read(Tracer::start(
        &[&["top", "--format", "json"], args].concat(),
    ))
}

#[track_caller]
fn read(tracer: Tracer) -> Value {
    let trace = tracer.wait().expect_success();
    assert_eq!(trace.accounting().lost, 0);
    serde_json::from_slice(&trace.stdout).expect("one JSON object")
}

fn answer(ranking: &Value) -> &str {
    ranking["answer"].as_str().expect("an answer")
}

/// The row whose name begins with this.
#[track_caller]
fn row<'a>(ranking: &'a Value, name: &str) -> &'a Value {
    let rows = ranking["rows"].as_array().expect("rows");
    let is_it = |row: &&Value| row["name"].as_str().is_some_and(|it| it.starts_with(name));
    rows.iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no {name} in {ranking:#}"))
}

/// CPU time of a cgroup, in microseconds.
fn usage(cgroup: &Cgroup) -> f64 {
    let stat = fs::read_to_string(cgroup.path().join("cpu.stat")).expect("cpu.stat");
    let usage = stat
        .lines()
        .find_map(|line| line.strip_prefix("usage_usec "));
    usage.expect("usage_usec").parse().expect("a number")
}

/// A script burns a core with processes of 3 ms each, beside two busy processes that live long. It
/// is named, and its share is what its cgroup accounts.
fn script_beside_long_lived_processes() {
    let tools = Tools::new();
    let cgroup = Cgroup::create().expect("a cgroup");
    let burn = format!(
        "echo 0 > {}/cgroup.procs\nwhile :; do {} burn 3000; done",
        text(cgroup.path()),
        tools.program("burn"),
    );
    let script = tools.script("burner.sh", &burn);
    let busy = || {
        let mut command = Command::new(workload());
        command.args(["burn", "600000000"]);
        command
    };
    let _busy = [Background::start(busy()), Background::start(busy())];
    let burner = Background::start(Command::new(&script));
    // What else this machine runs may be a greater culprit.
    let own = std::process::id().to_string();
    let tracer = Tracer::start(&["top", "--once", "5s", "--format", "json", "-p", &own]);
    let (before, begin) = (usage(&cgroup), Instant::now());
    let ranking = read(tracer);
    let share = (usage(&cgroup) - before) / begin.elapsed().as_secs_f64() / 1e4;
    let expected = share / ranking["cpus"].as_f64().expect("a number");
    let pid = burner.pid();
    drop(burner);
    let answer = answer(&ranking);
    assert!(
        answer.contains(&format!("burner.sh (pid {pid}")),
        "{answer}"
    );
    assert!(answer.contains("Most of it is burn"), "{answer}");
    let found = row(&ranking, "burner.sh")["cpu_percent"]
        .as_f64()
        .expect("known");
    assert!(
        (found - expected).abs() < expected / 10.0,
        "{found}, not {expected}: {answer}"
    );
    let idle = ranking["idle_percent"].as_f64().expect("known");
    let long = ranking["long_lived_percent"].as_f64().expect("known");
    let short = ranking["short_lived_percent"].as_f64().expect("known");
    assert!(
        (idle + long + short - 100.0).abs() < 1.0 && idle < 20.0,
        "{ranking:#}"
    );
}

/// What a make starts through shells belongs to the make, and every process is counted.
fn make_with_jobs() {
    let tools = Tools::new();
    let burn = tools.program("compile");
    let rule = format!("job%:\n\t@true; {burn} burn 2000; {burn} burn 2000\n");
    let objects: Vec<String> = (0..40).map(|number| format!("job{number}")).collect();
    let makefile = tools.0.path().join("Makefile");
    fs::write(
        &makefile,
        format!(
            "all: long {}\nlong:\n\t@sleep 1.5\n{rule}",
            objects.join(" ")
        ),
    )
    .expect("a file");
    let make = ["make", "-s", "-j4", "-f", text(&makefile)];
    let options = ["top", "--format", "json"];
    let trace = trace_command(&options, &make).expect_success();
    let ranking: Value = serde_json::from_slice(&trace.events).expect("one JSON object");
    assert!(
        answer(&ranking).contains("started by make (pid "),
        "{ranking:#}"
    );
    let make = row(&ranking, "make[");
    assert_eq!(make["program"], "compile");
    assert_eq!(make["processes"].as_u64(), Some(40 * 3), "{ranking:#}");
}

/// A daemon forks a shell, and that forks others: it is the daemon's, at any depth.
fn daemon_that_starts_shells() {
    let tools = Tools::new();
    let (awk, grep) = (tools.program("awk"), tools.program("grep"));
    let job = tools.script("job", &format!("{awk} burn 2000 | {grep} burn 1000; :"));
    let daemon = tools.script("crond", &format!("while :; do sh {} ; done", text(&job)));
    let daemon = Background::start(Command::new(daemon));
    let ranking = ranking(&["--once", "2s", "-p", &daemon.pid().to_string()]);
    let said = answer(&ranking);
    assert!(
        said.contains(&format!("crond (pid {}", daemon.pid())),
        "{said}"
    );
    assert!(said.contains("Most of it is awk"), "{said}");
    let all = row(&ranking, "crond")["processes"]
        .as_f64()
        .expect("a number");
    let rows = ranking["rows"].as_array().expect("rows");
    let is_part = |row: &&Value| row["name"].as_str().is_some_and(|it| it.starts_with("sh["));
    assert!(
        all > 50.0 && !rows.iter().any(|it| is_part(&it)),
        "{ranking:#}"
    );
}

/// A service that dies at once and is started again: the answer says by whom, and how it ends.
fn crash_loop() {
    let tools = Tools::new();
    let service = tools.program("webserver");
    let text = format!("while :; do {service} exit 3; sleep 0.01; done");
    let supervisor = tools.script("supervisor", &text);
    let supervisor = Background::start(Command::new(supervisor));
    let filter = ["--filter", "comm == 'webserver'"];
    let ranking = ranking(&[&["--once", "2s"], &filter[..]].concat());
    let said = answer(&ranking);
    assert!(
        said.contains(&format!("supervisor (pid {}", supervisor.pid())),
        "{said}"
    );
    assert!(
        said.contains("webserver, and 100 % end with status 3"),
        "{said}"
    );
    assert_eq!(row(&ranking, "supervisor")["exit"], "3");
}

/// What runs in a container is the container's.
fn container() {
    let tools = Tools::new();
    let id = id();
    let group = Group::telling(&format!("/docker/{id}"));
    let loop_ = format!("while :; do {} burn 2000; done", tools.program("burn"));
    let script = tools.script("entrypoint", &loop_);
    let subject = Background::start(group.command(&[text(&script)]));
    let only = ["--once", "1s", "--container", &id];
    let by_culprit = ranking(&only);
    let by_container = ranking(&[&only[..], &["--by", "container"]].concat());
    drop(subject);
    assert!(answer(&by_culprit).contains(&id[..12]), "{by_culprit:#}");
    let owner = &row(&by_culprit, "entrypoint")["owner"];
    assert!(
        owner.as_str().is_some_and(|it| it.starts_with(&id[..12])),
        "{owner}"
    );
    assert_eq!(row(&by_container, &id)["program"], "burn");
    group.remove();
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing, Cgroup2, CgroupCpuTime] => [script_beside_long_lived_processes];
        [Tracing, Make] => [make_with_jobs];
        [Tracing] => [crash_loop, daemon_that_starts_shells];
        [Tracing, IntoCgroup] => [container];
    ]
}
