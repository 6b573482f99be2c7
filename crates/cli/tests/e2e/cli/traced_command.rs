//! `-- CMD`: its descendants and no other process; its exit status; its signals.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use nix::sys::signal::Signal;
use nix::sys::signal::killpg;
use nix::unistd::Pid;
use nix::unistd::User;
use serde_json::Value;

use crate::Case;
use crate::support::executable;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::public_dir;
use crate::support::requirements::Need::Nobody;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tracing;
use crate::support::run::CommandRun;
use crate::support::run::command;
use crate::support::run::kill_process;
use crate::support::run::trace_command;
use crate::support::slowness;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_until;
use crate::support::workload;

const JSON: &[&str] = &["--format", "json"];

fn trace_workload(case: &[&str]) -> Trace {
    let workload = workload();
    trace_command(JSON, &[&[text(&workload)], case].concat())
}

/// The exit status is the command's, for every status.
fn exit_status() {
    for code in [0, 1, 2, 63, 77, 125, 126, 127, 128, 137, 255] {
        let trace = trace_workload(&["exit", &code.to_string()]);
        assert_eq!(trace.status.code(), Some(code), "{}", trace.stderr);
        assert_eq!(trace.execs().len(), 1);
    }
}

/// Of a command that a signal ended, it is 128 and the signal's number.
fn status_of_a_signal() {
    for name in [
        "HUP", "INT", "QUIT", "ILL", "ABRT", "FPE", "KILL", "SEGV", "PIPE", "ALRM", "TERM", "USR1",
        "SYS",
    ] {
        let number = format!("SIG{name}").parse::<Signal>().expect("a signal") as i32;
        let trace = trace_workload(&["signal", name]);
        assert_eq!(
            trace.status.code(),
            Some(128 + number),
            "{name}: {}",
            trace.stderr
        );
    }
    assert_eq!(
        trace_workload(&["signal", "34"]).status.code(),
        Some(128 + 34),
        "a real-time signal"
    );
}

/// 127 when there is no such command, with one sentence that names it.
fn not_found() {
    for name in ["/nonexistent/program", "no-such-program-anywhere"] {
        let trace = trace_command(JSON, &[name]);
        assert_eq!(trace.status.code(), Some(127), "{}", trace.stderr);
        assert!(trace.stderr.contains(name), "{}", trace.stderr);
    }
}

/// 126 when it cannot be executed.
fn not_executable() {
    let dir = public_dir();
    let file = dir.path().join("plain-file");
    fs::write(&file, "not a program").expect("the file can be written");
    for path in [text(&file), text(dir.path())] {
        let trace = trace_command(JSON, &[path]);
        assert_eq!(trace.status.code(), Some(126), "{}", trace.stderr);
        assert!(trace.stderr.contains(path), "{}", trace.stderr);
    }
}

/// A file without interpreter line is no program: the shell would run it, exec does not.
fn of_unknown_format() {
    let dir = public_dir();
    let file = dir.path().join("junk");
    executable(&file, "\u{1}\u{2}\u{3}");
    assert_eq!(trace_command(JSON, &[&file]).status.code(), Some(126));
}

/// The command is looked up as the shell does, and its first exec is in the trace.
fn found_in_path() {
    let trace = trace_command(JSON, &["sh", "-c", "exit 3"]);
    assert_eq!(trace.status.code(), Some(3));
    let execs = trace.execs();
    assert_eq!(execs.len(), 1, "the tracer's own search is not shown");
    assert_eq!(execs[0]["args"], serde_json::json!(["sh", "-c", "exit 3"]));
}

/// Words that look like options of ours belong to the command.
fn options_of_the_command() {
    let trace = trace_command(
        JSON,
        &[
            text(&workload()),
            "noop",
            "--format",
            "nonsense",
            "-o",
            "--",
        ],
    );
    assert_eq!(trace.status.code(), Some(0), "{}", trace.stderr);
    assert_eq!(trace.execs()[0]["args"].as_array().map(Vec::len), Some(6));
}

