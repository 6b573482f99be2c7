//! How processes end: what a record says of it is what wait4 says, and there is one for each.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use crate::Case;
use crate::support::cgroups::Group;
use crate::support::cgroups::Hierarchy;
use crate::support::mark;
use crate::support::public_dir;
use crate::support::requirements::Need::ChosenPid;
use crate::support::requirements::Need::MemoryCgroups;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::subject;
use crate::support::wait4_oracle::ENDS;
use crate::support::wait4_oracle::check_whole;
use crate::support::wait4_oracle::lives_of;
use crate::support::wait4_oracle::lives_of_command;
use crate::support::wait4_oracle::settle;
use crate::support::wait4_oracle::the_record;
use crate::support::workload;

/// Status codes, of images of their own and of forks.
fn codes() {
    for how in ["exec", "fork"] {
        for code in [0, 7, 255] {
            let lives = lives_of(&["lives", how, "1", "exit", &code.to_string()]);
            assert_eq!(lives[0].waited.status().code(), Some(code));
        }
    }
}

/// Signals, real-time ones among them.
fn signals() {
    for (name, number) in [("KILL", 9), ("TERM", 15), ("SEGV", 11), ("ABRT", 6)] {
        let status = lives_of(&["lives", "exec", "1", "signal", name])[0]
            .waited
            .status();
        assert_eq!(status.signal(), Some(number));
        assert!(!status.core_dumped(), "the workload forbids it");
    }
}

/// A core was dumped when there is one.
fn core_dump() {
    let dir = public_dir();
    let mut command = Command::new(workload());
    command
        .args(["lives", "exec", "1", "crash"])
        .current_dir(dir.path());
    let status = lives_of_command(&mut command)[0].waited.status();
    assert_eq!(status.signal(), Some(11));
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").expect("proc is there");
    if !pattern.starts_with(['/', '|']) {
        assert!(status.core_dumped(), "nothing stands against a core here");
        let files = fs::read_dir(dir.path()).expect("the directory is there");
        assert_eq!(files.count(), 1, "the core");
    }
}

/// A process that the kernel kills because memory is short, here in its cgroup, is told apart from
/// others that were killed by the same signal.
fn out_of_memory() {
    let group = Group::make(Hierarchy::Memory, &format!("/execsnoop-{}", mark()));
    let limit = group.dir().join("memory.limit_in_bytes");
    fs::write(limit, (32 << 20).to_string()).expect("the controller is there");
    let tracer = Tracer::json(&["--events", "exit,process"]);
    let child = group.workload(&["touch", "200"]).spawn();
    let mut child = child.expect("the subject can be executed");
    let status = child.wait().expect("it was started");
    assert_eq!(status.signal(), Some(9));
    settle();
    let trace = tracer.stop();
    for name in ["exit", "process"] {
        let record = the_record(&trace, name, child.id().into());
        let end = (&record["signal"], &record["oom_killed"]);
        assert_eq!(end, (&9.into(), &true.into()), "{record}");
    }
}

/// The whole process ends when a thread that is not the first ends it.
fn by_another_thread() {
    let lives = lives_of(&["lives", "exec", "20", "thread-exit", "9"]);
    assert!(
        lives
            .iter()
            .all(|life| life.waited.status().code() == Some(9))
    );
}

/// A process lives on when its first thread has left: until the last one leaves. Which of their
/// statuses counts depends on the kernel. Neither thread's time is missing, and the process has the
/// first one's name.
fn leader_first() {
    for life in lives_of(&["lives", "exec", "20", "leader-first", "3", "5"]) {
        assert!(matches!(life.waited.status().code(), Some(3 | 5)));
        let lifetime = life.process["lifetime_ns"].as_u64().expect("a number");
        assert!(lifetime >= 20_000_000, "{}", life.process);
        for record in [&life.exit, &life.process] {
            let cpu_ns = record["cpu_ns"].as_u64().expect("a number");
            assert!(cpu_ns >= 7_500_000, "3 and 5 ms: {record}");
            assert_eq!(record["comm"], "workload");
        }
    }
}

/// 33 threads that leave at once are one end; 100 times.
fn racing_threads() {
    let lives = lives_of(&["lives", "exec", "100", "race-out", "33"]);
    assert_eq!(lives.len(), 100);
}

/// An exec by a thread that is not the first is no end: the process has one life, and ends once.
fn exec_by_a_thread() {
    for life in lives_of(&["lives", "exec", "20", "thread-exec"]) {
        assert_eq!(life.process["execs"], 2);
        let args = serde_json::json!(["from", "another thread"]);
        assert_eq!(life.process["args"], args);
    }
}

/// A pid that comes back is another process, with a life of its own, and the end of the first is
/// its own as well, though its final account comes when the second is there already.
fn reused_pid() {
    let tracer = Tracer::json(ENDS);
    let pid = subject(&["reuse-pid"]).json()["pid"].clone();
    settle();
    let trace = tracer.stop();
    check_whole(&trace);
    for name in ["exit", "process"] {
        let mut records = trace.of_type(name);
        records.retain(|record| record["ns_pid"] == pid);
        records.sort_by_key(|record| record["code"].as_u64());
        assert_eq!(records.len(), 2, "{records:?}");
        assert_eq!(
            (&records[0]["code"], &records[1]["code"]),
            (&1.into(), &2.into())
        );
        assert_ne!(records[0]["id"], records[1]["id"]);
    }
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            codes, signals, core_dump, by_another_thread, leader_first, racing_threads,
            exec_by_a_thread,
        ];
        [Tracing, Root, ChosenPid] => [reused_pid];
        [Tracing, Root, MemoryCgroups] => [out_of_memory];
    ]
}
