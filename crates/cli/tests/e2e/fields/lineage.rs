//! Lineage: creators and ancestors, also after their end, and the descendants of a process.

use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::Case;
use crate::support::Subject;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_for_end;
use crate::support::wait4_oracle::check_whole;
use crate::support::wait4_oracle::settle;
use crate::support::workload;

/// A daemon, adopted by init or a subreaper: the case, and its last exec.
struct Daemon {
    subject: Subject,
    mark: String,
    trace: Trace,
}

impl Daemon {
    /// Traces the start of one.
    fn trace(options: &[&str]) -> Self {
        let mark = mark();
        let tracer = Tracer::json(options);
        let subject = subject(&["daemon", &mark]);
        settle();
        let trace = tracer.stop();
        check_whole(&trace);
        Self {
            subject,
            mark,
            trace,
        }
    }

    /// Its own record of a type, when it has become another program.
    fn record(&self, name: &str) -> Value {
        let mut records = self.trace.of_type(name);
        records.retain(|record| record["args"] == json!(["noop", self.mark]));
        assert_eq!(records.len(), 1, "{records:?}");
        records.remove(0)
    }
}

/// The one process that has this id.
fn process(trace: &Trace, id: &Value) -> Value {
    let mut processes = trace.of_type("process");
    processes.retain(|process| process["id"] == *id);
    assert_eq!(processes.len(), 1, "{id}: {processes:?}");
    processes.remove(0)
}

/// The creator of a daemon is the process that forked it, not the one that adopted it; and so on up
/// to the first process.
fn creators_of_a_daemon() {
    let daemon = Daemon::trace(&["-d"]);
    let life = daemon.record("process");
    let middle = process(&daemon.trace, &life["creator_id"]);
    let first = process(&daemon.trace, &middle["creator_id"]);
    assert_eq!(first["ns_pid"], daemon.subject.pid);
    assert_eq!(life["creator_pid"], middle["pid"]);
    assert_ne!(life["parent_id"], middle["id"], "somebody has adopted it");
    assert_ne!(life["ppid"], middle["pid"]);
    assert_eq!(
        (&middle["execs"], &middle["args"]),
        (&0.into(), &first["args"])
    );
}

/// The ids of a record's ancestors, the nearest first.
fn ancestor_ids(record: &Value) -> Vec<&Value> {
    let list = record["ancestors"].as_array().expect("a list");
    list.iter().map(|ancestor| &ancestor["id"]).collect()
}

/// The ancestors of a daemon, at its exec and at its end: the one in the middle is gone by then.
fn ancestors_of_a_daemon() {
    let daemon = Daemon::trace(&["--ancestors", "--events", "exec,exit,process"]);
    let life = daemon.record("process");
    let middle = process(&daemon.trace, &life["creator_id"]);
    let exits = daemon.trace.of_type("exit");
    let exit = exits.iter().find(|exit| exit["id"] == life["id"]);
    for record in [&daemon.record("exec"), &life, exit.expect("its end")] {
        let ids = ancestor_ids(record);
        let known = [&middle["id"], &middle["creator_id"]];
        assert_eq!(ids[..2], known, "{record}");
        let ancestors = &record["ancestors"];
        let comms = [0, 1].map(|at| ancestors[at]["comm"].as_str());
        assert_eq!(comms, [Some("workload"); 2]);
        assert_eq!(
            ancestors[1]["pid"].as_u64(),
            process(&daemon.trace, ids[1])["pid"].as_u64()
        );
        assert!(ancestors[0].get("args").is_none(), "nobody asked for them");
    }
}

/// A process's parent, by /proc.
fn parent_of(pid: u64) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok().filter(|&parent| parent != 0)
}

/// Processes that existed before the trace are among the ancestors: the tests, and all above them.
/// (A machine may hide its first process, even from root.)
fn ancestors_from_before() {
    let tracer = Tracer::json(&["--ancestors"]);
    let pid = subject(&["noop"]).pid;
    let exec = tracer.stop().execs_of(pid).remove(0);
    let ancestors = exec["ancestors"].as_array().expect("a list");
    assert_eq!(ancestors[0]["id"], exec["parent_id"]);
    assert_eq!(ancestors[0]["comm"], exec["pcomm"]);
    let pid_of = |ancestor: &Value| ancestor["pid"].as_u64().expect("a number");
    let mut found: Vec<u64> = ancestors.iter().map(pid_of).collect();
    let own = std::process::id().into();
    let mut expected: Vec<u64> = std::iter::successors(Some(own), |&pid| parent_of(pid)).collect();
    for chain in [&mut found, &mut expected] {
        chain.retain(|&pid| pid != 1);
    }
    assert_eq!(found, expected, "{exec}");
}

/// The N nearest only.
fn nearest_ancestors() {
    for count in [1, 2] {
        let daemon = Daemon::trace(&[&format!("--ancestors={count}")]);
        let exec = daemon.record("exec");
        assert_eq!(ancestor_ids(&exec).len(), count, "{exec}");
    }
}

/// The ancestors' arguments, of one that is gone and of one that was there before.
fn arguments_of_ancestors() {
    let daemon = Daemon::trace(&["--ancestors", "--ancestor-args"]);
    let exec = daemon.record("exec");
    let args_of = |at: usize| &exec["ancestors"][at]["args"];
    let command = json!([text(&workload()), "daemon", daemon.mark]);
    assert_eq!([args_of(0), args_of(1)], [&command, &command]);
    let own: Vec<String> = std::env::args().collect();
    assert_eq!(*args_of(2), json!(own));
}

