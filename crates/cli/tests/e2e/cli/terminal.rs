//! What is different when the output is a terminal.

use std::process::Command;
use std::process::Stdio;

use crate::Case;
use crate::cli::terminal_escapes::without_colors;
use crate::support::execsnoop;
use crate::support::requirements::Need::Terminal;
use crate::support::requirements::Need::Tracing;
use crate::support::workload;

/// Runs `execsnoop OPTIONS -- workload CASE` on a terminal, and gives what that receives.
pub(crate) fn on_terminal(no_color: bool, options: &str, case: &str) -> String {
    let no_color = no_color.then_some(("NO_COLOR", "1"));
    let environment: Vec<_> = [("TERM", "xterm")].into_iter().chain(no_color).collect();
    on_terminal_with(&environment, options, case)
}

/// The same with these variables, and without the others that are about terminals.
fn on_terminal_with(environment: &[(&str, &str)], options: &str, case: &str) -> String {
    let line = format!(
        "stty rows 24 cols ${{COLUMNS_OF_TEST:-200}}; {} {options} -- {} {case}",
        execsnoop().display(),
        workload().display()
    );
    let mut command = Command::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::null())
        .env_remove("NO_COLOR")
        .env_remove("TERM")
        .envs(environment.iter().copied());
    let output = command.output().expect("script can be executed");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .replace('\r', "")
}

fn is_colored(text: &str) -> bool {
    without_colors(text) != text
}

/// By itself the table is coloured on a terminal, and there only.
fn colors() {
    assert!(is_colored(&on_terminal(false, "", "noop")));
    assert!(
        is_colored(&on_terminal(true, "--color always", "noop")),
        "an option goes before the environment"
    );
}

/// NO_COLOR switches colours off.
fn no_colors() {
    assert!(
        !is_colored(&on_terminal(true, "", "noop")),
        "NO_COLOR is set"
    );
    assert!(!is_colored(&on_terminal(false, "--color never", "noop")));
    assert!(!is_colored(&on_terminal(
        false,
        "--color never --compat bcc",
        "noop"
    )));
}

/// A terminal that is known to have no colours, or not known at all, gets none.
fn terminals_without_colors() {
    for environment in [&[("TERM", "dumb")][..], &[]] {
        let text = on_terminal_with(environment, "", "noop");
        assert!(!is_colored(&text), "{environment:?}: {text}");
    }
}

/// A very long argument does not flood a terminal: it is cut, and its size is shown.
fn long_arguments_are_abridged() {
    let text = without_colors(&on_terminal(false, "", "argv 2 100000"));
    assert!(text.len() < 20_000, "{} bytes", text.len());
    assert!(text.contains('…') && text.contains("100000"), "{text}");
}

/// Lines are cut to the width of the terminal, if that is asked for.
fn lines_that_fit() {
    let environment = [("TERM", "xterm"), ("COLUMNS_OF_TEST", "60")];
    let text = on_terminal_with(&environment, "--max-width --color never", "argv 20 100");
    let events: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("seen"))
        .collect();
    assert!(events.len() >= 3, "the heading and two execs: {text}");
    assert!(
        events.iter().all(|line| line.chars().count() <= 60),
        "{text}"
    );
    assert!(events.iter().any(|line| line.ends_with('>')), "{text}");
}

/// JSON is for programs: whole and without colours, wherever it goes.
fn json_is_never_abridged() {
    let text = on_terminal(false, "--format json", "argv 1 100000");
    assert!(text.contains(&crate::support::pattern(0, 100_000)));
    assert!(!is_colored(&text));
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing, Terminal] => [
            colors, no_colors, terminals_without_colors, long_arguments_are_abridged,
            lines_that_fit, json_is_never_abridged,
        ];
    ]
}
