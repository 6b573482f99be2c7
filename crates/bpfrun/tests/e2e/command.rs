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
use crate::support::run;
use crate::support::text;
use execsnoop_e2e_harness::patience;

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
            files_of_others,
            standard_output,
            ready_file,
            a_full_disk,
            the_verifier_says_why,
            verdicts,
        ];
        [Need::Clang, Need::Setpriv] => [without_rights, unreadable];
        [] => [no_programs];
        [Need::Tracing, Need::Clang] => [without_tracefs];
        [Need::Tracing] => [compilers_that_are_none, types_that_are_not_there, nothing_to_attach];
        [Need::Tracing] => [caches_that_are_not_used, a_full_cache, no_room_for_the_compiler];
    ]
}

/// Everything is explained, examples among it.
fn help() {
    let outcome = run(&["--help"]).fine();
    for word in [
        "Examples:",
        "Exit status",
        "--attach",
        "Compile and load",
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
    let outcome = run.interrupt();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
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
    std::thread::sleep(Duration::from_millis(200));
    let outcome = run.interrupt();
    assert_eq!(outcome.code, Some(1));
    for said in ["cannot write to \"/dev/full\"", "lines were not written"] {
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
    let count = |word| outcome.account(word);
    assert_eq!((count("shown"), count("discarded")), (0, 3));
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
        second.contains(&place) || execsnoop_e2e_harness::kernel_version() < (6, 10),
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
    let outcome = run(&[text(&object("refused")), "--dry-run", "--format", "csv"]);
    let rows: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(
        rows[0],
        "function,section,instructions,verified,verdict,reason"
    );
    assert!(rows[1].starts_with("without_check,"), "{rows:?}");
    let end = ",,refused,R0 invalid mem access 'map_value_or_null'";
    assert!(rows[1].ends_with(end), "{rows:?}");
    assert!(rows[2].ends_with(",accepted,"), "{rows:?}");
    let outcome = run(&[text(&object("ring")), "--dry-run"]).fine();
    assert!(outcome.stdout.starts_with("FUNCTION"), "{}", outcome.stdout);
}

/// A closed stream is an error, and `-` is standard output.
fn standard_output() {
    let program = object("ring");
    let words = [text(&bpfrun()).to_owned(), text(&program).to_owned()];
    for more in ["--duration 5s", "--dry-run", "-o -", "--emit object"] {
        let line = format!("{} {more} >&-", words.join(" "));
        let outcome = std::process::Command::new("sh")
            .args(["-c", &line])
            .output();
        let outcome = outcome.expect("sh can be executed");
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!(outcome.status.code(), Some(1), "{more}: {said}");
        assert!(said.contains("standard output is closed"), "{more}: {said}");
    }
    let dry_run = |more: &[&str]| {
        let options = [&[text(&program), "--dry-run"], more].concat();
        run(&options).fine().stdout
    };
    assert_eq!(dry_run(&["-o", "-"]), dry_run(&[]));
}

/// Where others can write, their files are not written.
fn files_of_others() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(dir.path(), open).expect("it is ours");
    let file = dir.path().join("file");
    fs::write(&file, "theirs").expect("writable");
    std::os::unix::fs::chown(&file, Some(65_534), None).expect("as root");
    let program = object("ring");
    for more in [&["--dry-run"][..], &["--emit", "object"], &[]] {
        let options = [&[text(&program), "-o", text(&file)], more].concat();
        let outcome = run(&options);
        assert_eq!(outcome.code, Some(1), "{more:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains("of user 65534"),
            "{}",
            outcome.stderr
        );
    }
    assert_eq!(fs::read(&file).expect("it is there"), b"theirs");
}

/// Without root: a sentence that says what to do, and status 77.
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

/// What people take for a program and is none: what it is, and what to do.
fn no_programs() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(dir.path().join("folder.c")).expect("it can be made");
    for (name, content) in [
        ("tool.py", &b"#!/usr/bin/python3\nb = 1\n"[..]),
        ("tool", b"import os\nfrom bcc import BPF\n"),
        ("bytes.o", b"\x01\x02\x00\x03"),
    ] {
        fs::write(dir.path().join(name), content).expect("it can be written");
    }
    for (name, advice) in [
        (
            "folder.c",
            "Is a directory (os error 21); name a C file or an object in it",
        ),
        (
            "not_there.c",
            "; name a C file, an object, or - for standard input",
        ),
        (
            "tool.py",
            "put the text that it gives to BPF() into a file of its own",
        ),
        ("tool", "this is a Python program"),
        (
            "bytes.o",
            "neither C (it holds NUL bytes) nor an object file; name a C file",
        ),
    ] {
        let outcome = run(&[text(&dir.path().join(name)), "--duration", "1ms"]);
        assert_eq!(outcome.code, Some(1), "{name}: {outcome:?}");
        assert!(
            outcome.stderr.contains(advice),
            "{name}: {}",
            outcome.stderr
        );
    }
}

