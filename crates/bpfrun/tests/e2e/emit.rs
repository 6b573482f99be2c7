//! What a program can be made into.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use crate::Case;
use crate::needs::Need;
use crate::sources::file;
use crate::support::Run;
use crate::support::object;
use crate::support::run;
use crate::support::text;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Need::Clang] => [objects_stay_as_they_are, objects_have_no_source];
        [Need::Tracing] => [c_of_both_dialects, folders_that_hold_something];
        // Slow: it compiles libbpf, unless that is in the target folder already.
        [Need::Tracing, Need::SyscallTracepoints, Need::Cargo] => [
            a_crate_that_runs,
            a_crate_with_its_own_headers,
        ];
    ]
}

/// What is an object already comes out as it went in.
fn objects_stay_as_they_are() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (given, copy) = (object("ring"), dir.path().join("copy.o"));
    run(&[text(&given), "--emit", "object", "-o", text(&copy)]).fine();
    assert!(fs::read(&given).expect("there") == fs::read(&copy).expect("there"));
}

/// From an object there is no way back.
fn objects_have_no_source() {
    for what in ["c", "crate", "skeleton"] {
        let outcome = run(&[text(&object("ring")), "--emit", what]);
        assert_eq!(outcome.code, Some(2));
        assert!(
            outcome.stderr.contains("needs the C file"),
            "{}",
            outcome.stderr
        );
    }
}

/// BCC's dialect is translated, libbpf's stays what it was.
fn c_of_both_dialects() {
    let outcome = run(&[text(&file("execargs.c")), "--emit", "c"]).fine();
    for word in [
        "SEC(\"tracepoint/syscalls/sys_enter_execve\")",
        "bpf_perf_event_output",
    ] {
        assert!(outcome.stdout.contains(word), "{}", outcome.stdout);
    }
    let outcome = run(&[text(&file("execargs.bpf.c")), "--emit", "c"]).fine();
    let source = fs::read_to_string(file("execargs.bpf.c")).expect("it is there");
    assert!(outcome.stdout.starts_with(&source), "{}", outcome.stdout);
}

/// Nothing is written over.
fn folders_that_hold_something() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("precious"), "").expect("it can be written");
    let source = file("execargs.c");
    let outcome = run(&[text(&source), "--emit", "crate", "-o", text(dir.path())]);
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.contains("is not empty"),
        "{}",
        outcome.stderr
    );
    let outcome = run(&[text(&source), "--emit", "crate"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("-o"), "{}", outcome.stderr);
}

/// A crate in an empty folder: it builds, and shows what is executed.
fn a_crate_that_runs() {
    for source in ["execargs.c", "execargs.bpf.c"] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let folder = dir.path().join("tracer");
        run(&[text(&file(source)), "--emit", "crate", "-o", text(&folder)]).fine();
        build(&folder);
        let shown = trace_with(&target().join("debug/tracer"));
        assert!(
            shown.contains("/bin/true marked by us"),
            "{source}: {shown}"
        );
        assert!(shown.contains("COMM"), "{source}: {shown}");
    }
}

/// Definitions, headers beside the program, above it and in a folder of -I, kernel headers, and
/// numbers with signs in bit-fields: the crate shows what bpfrun shows.
fn a_crate_with_its_own_headers() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = write_program_with_headers(dir.path());
    let include = dir.path().join("include");
    let options = [
        "-D",
        "VALUE=-3",
        "-D",
        "ADD(x)=((x) + 1)",
        "-I",
        text(&include),
    ];
    let tracer = Run::start(
        &program,
        &[&["--format", "json", "--count", "1"], &options[..]].concat(),
    );
    let status = Command::new("/bin/true").status();
    assert!(status.expect("true runs").success());
    let ours = tracer.outcome().fine().json("event");
    let expected = serde_json::json!({"value": -3, "negative": -2, "positive": 2, "beside": 5, "above": 6, "apart": 8});
    assert_eq!(ours[0]["fields"], expected);

    let folder = dir.path().join("headers");
    let emit = ["--emit", "crate", "-o", text(&folder)];
    run(&[&[text(&program)], &options[..], &emit].concat()).fine();
    fs::remove_dir_all(dir.path().join("bcc")).expect("it is ours");
    fs::remove_dir_all(include).expect("it is ours");
    build(&folder);
    let shown = trace_with(&target().join("debug/headers"));
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let lines: Vec<_> = shown.lines().map(words).collect();
    assert_eq!(
        lines[0],
        ["VALUE", "NEGATIVE", "POSITIVE", "BESIDE", "ABOVE", "APART"]
    );
    assert_eq!(lines[1], ["-3", "-2", "2", "5", "6", "8"], "{shown}");
}

/// Into folders below `dir`; the program's path.
fn write_program_with_headers(dir: &Path) -> PathBuf {
    let program = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n\
        #include \"beside.h\"\n#include \"../above/above.h\"\n#include <apart/apart.h>\n\
        struct event { int value; int negative : 5; unsigned positive : 3; int beside, above, apart; };\n\
        struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(\".maps\");\n\
        SEC(\"tp/sched/sched_process_exec\")\nint on_exec(void *ctx)\n{\n\
        struct event event = {VALUE, ADD(VALUE), 2, BESIDE, ABOVE, APART};\n\
        bpf_ringbuf_output(&events, &event, sizeof(event), 0);\n return 0;\n}\n\
        char LICENSE[] SEC(\"license\") = \"GPL\";\n";
    for (path, text) in [
        ("bcc/headers.bpf.c", program),
        ("bcc/beside.h", "#define BESIDE 5\n"),
        ("above/above.h", "#include \"deeper.h\"\n"),
        ("above/deeper.h", "#define ABOVE 6\n"),
        ("include/apart/apart.h", "#define APART ADD(7)\n"),
    ] {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }
    dir.join("bcc/headers.bpf.c")
}

/// Where cargo puts what it builds for these tests: what it has built already is used again.
fn target() -> &'static Path {
    let tests = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tests.parent().expect("the target folder")
}

fn build(folder: &Path) {
    // The versions that the workspace uses are there already.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    fs::copy(lock, folder.join("Cargo.lock")).expect("it can be copied");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--target-dir"])
        .arg(target())
        .current_dir(folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("cargo runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(!stderr.contains("warning: unused"), "{stderr}");
}

/// What a tracer prints while programs are executed.
fn trace_with(tracer: &Path) -> String {
    let mut child = Command::new(tracer)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be executed");
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(100));
        let args = ["marked", "by", "us"];
        let status = Command::new("/bin/true").args(args).status();
        assert!(status.expect("true runs").success());
    }
    std::thread::sleep(Duration::from_millis(300));
    child.kill().expect("it is there");
    let output = child.wait_with_output().expect("it is our child");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
