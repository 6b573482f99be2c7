//! Functions that do not say what they are for, and those that cannot be attached here.

use serde_json::Value;

use crate::Case;
use crate::needs::Need;
use crate::support::Run;
use crate::support::call;
use crate::support::object_with;
use crate::support::run;
use crate::support::text;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Need::Tracing] => [without_a_target, on_a_clock, no_such_tracepoint, iterators];
        [Need::Tracing, Need::SyscallTracepoints] => [tracepoint];
        [Need::Tracing, Need::Uprobes] => [uprobe, no_such_symbol];
        [Need::Tracing, Need::NoKprobes] => [no_kprobes];
    ]
}

/// The value of a key in the map `calls`.
fn calls(lines: &[Value], key: u64) -> u64 {
    let entry = lines.iter().find(|line| line["key"] == key);
    entry.and_then(|line| line["value"].as_u64()).unwrap_or(0)
}

/// The option is named, with an example.
fn without_a_target() {
    let outcome = run(&[text(&object_with("targets", &["TRACEPOINT"]))]);
    assert_eq!(outcome.code, Some(1));
    let advice = "--attach on_tracepoint=TARGET sets it";
    assert!(outcome.stderr.contains(advice), "{}", outcome.stderr);
}

/// A tracepoint by option.
fn tracepoint() {
    let args = [
        "--attach",
        "on_tracepoint=tracepoint:syscalls:sys_enter_getpgid",
    ];
    let args = [&args[..], &["--format", "json"]].concat();
    let object = object_with("targets", &["TRACEPOINT"]);
    let outcome = crate::support::run_with(&object, &args, || call(0..7));
    assert_eq!(calls(&outcome.json("entry"), 3), 7);
}

/// A function of a program: bash's own, called once.
fn uprobe() {
    let Some(symbol) = ["main", "shell_initialize", "readline"]
        .into_iter()
        .find(|symbol| {
            let target = format!("on_user=uprobe:/bin/bash:{symbol}");
            let object = object_with("targets", &["UPROBE"]);
            run(&[text(&object), "--attach", &target, "--duration", "1ms"]).code == Some(0)
        })
    else {
        panic!("no known symbol in /bin/bash");
    };
    let target = format!("on_user=uprobe:/bin/bash:{symbol}");
    let args = ["--attach", &target, "--format", "json"];
    let run = Run::start(&object_with("targets", &["UPROBE"]), &args);
    for _ in 0..3 {
        let status = std::process::Command::new("/bin/bash")
            .args(["-c", ":"])
            .status();
        assert!(status.expect("bash runs").success());
    }
    let entries = run.interrupt().fine().json("entry");
    let least = if symbol == "readline" { 0 } else { 3 };
    assert!(calls(&entries, 1) >= least, "{symbol}: {entries:?}");
}

/// A symbol that is not there.
fn no_such_symbol() {
    let object = object_with("targets", &["UPROBE"]);
    let outcome = run(&[
        text(&object),
        "--attach",
        "on_user=uprobe:/bin/bash:no_such",
    ]);
    assert_eq!(outcome.code, Some(1));
    let expected = "cannot attach on_user (uprobe//bin/bash:no_such)";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
}

/// A number of times per second on each CPU.
fn on_a_clock() {
    let args = ["--attach", "on_clock=perf_event:99", "--format", "json"];
    let run = Run::start(&object_with("targets", &["CLOCK"]), &args);
    // The clock only runs while a CPU does something.
    let start = std::time::Instant::now();
    while start.elapsed().as_millis() < 500 {
        std::hint::spin_loop();
    }
    let entries = run.interrupt().fine().json("entry");
    assert!(calls(&entries, 2) >= 20, "{entries:?}");
}

/// A tracepoint that is not there.
fn no_such_tracepoint() {
    let object = object_with("targets", &["TRACEPOINT"]);
    let outcome = run(&[
        text(&object),
        "--attach",
        "on_tracepoint=tracepoint:sched:no_such",
    ]);
    assert_eq!(outcome.code, Some(1));
    let expected = "this kernel has no tracepoint sched/no_such";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
}

/// On a kernel without kprobes that is what is said.
fn no_kprobes() {
    let object = object_with("targets", &["KPROBE"]);
    let outcome = run(&[text(&object), "--attach", "on_kernel=kprobe:do_unlinkat"]);
    assert_eq!(outcome.code, Some(77));
    assert!(
        outcome.stderr.contains("this kernel has no kprobes"),
        "{}",
        outcome.stderr
    );
}

/// bpfrun never reads an iterator; the message says what does.
fn iterators() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = dir.path().join("tasks.c");
    let source = "BPF_ITER(task) { return 0; }\n";
    std::fs::write(&program, source).expect("it can be written");
    let outcome = run(&[text(&program), "--duration", "1ms"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let expected =
        "cannot attach bpf_iter__task (iter/task): an iterator runs when its file is read";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
}