/// Writes a program of one line, and runs it.
fn run_source(name: &str, source: &str, options: &[&str]) -> crate::support::Outcome {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = dir.path().join(name);
    fs::write(&program, source).expect("it can be written");
    run(&[&[text(&program), "--duration", "1ms"], options].concat())
}

/// BCC programs with tracepoints run where no tracefs is mounted: root opens one without a mount.
fn without_tracefs() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = dir.path().join("fine.c");
    fs::write(&program, FINE).expect("it can be written");
    let hide = "for dir in /sys/kernel/tracing /sys/kernel/debug; do
        test -d $dir && mount -t tmpfs none $dir; done; exec \"$0\" \"$@\"";
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", hide])
        .arg(bpfrun())
        .args([text(&program), "--no-cache", "--duration", "1ms"])
        .output()
        .expect("unshare runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
}

const FINE: &str = "BPF_HASH(h); TRACEPOINT_PROBE(sched, sched_process_exec) { return 0; }\n";

/// Another program by that name, and another compiler.
fn compilers_that_are_none() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let gcc = dir.path().join("gcc");
    let script =
        "#!/bin/sh\necho \"gcc: error: unrecognized command-line option '-target'\" >&2\nexit 1\n";
    fs::write(&gcc, script).expect("it can be written");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&gcc, open).expect("it is ours");
    for (clang, advice) in [
        (
            "/bin/true",
            "/bin/true cannot compile for BPF; install LLVM's clang",
        ),
        (text(&gcc), "cannot compile for BPF; install LLVM's clang"),
        ("/no/such/clang", "apt install clang"),
    ] {
        let outcome = run_source("fine.c", FINE, &["--no-cache", "--clang", clang]);
        assert_eq!(outcome.code, Some(1), "{clang}: {outcome:?}");
        assert!(
            outcome.stderr.contains(advice),
            "{clang}: {}",
            outcome.stderr
        );
    }
}

/// A type that this kernel lacks, in both dialects; and libbpf's headers alone bring the kernel's
/// types.
fn types_that_are_not_there() {
    let head = "#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC(\"license\") = \"GPL\";\n";
    let wrong = "struct no_such *p = c; return p->x; }\n";
    let in_bccs = "TRACEPOINT_PROBE(sched, sched_process_exec) { void *c = args; ";
    let in_libbpfs = "SEC(\"raw_tp/sched_switch\") int f(void *c) { ";
    for (name, source) in [
        ("type.c", format!("{in_bccs}{wrong}")),
        ("type.bpf.c", format!("{head}{in_libbpfs}{wrong}")),
    ] {
        let outcome = run_source(name, &source, &[]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        let expected = "'struct no_such'; this kernel has no such type (bpftool btf dump file";
        assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
    }
    let right = "u64 x; SEC(\"raw_tp/sched_switch\") int f(void *c) { return 0; }\n";
    run_source("right.bpf.c", &format!("{head}{right}"), &[]).fine();
}

/// Empty files, and files with nothing that could run: an end, and not a wait without one.
fn nothing_to_attach() {
    let head = "#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC(\"license\") = \"GPL\";\n";
    for (name, source) in [
        ("empty.c", ""),
        ("comment.c", "/* nothing */\n"),
        ("head.bpf.c", head),
    ] {
        let outcome = run_source(name, source, &[]);
        assert_eq!(outcome.code, Some(1), "{name}: {outcome:?}");
        assert!(
            outcome.stderr.contains("write, for one, "),
            "{name}: {}",
            outcome.stderr
        );
    }
}

/// Runs a program with a cache of ours.
fn run_with_cache(cache: &std::path::Path) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = dir.path().join("fine.c");
    fs::write(&program, FINE).expect("it can be written");
    let output = Command::new(bpfrun())
        .args([text(&program), "--duration", "1ms"])
        .env("BPFRUN_CACHE", cache)
        .output()
        .expect("bpfrun can be executed");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), stderr)
}