/// Children and their children are shown; what others run at the same time is filtered.
fn only_descendants() {
    let (inside, outside) = (mark(), mark());
    let script = format!(
        "sleep 0.2; sh -c '{0} noop {inside}; true'",
        workload().display()
    );
    let run = CommandRun::start(JSON, &["sh", "-c", &script]);
    let events = run.events();
    wait_until("the command has begun", || {
        fs::read_to_string(&events).is_ok_and(|text| text.contains("sleep"))
    });
    subject(&["noop", &outside]);
    let trace = run.wait().expect_success();
    assert_eq!(
        (
            trace.execs_with(&inside).len(),
            trace.execs_with(&outside).len()
        ),
        (1, 0)
    );
    assert_eq!(trace.execs().len(), 4);
    let accounting = trace.accounting();
    assert!(accounting.filtered >= 1, "{accounting:?}");
    assert_eq!((accounting.shown, accounting.lost), (4, 0));
}

/// A daemon that init has adopted is still a descendant.
fn daemons_too() {
    let mark = mark();
    let trace = trace_workload(&["daemon", &mark]).expect_success();
    let execs = trace.execs_with(&mark);
    assert_eq!(execs.len(), 2, "the command itself, and the daemon's exec");
    assert_eq!(execs[1]["args"], serde_json::json!(["noop", mark]));
    assert_ne!(
        execs[1]["parent_id"], execs[0]["id"],
        "somebody else is its parent now"
    );
}

/// Tracing ends when the command does, even if it leaves processes behind.
fn ends_with_the_command() {
    let begin = Instant::now();
    let sleep = Duration::from_secs(10) * slowness();
    let trace = trace_workload(&["leave-child", &sleep.as_millis().to_string()]).expect_success();
    assert!(
        begin.elapsed() < Duration::from_secs(4) * slowness(),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(trace.execs().len(), 1);
    let said = "1 process that it started still runs and will not be traced: --follow";
    assert!(trace.stderr.contains(said), "{}", trace.stderr);
}

/// A command that leaves nothing behind ends without a word about it.
fn leaves_nothing_behind() {
    let trace = trace_workload(&["exit", "0"]);
    assert!(!trace.stderr.contains("--follow"), "{}", trace.stderr);
}

/// With --follow the trace goes on until the last descendant ends, with or without costs.
fn follows_descendants() {
    let workload = workload();
    for option in ["--events=exec", "--events=exec,process"] {
        let (begin, mark) = (Instant::now(), mark());
        let cmd = [text(&workload), "leave-child", "300", &mark];
        let options = [JSON, &["--follow", option]].concat();
        let trace = trace_command(&options, &cmd).expect_success();
        assert!(begin.elapsed() > Duration::from_millis(300));
        let execs = trace.execs_with(&mark);
        assert_eq!(execs.len(), 2, "the command and the late exec of its child");
        assert_eq!(trace.accounting().lost, 0);
    }
}

/// Once the command has ended, Ctrl-C ends a trace that waits for descendants.
fn ctrl_c_ends_following() {
    let workload = workload();
    let run = CommandRun::start(&["--follow"], &[text(&workload), "leave-child", "20000"]);
    std::thread::sleep(Duration::from_millis(1500) * slowness());
    let killed = Instant::now();
    kill_process(run.pid(), Signal::SIGINT);
    let trace = run.wait().expect_success();
    assert!(killed.elapsed() < Duration::from_secs(5) * slowness());
    assert_eq!(trace.accounting().shown, 1);
}

/// The search for a command that does not exist is shown, too.
fn search_for_nothing() {
    let options = [JSON, &["-x"]].concat();
    let trace = trace_command(&options, &["no-such-command-here"]);
    assert_eq!(trace.status.code(), Some(127), "{}", trace.stderr);
    let execs = trace.execs();
    assert!(!execs.is_empty());
    assert!(execs.iter().all(|exec| exec["errno"] == "ENOENT"));
}

/// Failed execs of descendants are shown, and of no other process.
fn failed_execs() {
    let workload = workload();
    let fail = [text(&workload), "fail", "ENOENT", "/nonexistent/program"];
    let trace = trace_command(&["--format", "json", "-x"], &fail).expect_success();
    let rets: Vec<Value> = trace
        .execs()
        .iter()
        .map(|exec| exec["ret"].clone())
        .collect();
    assert_eq!(rets, [0, -2]);
}

/// The command keeps standard input and output, on which nothing of the tracer appears.
fn keeps_standard_streams() {
    let dir = public_dir();
    let events = dir.path().join("events");
    let mut command = command(
        &[],
        &[
            "-o",
            text(&events),
            "--",
            "sh",
            "-c",
            "cat; echo complaint >&2; exit 5",
        ],
    );
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("execsnoop can be executed");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"what cat is told")
        .expect("cat reads it");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "what cat is told");
    assert!(String::from_utf8_lossy(&output.stderr).contains("complaint\n"));
    assert!(fs::read_to_string(&events).expect("events").contains("cat"));
}

