//! The command: how it begins, ends and fails.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use crate::Case;
use crate::needs::Need;
use crate::support::Run;
use crate::support::bpfrun;
use crate::support::call;
use crate::support::object;
use crate::support::patience;
use crate::support::run;
use crate::support::text;

pub(crate) fn cases() -> Vec<Case> {
    const CALLS: [Need; 2] = [Need::Tracing, Need::SyscallTracepoints];
    cases![
        [] => [help, wrong_usage, missing_file, the_program_is_kept];
        CALLS => [
            so_many_events,
            so_long,
            nobody_reads,
            a_reader_that_stops,
            into_a_file,
            into_a_private_file,
            ready_file,
            a_full_disk,
            the_verifier_says_why,
            verdicts,
        ];
        [Need::Clang, Need::Setpriv] => [without_rights];
    ]
}

/// Everything is explained, examples among it.
fn help() {
    let outcome = run(&["--help"]).fine();
    for word in [
        "Examples:",
        "Exit status",
        "--attach",
        "The program",
        "--emit",
    ] {
        assert!(outcome.stdout.contains(word), "{word}");
    }
}

/// What is wrong with an option is said, with status 2.
fn wrong_usage() {
    for (args, word) in [
        (&["x.o", "--attach", "f=kprobes:x"][..], "kretprobe"),
        (&["x.o", "--event", "events"], "MAP=TYPE"),
        (&["x.o", "--pages", "3"], "power of two"),
        (&["x.o", "--interval", "soon"], "10s"),
        (&["x.o", "--interval", "0s"], "some time"),
        (&[], "PROGRAM"),
    ] {
        let outcome = run(args);
        assert_eq!(outcome.code, Some(2), "{args:?}");
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
}

/// What a program sends does not go into its own file, by whatever name.
fn the_program_is_kept() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (program, link) = (dir.path().join("x.c"), dir.path().join("y.c"));
    fs::write(&program, "BPF_HASH(x);\n").expect("it can be written");
    std::os::unix::fs::symlink(&program, &link).expect("it can be linked");
    for more in [&[][..], &["--emit", "c"], &["--dry-run"]] {
        let outcome = run(&[&[text(&program), "-o", text(&link)], more].concat());
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        let left = fs::read_to_string(&program).expect("it is there");
        assert_eq!(left, "BPF_HASH(x);\n");
    }
}

/// A file that is not there.
fn missing_file() {
    let outcome = run(&["/nonexistent/x.c"]);
    assert_eq!(outcome.code, Some(1));
    let expected = "bpfrun: cannot read /nonexistent/x.c: No such file or directory";
    assert!(outcome.stderr.starts_with(expected), "{}", outcome.stderr);
}

/// --count ends it; what comes later is discarded, and accounted for.
fn so_many_events() {
    let run = Run::start(&object("ring"), &["--count", "3", "--format", "json"]);
    call(0..10);
    let outcome = run.outcome().fine();
    assert_eq!(outcome.json("event").len(), 3);
    assert_eq!(outcome.account("shown"), 3);
    let seen = outcome.account("seen");
    assert_eq!(seen, 3 + outcome.account("discarded"));
}

/// --duration ends it.
fn so_long() {
    let start = Instant::now();
    let outcome = run(&[text(&object("ring")), "--duration", "300ms"]).fine();
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(start.elapsed() < patience());
    assert_eq!(outcome.account("shown"), 0);
    assert!(outcome.stdout.starts_with(" NUMBER"), "{}", outcome.stdout);
}

/// A reader that goes away ends it quietly.
fn nobody_reads() {
    let mut run = Run::start(&object("ring"), &[]);
    drop(run.child().stdout.take());
    call(0..3);
    let outcome = run.outcome().fine();
    assert!(
        !outcome.stderr.contains("Broken pipe"),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.account("discarded"), outcome.account("seen"));
}

/// A reader that takes nothing does not keep Ctrl-C from working.
fn a_reader_that_stops() {
    let mut run = Run::start(&object("ring"), &["--format", "json"]);
    let stdout = run.child().stdout.take();
    call(0..3000);
    std::thread::sleep(Duration::from_millis(200));
    let outcome = run.interrupt().fine();
    let seen = outcome.account("seen");
    assert_eq!(seen, 3000, "{}", outcome.stderr);
    assert_eq!(
        seen,
        outcome.account("shown") + outcome.account("discarded")
    );
    assert!(outcome.account("discarded") > 0);
    drop(stdout);
}

/// -o writes to a file; one that is there is replaced only when everything is attached.
fn into_a_file() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("events.jsonl");
    fs::write(&file, "what was there").expect("it can be written");
    let wrong = run(&[text(&object("refused")), "-o", text(&file)]);
    assert_eq!(wrong.code, Some(1));
    assert_eq!(fs::read_to_string(&file).expect("there"), "what was there");
    let args = ["--format", "json", "-o", text(&file)];
    crate::support::run_with(&object("ring"), &args, || call(0..3));
    let lines = fs::read_to_string(&file).expect("there");
    assert_eq!(lines.lines().count(), 3);
}