/// Others could put programs there, or there is no room at all: it runs without, and says so.
fn caches_that_are_not_used() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let place = |name: &str| dir.path().join(name);
    fs::create_dir(place("open")).expect("it can be made");
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(place("open"), everybody).expect("it is ours");
    std::os::unix::fs::symlink(dir.path(), place("link")).expect("it can be linked");
    fs::write(place("file"), "").expect("it can be written");
    fs::create_dir(place("theirs")).expect("it can be made");
    std::os::unix::fs::chown(place("theirs"), Some(65_534), None).expect("as root");
    for (name, why) in [
        ("open/below", "others can replace what is in"),
        ("theirs/below", "others can replace what is in"),
        ("open", "others may write to it"),
        ("link", "not a directory but a link"),
        ("file", "File exists"),
    ] {
        let (code, stderr) = run_with_cache(&place(name));
        assert_eq!(code, Some(0), "{name}: {stderr}");
        assert!(stderr.contains(why), "{name}: {stderr}");
        assert!(
            stderr.contains("BPFRUN_CACHE names another directory"),
            "{name}: {stderr}"
        );
    }
    for name in ["open", "theirs"] {
        let left: Vec<_> = fs::read_dir(place(name)).expect("it is there").collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A file system of this size, unmounted when it is dropped.
struct Small(tempfile::TempDir);

impl Small {
    fn new(size: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let options = format!("size={size},mode=700");
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(dir.path())
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "a tmpfs can be mounted"
        );
        Self(dir)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let status = Command::new("umount").arg(self.0.path()).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "it can be unmounted"
        );
    }
}

/// What does not fit into the cache is not kept, nor is a part of it; the program runs all the
/// same.
fn a_full_cache() {
    let small = Small::new("8k");
    for _ in 0..2 {
        let (code, stderr) = run_with_cache(small.0.path());
        assert_eq!(code, Some(0), "{stderr}");
        let objects = fs::read_dir(small.0.path().join("objects")).expect("it is there");
        let left: Vec<_> = objects.collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// The compiler's own files: without room for them there is no program, and where to find some is
/// said.
fn no_room_for_the_compiler() {
    let small = Small::new("4k");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = dir.path().join("fine.c");
    fs::write(&program, FINE).expect("it can be written");
    let output = Command::new(bpfrun())
        .args([text(&program), "--no-cache", "--duration", "1ms"])
        .env("TMPDIR", small.0.path())
        .output()
        .expect("bpfrun can be executed");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let expected =
        "No space left on device (os error 28); set TMPDIR to a directory with some room\n";
    assert!(stderr.ends_with(expected), "{stderr}");
}

/// A file that this user may not read.
fn unreadable() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (program, command) = (dir.path().join("secret.c"), dir.path().join("bpfrun"));
    fs::write(&program, FINE).expect("it can be written");
    fs::copy(bpfrun(), &command).expect("it can be copied");
    let mode = |bits| std::os::unix::fs::PermissionsExt::from_mode(bits);
    fs::set_permissions(dir.path(), mode(0o755)).expect("it is ours");
    fs::set_permissions(&program, mode(0o600)).expect("it is ours");
    let output = Command::new("setpriv")
        .args(["--reuid=61234", "--clear-groups"])
        .arg(&command)
        .arg(&program)
        .output()
        .expect("setpriv runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("; run as root, or let others read it"),
        "{stderr}"
    );
}
