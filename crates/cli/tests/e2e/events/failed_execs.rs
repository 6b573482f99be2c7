//! Failed execs, with the caller's arguments.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Case;
use crate::backends::privileges::SETPRIV;
use crate::support::executable;
use crate::support::mark;
use crate::support::output_reader::args;
use crate::support::pattern;
use crate::support::patterns;
use crate::support::public_dir;
use crate::support::requirements::Need::Int80;
use crate::support::requirements::Need::OpensFirst;
use crate::support::requirements::Need::PreparesExecs;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Setpriv;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::subject;
use crate::support::text;
use crate::support::wait4_oracle::settle;
use crate::support::workload;

/// Runs a case that fails under a tracer, and gives the failed exec.
fn failed_exec(case: &[&str]) -> Value {
    failed_exec_behind(&[], case)
}

fn failed_exec_behind(wrapper: &[&str], case: &[&str]) -> Value {
    let tracer = Tracer::start_behind(wrapper, &["--format", "json", "-x"]);
    let subject = subject(case);
    tracer.stop().second_exec_of(subject.pid)
}

#[track_caller]
fn check(exec: &Value, errno: &str, ret: i32, filename: &str) {
    assert_eq!(exec["errno"], errno);
    assert_eq!(exec["ret"], ret);
    assert_eq!(exec["filename"], filename);
    assert_eq!(exec["exe"], Value::Null);
    assert_eq!(exec["comm"], "workload");
}

/// No such file.
fn enoent() {
    let exec = failed_exec(&["fail", "ENOENT", "/nonexistent/program"]);
    check(&exec, "ENOENT", -2, "/nonexistent/program");
    assert_eq!(args(&exec), ["failing", "first", "", "two words"]);
}

/// A file that may not be executed.
fn eacces() {
    let dir = public_dir();
    let path = dir.path().join("plain file");
    fs::write(&path, "not a program").expect("the file can be written");
    let exec = failed_exec(&["fail", "EACCES", text(&path)]);
    check(&exec, "EACCES", -13, text(&path));
    assert_eq!(args(&exec), ["failing", "first", "", "two words"]);
}

/// One argument is longer than the kernel takes: even that one is shown whole.
fn e2big() {
    let exec = failed_exec(&["fail", "E2BIG", text(&workload())]);
    check(&exec, "E2BIG", -7, text(&workload()));
    assert!(args(&exec) == ["failing", "first", &"x".repeat(131_072), "two words"]);
}

/// An executable file in no known format.
fn enoexec() {
    let dir = public_dir();
    let path = dir.path().join("junk");
    executable(&path, "\u{1}\u{2}\u{3} is the beginning of no program");
    let exec = failed_exec(&["fail", "ENOEXEC", text(&path)]);
    check(&exec, "ENOEXEC", -8, text(&path));
    assert_eq!(args(&exec), ["failing", "first", "", "two words"]);
}

/// An argument in a page that was never touched cannot be read: it is null, not empty, and does not
/// hide those after it.
fn arguments_never_touched() {
    let dir = public_dir();
    let file = dir.path().join("page");
    fs::write(&file, "never touched\0".repeat(200)).expect("the file can be written");
    let exec = failed_exec(&["fail-unread", text(&file)]);
    check(&exec, "ENOENT", -2, "/nonexistent/unread");
    assert_eq!(
        exec["args"],
        serde_json::json!(["readable", null, "after it"])
    );
    assert_eq!(exec["args_complete"], false);
}

/// execveat with a directory: the name as it was given.
fn relative_to_a_directory() {
    let name = mark();
    let exec = failed_exec(&["fail-dirfd", &name]);
    assert_eq!(exec["errno"], "ENOENT");
    let filename = exec["filename"].as_str().expect("a file name");
    assert!(
        filename == name || (filename.starts_with("/dev/fd/") && filename.ends_with(&name)),
        "{filename}"
    );
    assert_eq!(args(&exec), ["relative", "to a directory"]);
}

/// 3,000 arguments arrive, every one.
fn three_thousand_arguments() {
    let exec = failed_exec(&["fail-many", "3000"]);
    assert!(args(&exec) == patterns(3000, 0));
}