/// Without -o, events go to standard error.
fn events_go_to_standard_error() {
    let mut command = command(&[], &["--format", "json", "--", "echo", "said"]);
    let output = command.output().expect("execsnoop can be executed");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "said\n");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let exec = stderr
        .lines()
        .find(|line| line.starts_with("{\"type\":\"exec\""))
        .expect("an exec");
    let exec: Value = serde_json::from_str(exec).expect("JSON");
    assert_eq!(exec["args"], serde_json::json!(["echo", "said"]));
}

/// What a command prints when it runs by itself, and when it is traced.
fn by_itself_and_traced(words: &[&str]) -> (String, String) {
    let alone = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .output();
    let alone = alone.expect("the command can be executed").stdout;
    let traced = trace_command(&[], words).expect_success().stdout;
    (
        String::from_utf8(alone).expect("text"),
        String::from_utf8(traced).expect("text"),
    )
}

/// The command starts with the signal dispositions that the tracer was given.
fn signal_dispositions() {
    let (alone, traced) = by_itself_and_traced(&[text(&workload()), "signal-state"]);
    assert_eq!(traced, alone);
}

/// The command has every capability that the tracer has given up for itself, and all its limits.
fn capabilities_and_limits() {
    let (alone, traced) = by_itself_and_traced(&[
        "grep",
        "-E",
        "^Cap|^NoNewPrivs|^Seccomp:",
        "/proc/self/status",
    ]);
    assert_eq!(traced, alone);
    let (alone, traced) = by_itself_and_traced(&["cat", "/proc/self/limits"]);
    assert_eq!(traced, alone);
}

/// The command inherits no descriptor of the tracer's.
fn descriptors() {
    let (alone, traced) = by_itself_and_traced(&["sh", "-c", "echo /proc/self/fd/*"]);
    assert_eq!(traced, alone);
}

/// It runs in the same directory, with the same environment.
fn directory_and_environment() {
    let (alone, traced) = by_itself_and_traced(&["sh", "-c", "pwd; env | grep -v '^_=' | sort"]);
    assert_eq!(traced, alone);
}

/// Starts a command that sleeps, with the tracer as leader of their process group, and waits until
/// it does sleep.
fn run_sleeping(ms: &str) -> CommandRun {
    let run = CommandRun::start_behind(&["setsid"], JSON, &[text(&workload()), "sleep", ms]);
    let events = run.events();
    wait_until("the command has begun", || {
        fs::read_to_string(&events).is_ok_and(|text| text.contains("\"sleep\""))
    });
    run
}

/// SIGTERM is passed on to the command; the trace ends when the command does.
fn sigterm_is_passed_on() {
    let run = run_sleeping("20000");
    kill_process(run.pid(), Signal::SIGTERM);
    let trace = run.wait();
    assert_eq!(trace.status.code(), Some(128 + 15), "{}", trace.stderr);
    assert_eq!(trace.accounting().lost, 0);
}

/// SIGINT and SIGQUIT are the command's business: the terminal sends them to it as well.
fn sigint_and_sigquit_are_left_to_it() {
    let run = run_sleeping("400");
    kill_process(run.pid(), Signal::SIGINT);
    kill_process(run.pid(), Signal::SIGQUIT);
    let trace = run.wait();
    assert_eq!(
        (trace.status.code(), trace.status.signal()),
        (Some(0), None),
        "{}",
        trace.stderr
    );
    assert_eq!(trace.execs().len(), 1);
}

