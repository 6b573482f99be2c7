//! How a trace begins, flows and ends, and that nothing of it remains.

use std::collections::BTreeSet;
use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::Case;
use crate::support::STRANGER;
use crate::support::mark;
use crate::support::patience;
use crate::support::public_dir;
use crate::support::requirements::Need::Bpftool;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::command;
use crate::support::run::kill_process;
use crate::support::run::run;
use crate::support::run_subject;
use crate::support::slowness;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_for_end;
use crate::support::wait_until;
use crate::support::workload;

/// A signal ends the trace well: with all that happened before, and the accounting.
fn check_signal(signal: Signal) {
    let tracer = Tracer::json(&[]);
    let marks = [(); 20].map(|()| mark());
    for mark in &marks {
        subject(&["noop", mark]);
    }
    tracer.signal(signal);
    let trace = tracer.wait();
    assert_eq!(trace.status.code(), Some(0), "{}", trace.stderr);
    for mark in &marks {
        assert_eq!(
            trace.execs_with(mark).len(),
            1,
            "what happened last is there too"
        );
    }
    assert_eq!(trace.accounting().shown, trace.execs().len() as u64);
}

fn sigint() {
    check_signal(Signal::SIGINT);
}

fn sigterm() {
    check_signal(Signal::SIGTERM);
}

/// The ids of the BPF programs that a process holds, by itself or by links.
fn programs_of(pid: u32) -> BTreeSet<u32> {
    let infos = fs::read_dir(format!("/proc/{pid}/fdinfo")).expect("the process is there");
    let infos = infos.filter_map(|info| fs::read_to_string(info.ok()?.path()).ok());
    let ids = |info: String| -> Vec<u32> {
        let words = info
            .lines()
            .filter_map(|line| line.strip_prefix("prog_id:"));
        words
            .map(|id| id.trim().parse().expect("a number"))
            .collect()
    };
    infos.flat_map(ids).collect()
}

fn is_loaded(id: u32) -> bool {
    let status = Command::new("bpftool")
        .args(["prog", "show", "id", &id.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.expect("bpftool can be executed").success()
}

/// After the end no program of the tracer's is in the kernel, however it ended.
fn detaches_everything() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let tracer = Tracer::json(&["-x", "--events", "exec,failed,fork"]);
        let programs = programs_of(tracer.pid());
        assert!(
            !programs.is_empty() && programs.iter().all(|&id| is_loaded(id)),
            "{programs:?}"
        );
        tracer.signal(signal);
        drop(tracer.wait());
        wait_until("the programs are gone", || {
            !programs.iter().any(|&id| is_loaded(id))
        });
    }
}

/// Starts a tracer that writes into a pipe.
fn into_pipe(args: &[&str]) -> (std::process::Child, ChildStdout) {
    let dir = public_dir();
    let ready = dir.path().join("ready");
    let mut command = command(&[], &[&["--ready-file", text(&ready)], args].concat());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("execsnoop can be executed");
    wait_until("the tracer is ready", || ready.exists());
    let stdout = child.stdout.take().expect("a pipe");
    (child, stdout)
}

/// When its reader is gone, it ends by itself, without a message, with status 0.
fn closed_pipe() {
    for format in ["text", "json", "csv"] {
        let (mut child, stdout) = into_pipe(&["--format", format]);
        drop(stdout);
        subject(&["storm", "20"]);
        let status = wait_for_end(&mut child);
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .expect("a pipe")
            .read_to_string(&mut stderr)
            .expect("text");
        assert_eq!(status.code(), Some(0), "{format}: {stderr}");
        let complaint = ["error", "panic", "roken pipe", "annot"]
            .into_iter()
            .find(|word| stderr.contains(word));
        assert_eq!(complaint, None, "{format}: {stderr}");
    }
}

/// The lines that arrive, each with the moment of its arrival.
fn arrivals(stdout: ChildStdout) -> mpsc::Receiver<(Instant, String)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send((Instant::now(), line)).is_err() {
                break;
            }
        }
    });
    receiver
}

/// How long it takes from before an exec until its line has come through the pipe.
fn latency(lines: &mpsc::Receiver<(Instant, String)>) -> Duration {
    let mark = mark();
    let begin = Instant::now();
    subject(&["noop", &mark]);
    loop {
        let (arrived, line) = lines.recv_timeout(patience()).expect("a line");
        if line.contains(&mark) {
            return arrived.saturating_duration_since(begin);
        }
    }
}

