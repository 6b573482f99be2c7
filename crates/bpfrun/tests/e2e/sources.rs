//! C files, in both dialects, compiled on the spot: each shows the processes that the test starts.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::Case;
use crate::needs::Need;
use crate::support::run;
use crate::support::run_with;
use crate::support::text;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Need::Tracing, Need::SyscallTracepoints] => [
            the_classic,
            its_twin,
            types_inside_functions,
            our_example_in_bccs_dialect,
            our_example_in_libbpfs_dialect,
            an_object_runs_without_clang,
            an_error_is_told_at_its_line,
        ];
    ]
}

/// A file of the tests or of the examples.
pub(crate) fn file(path: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    [
        "tests/programs",
        "../../examples/bcc",
        "../../examples/libbpf",
    ]
    .map(|folder| package.join(folder).join(path))
    .into_iter()
    .find(|path| path.exists())
    .expect("the file is there")
}

/// The events of processes that run `/bin/true` with some arguments, by program.
fn traced(program: &Path) -> Vec<(u32, Value)> {
    let mut pids = Vec::new();
    let outcome = run_with(program, &["--format", "json"], || {
        for round in 0..10 {
            let mut child = Command::new("/bin/true")
                .args(["first", "two words", &round.to_string()])
                .spawn()
                .expect("true runs");
            pids.push(child.id());
            child.wait().expect("it is our child");
        }
    });
    let events = outcome.json("event");
    let of = |pid: u32| {
        let ours = |event: &&Value| event["fields"]["pid"] == pid;
        let event = events.iter().find(ours);
        event.unwrap_or_else(|| panic!("no event of {pid}: {events:?}"))
    };
    let fields = pids.iter().map(|pid| (*pid, of(*pid)["fields"].clone()));
    fields.collect()
}

/// BCC's execsnoop as it is taught: its arguments run into each other, and are shown so.
fn the_classic() {
    for (round, (_, fields)) in traced(&file("classic.c")).iter().enumerate() {
        assert_eq!(fields["argv"], format!("/bin/truefirsttwo words{round}"));
        assert_eq!(fields["retval"], 0);
    }
}

/// The twin's arguments are a list, since it says how many bytes it uses.
fn its_twin() {
    for (round, (_, fields)) in traced(&file("twin.bpf.c")).iter().enumerate() {
        let round = round.to_string();
        assert_eq!(
            fields["args"],
            serde_json::json!(["/bin/true", "first", "two words", round])
        );
        assert_eq!(
            (&fields["args_count"], &fields["comm"]),
            (&4.into(), &"true".into())
        );
    }
}

/// An unnamed struct, and one that only its function knows.
fn types_inside_functions() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("inside.c");
    for name in ["", "inside"] {
        let program = format!(
            "BPF_PERF_OUTPUT(events);\nTRACEPOINT_PROBE(sched, sched_process_exec)\n{{\n\
             struct {name} {{ u32 pid; u32 seven; }} data = {{args->pid, 7}};\n\
             events.perf_submit(args, &data, sizeof(data));\n return 0;\n}}\n"
        );
        std::fs::write(&file, program).expect("it can be written");
        for (pid, fields) in traced(&file) {
            assert_eq!(fields, serde_json::json!({"pid": pid, "seven": 7}));
        }
    }
}

fn our_example(path: &str) {
    for (round, (_, fields)) in traced(&file(path)).iter().enumerate() {
        let round = round.to_string();
        assert_eq!(
            fields["args"],
            serde_json::json!(["/bin/true", "first", "two words", round])
        );
        assert_eq!(fields["ppid"], std::process::id());
        assert_eq!(
            (&fields["comm"], &fields["ret"]),
            (&"true".into(), &0.into())
        );
    }
}

/// examples/bcc/execargs.c.
fn our_example_in_bccs_dialect() {
    our_example("execargs.c");
}

/// examples/libbpf/execargs.bpf.c.
fn our_example_in_libbpfs_dialect() {
    our_example("execargs.bpf.c");
}

/// --emit object, and then no compiler is needed.
fn an_object_runs_without_clang() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for source in ["execargs.c", "execargs.bpf.c"] {
        let object = dir.path().join("exec.o");
        run(&[text(&file(source)), "--emit", "object", "-o", text(&object)]).fine();
        let outcome = run(&[text(&object), "--clang", "/nonexistent", "--dry-run"]).fine();
        assert!(outcome.stdout.contains("accepted"), "{outcome:?}");
        let (pid, fields) = &traced(&object)[0];
        assert_eq!(
            (&fields["pid"], &fields["args"][1]),
            (&(*pid).into(), &"first".into())
        );
    }
}

/// A typo.
fn an_error_is_told_at_its_line() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("typo.c");
    let program = "TRACEPOINT_PROBE(sched, sched_process_exec)\n{\n\treturn undeclared;\n}\n";
    std::fs::write(&file, program).expect("it can be written");
    let outcome = run(&[text(&file)]);
    assert_eq!(outcome.code, Some(1));
    let expected = "typo.c:3:";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
}