/// Ctrl-C reaches both: the command ends by it, and the tracer then ends as it should.
fn ctrl_c() {
    let run = run_sleeping("20000");
    let group = Pid::from_raw(i32::try_from(run.pid()).expect("pids are small"));
    killpg(group, Signal::SIGINT).expect("the group is there");
    let trace = run.wait();
    assert_eq!(trace.status.code(), Some(128 + 2), "{}", trace.stderr);
    assert_eq!(trace.accounting().shown, 1);
}

/// The words that `id` prints, when the tracer runs it with this environment.
fn id_of_command(options: &[&str], sudo_user: Option<&User>) -> String {
    let mut command = command(
        &[],
        &[options, &["-o", "/dev/null", "--", "id", "-u"]].concat(),
    );
    if let Some(user) = sudo_user {
        command.env("SUDO_USER", &user.name);
        command
            .env("SUDO_UID", user.uid.to_string())
            .env("SUDO_GID", user.gid.to_string());
    }
    let output = command.output().expect("execsnoop can be executed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

/// Under sudo the command runs as the user that called sudo, unless an option says otherwise;
/// without sudo, as the user itself.
fn user_of_the_command() {
    let nobody = User::from_name("nobody")
        .expect("users can be looked up")
        .expect("nobody exists");
    let nobody_id = nobody.uid.to_string();
    assert_eq!(id_of_command(&[], None), "0");
    assert_eq!(id_of_command(&[], Some(&nobody)), nobody_id);
    assert_eq!(id_of_command(&["--user", "root"], Some(&nobody)), "0");
    assert_eq!(id_of_command(&["--user", "nobody"], None), nobody_id);
}

/// An unknown caller of sudo is an error before anything runs; `--user` decides then.
fn unknown_caller_of_sudo() {
    for uid in ["4123456789", "garbage", ""] {
        let run = |options: &[&str]| {
            let words = [options, &["-o", "/dev/null", "--", "id", "-u"]].concat();
            let mut command = command(&[], &words);
            command.env("SUDO_UID", uid).env("SUDO_USER", "ghost");
            command.output().expect("execsnoop can be executed")
        };
        let refused = run(&[]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(refused.stdout.is_empty(), "CMD ran");
        assert!(
            said.contains("SUDO_UID") && said.contains("--user"),
            "{said}"
        );
        assert_eq!(run(&["--user", "root"]).stdout, b"0\n");
    }
}

/// Another user's command has that user's groups and no capability.
fn user_without_privileges() {
    let trace = trace_command(
        &["--user", "nobody"],
        &["grep", "-E", "^CapEff|^CapPrm|^Groups", "/proc/self/status"],
    );
    let text = String::from_utf8(trace.expect_success().stdout).expect("text");
    let caps = text.lines().filter(|line| line.starts_with("Cap"));
    assert!(
        caps.clone().count() == 2 && caps.clone().all(|line| line.ends_with("0000000000000000")),
        "{text}"
    );
    let groups = text
        .lines()
        .find_map(|line| line.strip_prefix("Groups:"))
        .expect("groups");
    assert!(
        !groups.split_whitespace().any(|group| group == "0"),
        "{text}"
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            exit_status, status_of_a_signal, not_found, not_executable, of_unknown_format,
            found_in_path, options_of_the_command, only_descendants, daemons_too,
            ends_with_the_command, leaves_nothing_behind, follows_descendants, ctrl_c_ends_following,
            search_for_nothing, failed_execs, keeps_standard_streams, events_go_to_standard_error,
            signal_dispositions, capabilities_and_limits, descriptors, directory_and_environment,
            sigterm_is_passed_on, sigint_and_sigquit_are_left_to_it,
            ctrl_c,
        ];
        [Tracing, Root, Nobody] => [user_of_the_command, unknown_caller_of_sudo, user_without_privileges];
    ]
}
