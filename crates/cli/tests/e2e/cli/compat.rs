//! `--compat`: columns, widths and order of the tools that execsnoop replaces.

use std::process::Command;

use crate::Case;
use crate::support::executable;
use crate::support::output_reader::Trace;
use crate::support::pattern;
use crate::support::patterns;
use crate::support::public_dir;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::text;
use crate::support::workload;

const COMM: &str = "workload";

fn own_name() -> String {
    std::fs::read_to_string("/proc/self/comm")
        .expect("proc is there")
        .trim_end()
        .to_owned()
}

/// Traces one case of the workload with these options.
fn trace(options: &[&str], case: &[&str]) -> (Trace, u32) {
    let tracer = Tracer::start(options);
    let subject = subject(case);
    (tracer.stop(), subject.pid)
}

#[track_caller]
fn check_row(trace: &Trace, row: &str) {
    let found = trace.lines().any(|line| line.trim_end() == row.trim_end());
    assert!(found, "no line\n{row}\nin:\n{}", trace.text());
}

/// printf formats of bcc's tools/execsnoop.py.
fn bcc() {
    let (trace, pid) = trace(&["--compat", "bcc"], &["noop", "one"]);
    let header = format!(
        "{:<16} {:<7} {:<7} {:>3} {}",
        "COMM", "PID", "PPID", "RET", "ARGS"
    );
    assert_eq!(trace.lines().next(), Some(header.as_str()));
    let (ppid, path) = (std::process::id(), workload());
    check_row(
        &trace,
        &format!(
            "{COMM:<16} {pid:<7} {ppid:<7} {:>3} {} noop one",
            0,
            path.display()
        ),
    );
}

/// The same with every column; the row's own varying parts are taken from it by their widths.
fn bcc_with_all_columns() {
    let (trace, pid) = trace(
        &["--compat", "bcc", "-T", "-t", "-U", "-C", "-M"],
        &["noop", "one"],
    );
    let header = format!(
        "{:<9}{:<8}{:<6}{:<16} {:<7} {:<16} {:<7} {:<4} {:>3} {}",
        "TIME", "TIME(s)", "UID", "COMM", "PID", "PCOMM", "PPID", "CPU", "RET", "ARGS"
    );
    assert_eq!(trace.lines().next(), Some(header.as_str()));
    let row = trace
        .lines()
        .find(|line| line.contains(&format!(" {pid} ")))
        .expect("a row");
    let (uid, own, ppid) = (nix::unistd::getuid(), own_name(), std::process::id());
    let middle = format!("{uid:<6}{COMM:<16} {pid:<7} {own:<16} {ppid:<7} ");
    assert_eq!(&row[17..17 + middle.len()], middle, "{row}");
    assert!(
        row[9..17]
            .trim_end()
            .parse::<f64>()
            .is_ok_and(|seconds| seconds < 30.0),
        "{row}"
    );
}

/// printf formats of libbpf-tools/execsnoop.c. Its PCOMM is the process's own name.
fn libbpf() {
    let (trace, pid) = trace(&["--compat", "libbpf"], &["noop", "one"]);
    let header = format!(
        "{:<16} {:<6} {:<6} {:>3} {}",
        "PCOMM", "PID", "PPID", "RET", "ARGS"
    );
    assert_eq!(trace.lines().next(), Some(header.as_str()));
    let (ppid, path) = (std::process::id(), workload());
    check_row(
        &trace,
        &format!(
            "{COMM:<16} {pid:<6} {ppid:<6} {:>3} {} noop one",
            0,
            path.display()
        ),
    );
}

fn libbpf_with_all_columns() {
    let (trace, _) = trace(&["--compat", "libbpf", "-T", "-t", "-U"], &["noop"]);
    let header = format!(
        "{:<9}{:<8} {:<6} {:<16} {:<6} {:<6} {:>3} {}",
        "TIME", "TIME(s)", "UID", "PCOMM", "PID", "PPID", "RET", "ARGS"
    );
    assert_eq!(trace.lines().next(), Some(header.as_str()));
}

/// A failed exec shows its errno as both tools do: a negative number.
fn failed_execs() {
    let case = ["fail", "ENOENT", "/nonexistent/compat"];
    for tool in ["bcc", "libbpf"] {
        let (trace, _) = trace(&["--compat", tool, "-x"], &case);
        let line = trace.line_with(" /nonexistent/compat first");
        assert!(
            line.contains("  -2 /nonexistent/compat first  two words"),
            "{tool}: {line}"
        );
    }
}

/// The file's name replaces the caller's name for it.
fn filename_first() {
    for tool in ["bcc", "libbpf"] {
        let (trace, _) = trace(&["--compat", tool], &["argv", "3"]);
        let line = trace.line_with(&pattern(2, 0));
        let args = format!(
            "{} {} {}",
            workload().display(),
            pattern(1, 0),
            pattern(2, 0)
        );
        assert!(
            line.trim_end().ends_with(&format!("  0 {args}")),
            "{tool}: {line}"
        );
    }
}

/// Twenty words at most, the file's name among them, then dots.
fn twenty_words() {
    for tool in ["bcc", "libbpf"] {
        let (trace, _) = trace(&["--compat", tool], &["argv", "21"]);
        let shown = patterns(20, 0)[1..].join(" ");
        assert!(
            trace
                .text()
                .contains(&format!("{} {shown} ...\n", workload().display())),
            "{tool}: {}",
            trace.text()
        );
        let exactly = Tracer::start(&["--compat", tool]);
        subject(&["argv", "20"]);
        assert!(
            !exactly.stop().line_with(&shown).contains("..."),
            "{tool}: twenty are not too many"
        );
    }
}

/// A script is shown as its caller called it, without the interpreter that the kernel put before
/// it.
fn script() {
    let dir = public_dir();
    let path = dir.path().join("script");
    executable(&path, "#!/bin/sh -e\nexit 0\n");
    for tool in ["bcc", "libbpf"] {
        let tracer = Tracer::start(&["--compat", tool]);
        run_subject(Command::new(&path).args(["a", "b"]));
        let trace = tracer.stop();
        let line = trace.line_with(text(&path));
        assert!(
            line.trim_end()
                .ends_with(&format!("  0 {} a b", path.display())),
            "{tool}: {line}"
        );
    }
}

/// -q puts every word in double quotes and masks those inside.
fn quoted() {
    for tool in ["bcc", "libbpf"] {
        let (trace, _) = trace(&["--compat", tool, "-q"], &["noop", "a \"b\""]);
        let expected = format!("\"{}\" \"noop\" \"a \\\"b\\\"\"", workload().display());
        assert!(trace.text().contains(&expected), "{tool}: {}", trace.text());
    }
}

/// libbpf-tools' -n and -l look for plain text.
fn libbpf_matches_plain_text() {
    let tracer = Tracer::start(&["--compat", "libbpf", "-l", "noop c++"]);
    let shown = subject(&["noop", "c++"]);
    let hidden = subject(&["noop", "ccc"]);
    let trace = tracer.stop();
    assert!(
        trace.text().contains(&format!(" {} ", shown.pid)),
        "{}",
        trace.text()
    );
    assert!(
        !trace.text().contains(&format!(" {} ", hidden.pid)),
        "{}",
        trace.text()
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            bcc, bcc_with_all_columns, libbpf, libbpf_with_all_columns, failed_execs, filename_first,
            twenty_words, script, quoted, libbpf_matches_plain_text,
        ];
    ]
}