/// Long arguments arrive whole, also where they are cut into pieces on their way.
fn long_arguments() {
    let tracer = Tracer::json(&["-x"]);
    let lengths = [4094, 4095, 4096, 4097, 32_768, 100_000];
    let subjects = lengths.map(|len| (len, subject(&["fail-long", &len.to_string()]).pid));
    let trace = tracer.stop();
    for (len, pid) in subjects {
        assert!(
            args(&trace.second_exec_of(pid)) == [pattern(0, len)],
            "{len} bytes"
        );
    }
}

/// A null pointer for a list is an empty list: nothing of it is unknown.
fn no_list_at_all() {
    let exec = failed_exec(&["fail-nullargv"]);
    check(&exec, "ENOENT", -2, "/nonexistent/nullargv");
    assert_eq!(exec["args"], serde_json::json!([]));
    assert_eq!(exec["args_complete"], true);
}

/// Without -x, a failed exec is not shown, and not even counted.
fn only_when_asked_for() {
    let tracer = Tracer::json(&[]);
    let subject = subject(&["fail", "ENOENT", "/nonexistent/program"]);
    let trace = tracer.stop();
    assert_eq!(trace.execs_of(subject.pid).len(), 1);
    assert_eq!(trace.accounting().shown, trace.execs().len() as u64);
}

/// Failed execs are in the accounting, as many as there are lines.
fn are_accounted_for() {
    let tracer = Tracer::json(&["-x"]);
    let pids = [(); 20].map(|()| subject(&["fail", "ENOENT", "/nonexistent/program"]).pid);
    let trace = tracer.stop();
    for pid in pids {
        assert_eq!(trace.execs_of(pid).len(), 2);
    }
    let accounting = trace.accounting();
    assert_eq!(
        (accounting.shown, accounting.lost),
        (trace.execs().len() as u64, 0)
    );
    assert!(accounting.seen >= 40);
}

/// In the table, the errno is named.
fn errno_is_named_in_the_table() {
    let tracer = Tracer::start(&["-x"]);
    let name = format!("/nonexistent/{}", mark());
    subject(&["fail", "ENOENT", &name]);
    let trace = tracer.stop();
    assert!(trace.text().contains("ENOENT"), "{}", trace.text());
}

/// A copy of the workload that the kernel cannot load: its last segment would be larger than any
/// memory. That is found out when the caller's program is gone already.
fn damaged(path: &Path) {
    const LOADED: [u8; 4] = 1_u32.to_ne_bytes();
    let mut bytes = fs::read(workload()).expect("the workload can be read");
    let table = u64::from_ne_bytes(bytes[32..40].try_into().expect("8 bytes"));
    let entries = bytes[usize::try_from(table).expect("short")..].chunks_exact_mut(56);
    let last = entries.take(20).filter(|entry| entry[..4] == LOADED).last();
    let size = &mut last.expect("a program has segments")[40..48];
    size.copy_from_slice(&(1_u64 << 62).to_ne_bytes());
    executable(path, "");
    fs::write(path, bytes).expect("the file can be written");
}

/// Traces an exec that fails when there is no way back: the failed exec, and the process's end.
fn failed_at_last(options: &[&str], memory: &str, words: &[&str]) -> (Value, Value) {
    let tracer = Tracer::json(options);
    subject(&[&["fail-at-last", memory], words].concat());
    settle();
    let trace = tracer.stop();
    let mut failed = trace.execs();
    failed.retain(|exec| exec["fatal"] == true);
    let mut ended = trace.of_type("process");
    ended.retain(|process| process["fatal"] == true);
    let one = |list: &mut Vec<Value>| match list.len() {
        0 => Value::Null,
        _ => list.remove(0),
    };
    (one(&mut failed), one(&mut ended))
}

