//! What the tracer must be allowed to do, what it says when it is not, and what it gives up.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::Case;
use crate::support::STRANGER;
use crate::support::execsnoop;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::output_reader::args;
use crate::support::public_dir;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Setcap;
use crate::support::requirements::Need::Setpriv;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::Unshare;
use crate::support::run::CommandRun;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::text;

/// Runs what follows as a user without any privilege but the two that tracing takes.
pub(crate) const SETPRIV: &[&str] = &[
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=+bpf,+perfmon",
    "--ambient-caps=+bpf,+perfmon",
];

/// The same without these two.
pub(crate) const UNPRIVILEGED: &[&str] = &[
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=-all",
];

/// With CAP_BPF alone: half of what it takes.
pub(crate) const BPF_ALONE: &[&str] = &[
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=+bpf",
    "--ambient-caps=+bpf",
];

/// Hides the kernel's type information, for what follows only.
pub(crate) const WITHOUT_BTF: &[&str] = &[
    "unshare",
    "-m",
    "sh",
    "-c",
    "mount -t tmpfs none /sys/kernel/btf && exec \"$0\" \"$@\"",
];

#[track_caller]
fn check_refusal(trace: &Trace, words: &[&str]) {
    assert_eq!(trace.status.code(), Some(77), "{}", trace.stderr);
    for word in words {
        assert!(trace.stderr.contains(word), "{word} in: {}", trace.stderr);
    }
    assert!(
        trace.stderr.lines().count() <= 3,
        "one sentence, and what to do: {}",
        trace.stderr
    );
    assert!(!trace.stderr.contains("libbpf:"), "{}", trace.stderr);
}

/// CAP_BPF with CAP_PERFMON suffices: no root, no tracefs, no CAP_SYS_RESOURCE.
fn two_capabilities_suffice() {
    let mark = mark();
    let tracer = Tracer::start_behind(SETPRIV, &["--format", "json"]);
    subject(&["noop", &mark, "two words"]);
    let trace = tracer.stop();
    assert_eq!(
        args(&trace.execs_with(&mark)[0])[2..],
        [mark.as_str(), "two words"]
    );
    assert_eq!(trace.accounting().lost, 0);
}

/// The advice in the error message works: file capabilities, for any user that runs the file.
fn capabilities_of_the_file_suffice() {
    let dir = public_dir();
    let program = dir.path().join("execsnoop");
    fs::copy(execsnoop(), &program).expect("execsnoop can be copied");
    run_subject(
        Command::new("setcap")
            .arg("cap_bpf,cap_perfmon+ep")
            .arg(&program),
    );
    let mut command = Command::new(&program);
    command
        .args(["-x", "--format", "json", "--", "true"])
        .uid(STRANGER)
        .gid(STRANGER);
    let output = command.output().expect("execsnoop can be executed");
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert!(
        output.status.success() && stderr.contains("\"args\":[\"true\"]"),
        "{stderr}"
    );
}

/// Without them: status 77, and what is missing.
fn none_is_not_enough() {
    let trace = run(UNPRIVILEGED, &["--duration", "1s"]);
    check_refusal(&trace, &["CAP_BPF", "CAP_PERFMON"]);
    assert_eq!(trace.stdout, b"");
}

/// In a mount namespace in which no tracefs can be found.
pub(crate) const WITHOUT_TRACEFS: [&str; 5] = [
    "unshare",
    "-m",
    "sh",
    "-c",
    "for dir in /sys/kernel/tracing /sys/kernel/debug; do
        test -d $dir && mount -t tmpfs none $dir; done; exec \"$0\" \"$@\"",
];

/// One of them is not enough, and the other is named.
fn one_is_not_enough() {
    check_refusal(&run(BPF_ALONE, &["--duration", "1s"]), &["CAP_PERFMON"]);
}

/// A command is not run when it cannot be traced.
fn no_command_without_tracing() {
    for wrapper in [UNPRIVILEGED, WITHOUT_BTF] {
        let dir = public_dir();
        let file = dir.path().join("touched");
        let core = ["--backend", "core"];
        let run = CommandRun::start_behind(wrapper, &core, &["touch", text(&file)]);
        assert_eq!(run.wait().status.code(), Some(77));
        assert!(!file.exists());
    }
}

/// Without the kernel's type information the core backend has status 77, and the word that finds it
/// in any search.
fn no_btf() {
    let core = ["--backend", "core", "--duration", "1s"];
    check_refusal(&run(WITHOUT_BTF, &core), &["BTF"]);
}

/// A field of /proc/PID/status that is a mask of capabilities.
fn capabilities(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .expect("the field is there");
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).expect("a mask")
}

/// Once attached, it has no capability left that it has no use for.
fn gives_up_what_it_no_longer_needs() {
    const CAP_KILL: u64 = 1 << 5;
    const CAP_BPF: u64 = 1 << 39;
    for wrapper in [&[], SETPRIV] {
        let tracer = Tracer::start_behind(wrapper, &["-x"]);
        for field in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
            let left = capabilities(tracer.pid(), field);
            assert_eq!(
                left & !(CAP_KILL | CAP_BPF),
                0,
                "{field} {left:x} behind {wrapper:?}"
            );
        }
        tracer.stop();
    }
}

/// A low limit on locked memory is no obstacle: kernels that know the ring buffer do not ask for
/// it.
fn locked_memory_does_not_matter() {
    let limited = &[&["sh", "-c", "ulimit -l 0 && exec \"$0\" \"$@\""], SETPRIV].concat();
    let trace = run(limited, &["--duration", "1ms"]);
    assert_eq!(trace.status.code(), Some(0), "{}", trace.stderr);
}

/// Failed execs are seen at their tracepoints although tracefs is not mounted: root can open it
/// without a mount (Linux 5.2+).
fn without_tracefs() {
    let tracer = Tracer::start_behind(&WITHOUT_TRACEFS, &["--format", "json", "-x", "--stats"]);
    let failing = subject(&["fail", "ENOENT", "/nonexistent/program"]);
    let trace = tracer.stop();
    assert_eq!(trace.second_exec_of(failing.pid)["errno"], "ENOENT");
    let program = "program on_execve_exit: ";
    assert!(trace.stderr.contains(program), "{}", trace.stderr);
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Root, Setpriv] => [none_is_not_enough, one_is_not_enough];
        [Tracing, Root, Setpriv] => [
            two_capabilities_suffice, gives_up_what_it_no_longer_needs, locked_memory_does_not_matter,
        ];
        [Tracing, Root, Setcap] => [capabilities_of_the_file_suffice];
        [Root, Setpriv, Unshare] => [no_command_without_tracing];
        [Root, Unshare] => [no_btf];
        [Tracing, Unshare] => [without_tracefs];
    ]
}
