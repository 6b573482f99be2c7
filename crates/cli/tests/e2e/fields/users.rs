//! Users and groups by name, login users, and terminals.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::process::Stdio;

use nix::unistd::Group as UnixGroup;
use nix::unistd::Uid;
use nix::unistd::User;
use serde_json::Value;

use crate::Case;
use crate::support::STRANGER;
use crate::support::cgroups::Group;
use crate::support::cgroups::id;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::requirements::Need::LoginUid;
use crate::support::requirements::Need::Nobody;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Terminal;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::UnifiedCgroups;
use crate::support::requirements::Need::Unshare;
use crate::support::run::CommandRun;
use crate::support::run::Tracer;
use crate::support::run_subject;
use crate::support::text;
use crate::support::workload;

/// The last exec with this mark: what was to run, after what made way for it.
#[track_caller]
pub(crate) fn last_exec(trace: &Trace, mark: &str) -> Value {
    let mut execs = trace.execs_with(mark);
    execs.pop().unwrap_or_else(|| panic!("no exec with {mark}"))
}

fn nobody() -> User {
    let found = User::from_name("nobody").expect("users can be looked up");
    found.expect("nobody exists")
}

/// Runs a noop as that user, and gives what is said of it.
fn exec_as(mut command: Command, uid: u32, gid: u32) -> Value {
    let mark = mark();
    let tracer = Tracer::json(&[]);
    run_subject(command.args(["noop", &mark]).uid(uid).gid(gid));
    last_exec(&tracer.stop(), &mark)
}

fn names(exec: &Value) -> [&Value; 2] {
    [&exec["user"], &exec["group"]]
}

fn user_and_group() {
    let user = nobody();
    let group = UnixGroup::from_gid(user.gid).expect("groups can be looked up");
    let exec = exec_as(
        Command::new(workload()),
        user.uid.as_raw(),
        user.gid.as_raw(),
    );
    let group = group.map(|group| group.name);
    assert_eq!(names(&exec), [&Value::from("nobody"), &Value::from(group)]);
    assert_eq!(
        (&exec["uid"], &exec["egid"]),
        (&user.uid.as_raw().into(), &user.gid.as_raw().into())
    );
}

fn root() {
    let exec = exec_as(Command::new(workload()), 0, 0);
    let name = User::from_uid(Uid::from_raw(0)).expect("users can be looked up");
    assert_eq!(exec["user"], Value::from(name.map(|user| user.name)));
    assert_eq!(exec["group"], "root");
}

/// A uid without a name.
fn no_name() {
    let exec = exec_as(Command::new(workload()), STRANGER, STRANGER);
    assert_eq!(names(&exec), [&Value::Null, &Value::Null]);
}

/// A container has its own users. The machine does not know their names, except root's.
fn no_names_in_a_container() {
    let user = nobody();
    let group = Group::telling(&format!("/docker/{}", id()));
    let switch = [
        "setpriv",
        "--reuid=nobody",
        "--regid",
        &user.gid.to_string(),
        "--clear-groups",
    ];
    let mark = mark();
    let tracer = Tracer::json(&[]);
    run_subject(&mut group.command(&[&switch[..], &[text(&workload()), "noop", &mark]].concat()));
    let trace = tracer.stop();
    let exec = last_exec(&trace, &mark);
    assert_eq!(
        (names(&exec), &exec["uid"]),
        ([&Value::Null, &Value::Null], &user.uid.as_raw().into())
    );
    let before = &trace.execs_with(&mark)[1];
    assert_eq!(names(before), [&Value::from("root"), &Value::from("root")]);
}

/// The same in a table that shows users, and not the containers by which it knows.
fn no_names_in_a_table() {
    let group = Group::telling(&format!("/docker/{}", id()));
    let mark = mark();
    let tracer = Tracer::start(&["--columns", "user,args"]);
    let switch = ["setpriv", "--reuid=nobody", "--clear-groups"];
    run_subject(&mut group.command(&[&switch[..], &[text(&workload()), "noop", &mark]].concat()));
    let trace = tracer.stop();
    let last = trace.lines().filter(|line| line.contains(&mark)).last();
    let last = last.expect("it is shown");
    let uid = nobody().uid.to_string();
    assert_eq!(last.split_whitespace().next(), Some(&*uid), "{last}");
}