/// An exec is in the pipe within 100 ms. (Of eleven, the median: the machine has other things to
/// do.)
fn arrives_within_100_ms() {
    for format in ["text", "json"] {
        let (mut child, stdout) = into_pipe(&["--format", format]);
        let lines = arrivals(stdout);
        let mut latencies: Vec<Duration> = (0..11).map(|_| latency(&lines)).collect();
        latencies.sort();
        kill_process(child.id(), Signal::SIGINT);
        assert!(wait_for_end(&mut child).success());
        assert!(
            latencies[5] < Duration::from_millis(100) * slowness(),
            "{latencies:?}"
        );
    }
}

/// And in the file of -o as soon.
fn arrives_in_a_file_within_100_ms() {
    let dir = public_dir();
    let file = dir.path().join("events");
    let tracer = Tracer::json(&["-o", text(&file)]);
    let mut events = fs::File::open(&file).expect("the file is there");
    let mut latency = |mark: String| {
        let (begin, mut text) = (Instant::now(), String::new());
        subject(&["noop", &mark]);
        wait_until("it is in the file", || {
            events.read_to_string(&mut text).expect("whole characters");
            text.contains(&mark)
        });
        begin.elapsed()
    };
    let mut latencies: Vec<Duration> = (0..11).map(|_| latency(mark())).collect();
    latencies.sort();
    tracer.stop();
    assert!(
        latencies[5] < Duration::from_millis(100) * slowness(),
        "{latencies:?}"
    );
}

/// The ready file appears when tracing has begun, and not when it cannot begin.
fn ready_file() {
    let dir = public_dir();
    let ready = dir.path().join("ready");
    let trace = run(
        &[],
        &[
            "--ready-file",
            text(&ready),
            "--cgroup",
            "/sys/fs/cgroup/nonexistent",
            "--duration",
            "1ms",
        ],
    );
    assert_ne!(trace.status.code(), Some(0));
    assert!(!ready.exists());
    run(&[], &["--ready-file", text(&ready), "--duration", "1ms"]).expect_success();
    assert!(ready.exists());
}

/// The tracer's own processes are not part of the trace.
fn does_not_show_itself() {
    let tracer = Tracer::json(&["-x", "--events", "exec,failed,fork"]);
    let pid = tracer.pid();
    subject(&["noop"]);
    let trace = tracer.stop();
    assert!(
        !trace.json().iter().any(|event| event["ns_pid"] == pid),
        "{}",
        trace.text()
    );
}

/// Two traces at the same time see the same, each at its own moment.
fn two_at_once() {
    let tracers = [Tracer::json(&[]), Tracer::json(&[])];
    let mark = mark();
    subject(&["noop", &mark]);
    let [first, second] = tracers.map(|tracer| {
        let mut execs = tracer.stop().execs_with(&mark);
        assert_eq!(execs.len(), 1);
        execs[0]["time"].take();
        execs
    });
    assert_eq!(first, second);
}

/// While nothing happens it sleeps, and what happens then is shown as soon as ever. Of all users
/// only one is traced, since a machine is seldom silent.
fn sleeps_until_something_happens() {
    let tracer = Tracer::json(&["-u", &STRANGER.to_string()]);
    thread::sleep(Duration::from_secs(2));
    let before = naps(tracer.pid());
    thread::sleep(Duration::from_secs(3));
    let slept = naps(tracer.pid()) - before;
    assert!(slept <= 6, "it slept {slept} times in 3 s, and not through");
    let mut latencies: Vec<Duration> = (0..5).map(|_| latency_after_silence(&tracer)).collect();
    latencies.sort();
    assert!(
        latencies[2] < Duration::from_millis(100) * slowness(),
        "{latencies:?}"
    );
    tracer.stop();
}

/// How often a process has gone to sleep.
fn naps(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    let mut lines = status.lines();
    let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    count
        .expect("the kernel counts")
        .trim()
        .parse()
        .expect("a number")
}

fn latency_after_silence(tracer: &Tracer) -> Duration {
    let mark = mark();
    let mut stranger = Command::new(workload());
    stranger.args(["noop", &mark]).uid(STRANGER).gid(STRANGER);
    thread::sleep(Duration::from_secs(2));
    let begin = Instant::now();
    run_subject(&mut stranger);
    wait_until("it is shown", || tracer.stdout().contains(&mark));
    begin.elapsed()
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            sigint, sigterm, closed_pipe, arrives_within_100_ms, arrives_in_a_file_within_100_ms, ready_file, does_not_show_itself,
            two_at_once, sleeps_until_something_happens,
        ];
        [Tracing, Bpftool] => [detaches_everything];
    ]
}