/// In the table they are at the end of the line.
fn ancestors_in_the_table() {
    let mark = mark();
    let tracer = Tracer::start(&["--ancestors=2"]);
    let subject = subject(&["daemon", &mark]);
    settle();
    let trace = tracer.stop();
    let mut lines = trace.lines().filter(|line| line.contains(&mark));
    let line = lines.nth(1).expect("the daemon's exec");
    let (_, ancestors) = line.split_once(&mark).expect("it has the mark");
    let names: Vec<&str> = ancestors.split(" <- ").skip(1).collect();
    assert_eq!(names.len(), 2, "{line}");
    assert!(names[0].starts_with("workload("), "{line}");
    assert_eq!(names[1], format!("workload({})", subject.pid), "{line}");
}

/// A process with a child and a grandchild; all of them wait.
struct Brood {
    child: Child,
    mark: String,
    grandchild: Value,
}

/// A case that waits for the end of its input, and what it said before.
fn waiting_case(args: &[&str]) -> (Child, Value) {
    let mut command = Command::new(workload());
    command.args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the subject can be executed");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("a pipe");
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("it says that it is there");
    (child, serde_json::from_str(&line).expect("JSON"))
}

impl Brood {
    fn start() -> Self {
        let mark = mark();
        let (child, said) = waiting_case(&["brood", &mark]);
        Self {
            child,
            mark,
            grandchild: said["grandchild"].clone(),
        }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it go on, to its end.
    fn go(&mut self) {
        drop(self.child.stdin.take());
        assert!(wait_for_end(&mut self.child).success());
    }
}

/// `-p`: the later events of a running process, of its existing children, and of their descendants;
/// and of no other process.
fn descendants_of_a_running_process() {
    let mut brood = Brood::start();
    let stranger = mark();
    let options = ["-p", &brood.pid().to_string(), "--events", "exec,process"];
    let tracer = Tracer::json(&options);
    subject(&["noop", &stranger]);
    brood.go();
    settle();
    let trace = tracer.stop();
    check_whole(&trace);
    let execs = trace.execs();
    let who: Vec<&Value> = execs.iter().map(|exec| &exec["args"][2]).collect();
    assert_eq!(who, ["grandchild", "new child"], "{execs:?}");
    assert_eq!(execs[0]["ns_pid"], brood.grandchild);
    assert!(
        execs
            .iter()
            .all(|exec| exec["args"][1] == brood.mark.as_str())
    );
    let lives = trace.of_type("process");
    assert_eq!(
        lives.len(),
        4,
        "itself, child, grandchild, new child: {lives:?}"
    );
    assert!(lives.iter().any(|life| life["ns_pid"] == brood.pid()));
    assert!(
        trace.accounting().filtered >= 2,
        "the stranger's exec and end"
    );
}

/// For processes that existed before the trace, earlier events are unknown, but the record is
/// right.
fn lives_from_before() {
    let mut brood = Brood::start();
    let tracer = Tracer::json(&["-d"]);
    brood.go();
    settle();
    let trace = tracer.stop();
    check_whole(&trace);
    let mut lives = trace.of_type("process");
    lives.retain(|life| life["ns_pid"] == brood.pid());
    assert_eq!(lives.len(), 1, "{lives:?}");
    let life = &lives[0];
    let args = json!([text(&workload()), "brood", brood.mark]);
    assert_eq!((&life["args"], &life["code"]), (&args, &0.into()));
    assert_eq!(
        (&life["creator_id"], &life["execs"]),
        (&Value::Null, &0.into())
    );
    assert_eq!(&life["ppid"], &std::process::id());
}

/// A process that has written a title in the place of its arguments: the title alone, without what
/// fills the rest of the place, and not told as all of its arguments.
fn titles_from_before() {
    for filling in ["blanks", "NULs"] {
        let (mut child, _) = waiting_case(&["titled", filling]);
        let tracer = Tracer::json(&["-d"]);
        drop(child.stdin.take());
        assert!(wait_for_end(&mut child).success());
        settle();
        let mut lives = tracer.stop().of_type("process");
        lives.retain(|life| life["ns_pid"] == child.id());
        assert_eq!(lives.len(), 1, "{lives:?}");
        let shown = (&lives[0]["args"], &lives[0]["args_complete"]);
        assert_eq!(shown, (&json!(["titled: waiting"]), &false.into()));
    }
}

/// A parent that has changed its name has the new one everywhere in a record.
fn renamed_parent() {
    let mark = mark();
    let script = "printf renamed > /proc/$$/comm; \"$@\"; :";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh", text(&workload()), "noop", &mark]);
    let tracer = Tracer::json(&["-d", "--ancestors", "--events", "exec,process"]);
    run_subject(&mut shell);
    settle();
    let trace = tracer.stop();
    let mut records = [trace.of_type("exec"), trace.of_type("process")].concat();
    records.retain(|record| record["args"] == json!([text(&workload()), "noop", mark]));
    assert_eq!(records.len(), 2, "{records:?}");
    for record in records {
        let names = (&record["pcomm"], &record["ancestors"][0]["comm"]);
        assert_eq!(names, (&json!("renamed"), &json!("renamed")), "{record}");
    }
}

/// A process that is not there cannot be followed, which is said.
fn no_such_process() {
    let trace = run(&[], &["-p", "4194303", "--duration", "1ms"]);
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert!(trace.stderr.contains("4194303"), "{}", trace.stderr);
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            creators_of_a_daemon, ancestors_of_a_daemon, ancestors_from_before, nearest_ancestors,
            arguments_of_ancestors, ancestors_in_the_table, descendants_of_a_running_process,
            lives_from_before, titles_from_before, renamed_parent, no_such_process,
        ];
    ]
}