/// Events are not for everybody to read; what is emitted has nothing of them in it.
fn into_a_private_file() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let [events, emitted, usual] = ["events", "object.o", "usual"].map(|it| dir.path().join(it));
    fs::write(&usual, "").expect("it can be written");
    let mode = |file: &Path| fs::metadata(file).expect("it is there").mode() & 0o777;
    let program = object("ring");
    let ring = text(&program);
    run(&[ring, "-o", text(&events), "--duration", "1ms"]).fine();
    run(&[ring, "-o", text(&emitted), "--emit", "object"]).fine();
    assert_eq!((mode(&events), mode(&emitted)), (0o600, mode(&usual)));
}

/// A file that holds something is not taken for a ready file.
fn ready_file() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("precious");
    fs::write(&file, "words").expect("it can be written");
    let outcome = run(&[text(&object("ring")), "--ready-file", text(&file)]);
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.contains("not an empty file"),
        "{}",
        outcome.stderr
    );
    assert_eq!(fs::read_to_string(&file).expect("there"), "words");
}

/// A full disk is said, and ends it.
fn a_full_disk() {
    let run = Run::start(&object("ring"), &["-o", "/dev/full"]);
    call(0..3);
    let outcome = run.outcome();
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.contains("cannot write to \"/dev/full\""),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.account("shown"), 0);
}

/// A refusal: the reason first, then the line of source; the log only on request.
fn the_verifier_says_why() {
    let object = object("refused");
    let outcome = run(&[text(&object)]);
    assert_eq!(outcome.code, Some(1));
    let mut lines = outcome.stderr.lines();
    let first = "bpfrun: the kernel's verifier refuses without_check: \
                 R0 invalid mem access 'map_value_or_null'";
    assert_eq!(lines.next(), Some(first));
    let second = lines.next().expect("a line");
    assert!(
        second.ends_with("return *item; /* may be NULL */"),
        "{second}"
    );
    let number = 1 + line_of("refused", "return *item; /* may be NULL */");
    let place = format!("refused.bpf.c:{number}: ");
    assert!(
        second.contains(&place) || execsnoop_harness::kernel_version() < (6, 10),
        "{second}"
    );
    assert!(!outcome.stderr.contains("processed"));
    let verbose = run(&[text(&object), "-v"]).stderr;
    assert!(verbose.contains("processed "), "{verbose}");
}

/// The number of the first line of a program that holds some words, from 0.
fn line_of(program: &str, words: &str) -> usize {
    let source = fs::read_to_string(crate::support::source(program)).expect("it is there");
    let mut lines = source.lines();
    lines.position(|line| line.contains(words)).expect("a line")
}

/// --dry-run tells of each function, and attaches nothing.
fn verdicts() {
    let outcome = run(&[text(&object("refused")), "--dry-run", "--format", "json"]);
    assert_eq!(outcome.code, Some(1));
    let verdicts = outcome.json("verdict");
    assert_eq!(verdicts[0]["function"], "without_check");
    assert_eq!(verdicts[0]["verdict"], "refused");
    assert_eq!(
        verdicts[0]["reason"],
        "R0 invalid mem access 'map_value_or_null'"
    );
    assert_eq!(verdicts[1]["verdict"], "accepted");
    assert!(
        verdicts[1]["verified"]
            .as_u64()
            .is_some_and(|count| count > 0)
    );
    let outcome = run(&[text(&object("ring")), "--dry-run"]).fine();
    assert!(outcome.stdout.starts_with("FUNCTION"), "{}", outcome.stdout);
}

/// Nobody but root: a sentence that says what to do, and status 77.
fn without_rights() {
    // Where another user can read it.
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = fs::File::open(object("execs")).expect("it is there");
    let mut bytes = Vec::new();
    (&file).read_to_end(&mut bytes).expect("it can be read");
    let (program, command) = (dir.path().join("execs.o"), dir.path().join("bpfrun"));
    fs::write(&program, bytes).expect("it can be written");
    fs::copy(bpfrun(), &command).expect("it can be copied");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(dir.path(), open).expect("it is ours");
    let source = dir.path().join("exec.c");
    let text = "TRACEPOINT_PROBE(sched, sched_process_exec) { return 0; }\n";
    fs::write(&source, text).expect("it can be written");
    for (program, word) in [(program, "sudo"), (source, "run as root")] {
        let output = Command::new("setpriv")
            .args(["--reuid=61234", "--clear-groups"])
            .arg(&command)
            .arg(&program)
            .output()
            .expect("setpriv runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(77), "{stderr}");
        assert!(stderr.contains(word), "{stderr}");
    }
}
