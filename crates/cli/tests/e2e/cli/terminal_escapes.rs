//! Nothing that a traced process chose can command a terminal or forge a line.

use std::fs;
use std::process::Command;
use std::process::Stdio;

use crate::Case;
use crate::support::output_reader::Trace;
use crate::support::public_dir;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::command;
use crate::support::run::trace_command;
use crate::support::run_subject;
use crate::support::text;
use crate::support::workload;

/// Whether a character does something else than to show itself.
fn commands(c: char) -> bool {
    let turns_text = |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    c != '\n' && (c.is_control() || turns_text(c))
}

#[track_caller]
fn check_harmless(what: &str, output: &str) {
    let culprits: Vec<char> = output.chars().filter(|&c| commands(c)).collect();
    assert!(
        culprits.is_empty(),
        "{what} lets {culprits:?} through: {output:?}"
    );
}

/// Traces the arguments of the workload's `bytes`: one line for what leads, one for the workload,
/// one for the exec with those arguments.
fn trace_bytes(options: &[&str]) -> Trace {
    let workload = workload();
    let trace = trace_command(options, &[text(&workload), "bytes"]).expect_success();
    assert_eq!(trace.lines().count(), 3, "{options:?}: {:?}", trace.text());
    assert!(trace.text().ends_with('\n'));
    trace
}

fn check_options(options: &[&str]) {
    check_harmless(&options.join(" "), trace_bytes(options).text());
}

fn table() {
    check_options(&[]);
}

fn table_with_quotes() {
    check_options(&["-q"]);
}

fn compat_bcc() {
    check_options(&["--compat", "bcc"]);
    check_options(&["--compat", "bcc", "-q"]);
}

fn compat_libbpf() {
    check_options(&["--compat", "libbpf"]);
    check_options(&["--compat", "libbpf", "-q"]);
}

fn json() {
    check_options(&["--format", "json"]);
}

fn csv() {
    check_options(&["--format", "csv"]);
}

/// Colours are the only commands that ever reach a terminal.
fn colored_table() {
    let trace = trace_bytes(&["--color", "always"]);
    let plain = without_colors(trace.text());
    assert_ne!(plain, trace.text(), "there are colours");
    check_harmless("--color always", &plain);
    assert!(
        plain.contains(r"$'\x1b[31mred\x1b[0m'"),
        "the argument's own colours are none: {plain}"
    );
}

/// Text without SGR sequences.
pub(crate) fn without_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    let is_sgr = |code: &str| {
        code.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b';')
    };
    parts.fold(first, |plain, part| match part.split_once('m') {
        Some((code, rest)) if is_sgr(code) => plain + rest,
        _ => plain + "\u{1b}[" + part,
    })
}

/// Every argument is separate from its neighbours, and can be pasted into a shell.
fn quoted_for_a_shell() {
    let trace = trace_bytes(&[]);
    let row = trace.lines().last().expect("three lines");
    for word in [
        "bytes '' $'new\\nline' $'tab\\there'",
        "$'\\xff\\xfe'",
        "$'\\xe2\\x80\\xaegnp.exe'",
        "'single'\\''quote' 'double\"quote' 'back\\slash' $'\\rreturn'",
        "'größe' 'two words' '$(id)' $'del\\x7f' ''",
    ] {
        assert!(row.contains(word), "{word} in {row}");
    }
}

/// Names of files and of commands are hostile too, and so are those of parents.
fn names_of_files_and_commands() {
    let dir = public_dir();
    let program = dir.path().join("\u{1b}[2J\nforged \u{202e}");
    fs::copy(workload(), &program).expect("the workload can be copied");
    for options in [
        &[][..],
        &["-q"],
        &["--compat", "bcc", "-M"],
        &["--compat", "libbpf"],
        &["--format", "csv"],
        &["--format", "json"],
    ] {
        let tracer = Tracer::start(options);
        run_subject(Command::new(&program).args(["storm", "1"]));
        let trace = tracer.stop();
        check_harmless(&options.join(" "), trace.text());
        assert!(
            !trace.lines().any(|line| line.starts_with("forged")),
            "{}",
            trace.text()
        );
        let shown = trace.lines().filter(|line| {
            line.contains("storm 1") || line.contains("0-0") || line.contains("storm\"")
        });
        assert!(shown.count() >= 1, "{options:?} shows it: {}", trace.text());
    }
}

/// Events on standard error are as harmless as elsewhere.
fn events_on_standard_error() {
    let mut command = command(&[], &["--"]);
    let output = command
        .arg(workload())
        .arg("bytes")
        .stdout(Stdio::null())
        .output();
    let output = output.expect("execsnoop can be executed");
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(text.contains("gnp.exe"), "{text}");
    check_harmless("standard error", &text);
}

/// A message that quotes what it was given quotes it harmlessly.
fn messages() {
    let trace = trace_command(&[], &["/nonexistent/\u{1b}[31m\u{202e}"]);
    assert_eq!(trace.status.code(), Some(127));
    assert!(trace.stderr.contains("/nonexistent/"), "{}", trace.stderr);
    check_harmless("the message", &trace.stderr);
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            table, table_with_quotes, compat_bcc, compat_libbpf, json, csv, colored_table,
            quoted_for_a_shell, names_of_files_and_commands, events_on_standard_error, messages,
        ];
    ]
}