/// The exec of a damaged file, of a script with one as its interpreter, and one for which there is
/// too little memory: the caller's memory is gone, and the name and the arguments are those of the
/// program that did not begin. It is that program that ended.
fn when_there_is_no_way_back() {
    let dir = public_dir();
    let (file, script) = (dir.path().join("damaged"), dir.path().join("script"));
    damaged(&file);
    executable(&script, &format!("#!{} opt\n", text(&file)));
    let long = "x".repeat(5000);
    let by_script = [text(&file), "opt", text(&script), "", &long];
    for (memory, path, name, expected) in [
        ("0", text(&file), "damaged", &[text(&file), "", &long][..]),
        ("0", text(&script), "script", &by_script),
        (
            "200000",
            text(&workload()),
            "workload",
            &[text(&workload()), "", &long],
        ),
    ] {
        let (failed, ended) = failed_at_last(&["-x", "-d"], memory, &[path, "", &long]);
        for record in [&failed, &ended] {
            assert_eq!(
                (&record["filename"], &record["comm"]),
                (&path.into(), &name.into())
            );
            assert_eq!(args(record), expected);
        }
        assert_eq!(
            (&failed["args_complete"], &ended["exit"]),
            (&true.into(), &"killed".into())
        );
    }
}

/// Where the name as it was given is not known, it is the path of the file.
fn named_without_a_way_back() {
    let dir = public_dir();
    let file = dir.path().join("damaged");
    damaged(&file);
    let path = Value::from(text(&file));
    let (failed, ended) = failed_at_last(&["-x", "-d"], "0", &[text(&file)]);
    for record in [&failed, &ended] {
        let name = [&record["filename"], &record["exe"]];
        assert!(name.contains(&&path), "{record}");
        assert_eq!(record["comm"], "damaged");
    }
}

/// Without the failed execs, only the name of what ended is known.
fn what_ended_without_a_way_back() {
    let dir = public_dir();
    let file = dir.path().join("damaged");
    damaged(&file);
    let (_, ended) = failed_at_last(&["-d"], "0", &[text(&file)]);
    assert_eq!(
        (&ended["comm"], &ended["args"]),
        (&"damaged".into(), &Value::Null)
    );
    assert_eq!(ended["signal_name"], "SIGSEGV");
}

/// Without root, thus without tracefs, it is the same.
fn without_tracefs() {
    let exec = failed_exec_behind(SETPRIV, &["fail", "ENOENT", "/nonexistent/program"]);
    check(&exec, "ENOENT", -2, "/nonexistent/program");
    assert_eq!(args(&exec), ["failing", "first", "", "two words"]);
}

/// Without tracefs, the entrance of 32-bit programs is watched too.
fn by_int80() {
    let exec = failed_exec_behind(SETPRIV, &["int80-fail"]);
    check(&exec, "ENOENT", -2, "/nonexistent/narrow");
    assert_eq!(args(&exec), ["narrow", "32-bit", "two words"]);
}

/// With tracefs, that entrance is not watched, which is said; an option watches it.
fn by_int80_when_asked_for() {
    let unseen = "failed execs by 32-bit system calls (int 0x80) are not seen; --failed-32bit";
    let tracer = Tracer::json(&["-x"]);
    assert!(tracer.stderr().contains(unseen), "{}", tracer.stderr());
    tracer.stop();
    let tracer = Tracer::json(&["-x", "--failed-32bit"]);
    assert_eq!(tracer.stderr(), "");
    let narrow = subject(&["int80-fail"]).pid;
    let ordinary = subject(&["fail", "ENOENT", "/nonexistent/program"]).pid;
    let trace = tracer.stop();
    check(
        &trace.second_exec_of(narrow),
        "ENOENT",
        -2,
        "/nonexistent/narrow",
    );
    check(
        &trace.second_exec_of(ordinary),
        "ENOENT",
        -2,
        "/nonexistent/program",
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            enoent, eacces, e2big, enoexec, relative_to_a_directory, three_thousand_arguments,
            long_arguments, no_list_at_all, only_when_asked_for, are_accounted_for,
            errno_is_named_in_the_table, what_ended_without_a_way_back,
            named_without_a_way_back,
        ];
        [Tracing, PreparesExecs] => [when_there_is_no_way_back];
        [Tracing, OpensFirst] => [arguments_never_touched];
        [Tracing, Setpriv] => [without_tracefs];
        [Tracing, Setpriv, Int80] => [by_int80];
        [Tracing, Root, Int80] => [by_int80_when_asked_for];
    ]
}