/// A tracer in a container does not know the machine's users either, and warns once.
fn seen_from_a_container() {
    let mark = mark();
    let run = CommandRun::start_behind(
        &["unshare", "-pf", "--mount-proc"],
        &["--columns", "user,args"],
        &[
            "setpriv",
            "--reuid=nobody",
            "--clear-groups",
            text(&workload()),
            "noop",
            &mark,
        ],
    );
    let trace = run.wait().expect_success();
    let last = trace.lines().filter(|line| line.contains(&mark)).last();
    let uid = nobody().uid.to_string();
    assert_eq!(
        last.and_then(|line| line.split_whitespace().next()),
        Some(&*uid)
    );
    assert_eq!(
        trace.stderr.matches("in a container").count(),
        1,
        "{}",
        trace.stderr
    );
}

/// The login user stays the same when the process changes its user.
fn login_uid() {
    let mark = mark();
    let script = "echo 4711 > /proc/self/loginuid && exec \"$@\"";
    let tracer = Tracer::json(&[]);
    let switch = [
        "setpriv",
        "--reuid",
        &STRANGER.to_string(),
        "--clear-groups",
    ];
    let program = workload();
    let words = [
        &["-c", script, "sh"],
        &switch[..],
        &[text(&program), "noop", &mark],
    ]
    .concat();
    run_subject(Command::new("sh").args(words));
    let exec = last_exec(&tracer.stop(), &mark);
    assert_eq!(
        (&exec["login_uid"], &exec["uid"]),
        (&4711.into(), &STRANGER.into())
    );
    assert!(exec["audit_session"].is_u64(), "{exec}");
}

/// A process without a login has neither: the kernel's 4294967295 is no user.
fn nobody_logged_in() {
    let own = std::fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
    let mark = mark();
    let tracer = Tracer::json(&[]);
    run_subject(Command::new(workload()).args(["noop", &mark]));
    let exec = last_exec(&tracer.stop(), &mark);
    match own.trim() {
        "4294967295" | "" => assert_eq!(
            (&exec["login_uid"], &exec["audit_session"]),
            (&Value::Null, &Value::Null)
        ),
        uid => assert_eq!(exec["login_uid"].to_string(), uid),
    }
}

/// Runs a shell command on a terminal of its own, and gives what it prints.
fn on_terminal(line: &str) -> String {
    let mut command = Command::new("script");
    command
        .args(["-qec", line, "/dev/null"])
        .stdin(Stdio::null());
    run_subject(&mut command).stdout.replace('\r', "")
}

/// The session of a terminal is identified by its number and its leader.
fn terminal() {
    let mark = mark();
    let line = format!(
        "tty; cut -d' ' -f6 /proc/self/stat; exec {} noop {mark}",
        text(&workload())
    );
    let tracer = Tracer::json(&[]);
    let said = on_terminal(&line);
    let exec = last_exec(&tracer.stop(), &mark);
    let mut said = said.lines();
    let tty = said.next().and_then(|tty| tty.strip_prefix("/dev/"));
    assert_eq!(exec["tty"], tty.expect("a terminal"));
    if exec["ns_pid"] == exec["pid"] {
        assert_eq!(exec["sid"].to_string(), said.next().expect("a session"));
    }
}

/// A daemon has none.
fn no_terminal() {
    let mark = mark();
    let tracer = Tracer::json(&[]);
    run_subject(Command::new("setsid").args(["-w", text(&workload()), "noop", &mark]));
    let exec = last_exec(&tracer.stop(), &mark);
    assert_eq!(exec["tty"], Value::Null);
    assert_eq!(exec["sid"], exec["pid"], "it leads its session");
}

/// The terminal in a table.
fn terminal_in_a_table() {
    let mark = mark();
    let tracer = Tracer::start(&["--columns", "tty,sid,args"]);
    let said = on_terminal(&format!("tty; exec {} noop {mark}", text(&workload())));
    let trace = tracer.stop();
    let line = trace
        .lines()
        .filter(|line| line.contains(&mark))
        .last()
        .expect("it is shown");
    let tty = said
        .lines()
        .next()
        .and_then(|tty| tty.strip_prefix("/dev/"));
    assert_eq!(line.split_whitespace().next(), tty);
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [nobody_logged_in, no_terminal];
        [Tracing, Root] => [root, no_name];
        [Tracing, Root, Nobody] => [user_and_group];
        [Tracing, Root, Nobody, UnifiedCgroups] => [no_names_in_a_container, no_names_in_a_table];
        [Tracing, Root, Nobody, Unshare] => [seen_from_a_container];
        [Tracing, Root, LoginUid] => [login_uid];
        [Tracing, Terminal] => [terminal, terminal_in_a_table];
    ]
}
