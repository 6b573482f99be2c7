//! Secrets: masked in files and pipes, shown on a terminal.

use crate::Case;
use crate::support::output_reader::Trace;
use crate::support::output_reader::args;
use crate::support::requirements::Need::Terminal;
use crate::support::requirements::Need::Tracing;
use crate::support::run::trace_command;
use crate::support::text;
use crate::support::workload;

const SECRET: &str = "hunter2";

/// A shell that has a secret among its arguments, and its child that has another.
fn trace(options: &[&str]) -> Trace {
    let child = format!("{} exit 0 --token={SECRET}; :", text(&workload()));
    let options = [
        &["--format", "json", "--ancestors", "--ancestor-args"],
        options,
    ]
    .concat();
    trace_command(&options, &["sh", "-c", &child, "x", "--password", SECRET]).expect_success()
}

/// In what is not a terminal no secret is left: not in arguments, not in those of ancestors.
fn masked_in_a_pipe() {
    let trace = trace(&[]);
    assert!(!trace.text().contains(SECRET), "{}", trace.text());
    let execs = trace.execs();
    let child = execs
        .iter()
        .find(|exec| args(exec).contains(&"--token=[redacted]"));
    let child = child.expect("the child is there");
    assert_eq!(child["redacted"], true);
    let shell = child["ancestors"][0]["args"].to_string();
    assert!(shell.contains(r#""--password","[redacted]""#), "{shell}");
}

/// Who wants to see everything does.
fn switched_off() {
    let trace = trace(&["--redact=off"]);
    assert!(!trace.text().contains("[redacted]"), "{}", trace.text());
    assert!(trace.text().contains(&format!("--token={SECRET}")));
    assert!(trace.execs().iter().all(|exec| exec["redacted"] == false));
}

/// A pattern of one's own: of one with a group, the group.
fn own_patterns() {
    let trace = trace(&["--redact-also", "ex(it)"]);
    assert!(
        trace.text().contains(r#""ex[redacted]""#),
        "{}",
        trace.text()
    );
}

/// The file name of a failed exec is what was typed, and can hold a secret as well.
fn names_of_failed_execs() {
    let url = format!("https://bob:{SECRET}@host/x");
    let trace = trace_command(&["-x"], &["sh", "-c", &format!("'{url}'; :")]);
    let trace = trace.expect_success();
    assert!(!trace.text().contains(SECRET), "{}", trace.text());
    assert!(trace.text().contains("https://bob:[redacted]@host/x"));
}

/// Chosen variables are masked when their names are those of secrets.
fn variables() {
    let script = format!("LANG=C API_TOKEN={SECRET} {} exit 0", text(&workload()));
    let options = ["--format", "json", "--env", "API_TOKEN,LANG"];
    let trace = trace_command(&options, &["sh", "-c", &script]).expect_success();
    let last = trace.execs().pop().expect("execs");
    assert_eq!(last["env"]["API_TOKEN"], "[redacted]");
    assert_eq!(last["env"]["LANG"], "C");
    assert!(!trace.text().contains(SECRET), "{}", trace.text());
}

/// On a terminal everything is shown, unless it is asked for otherwise.
fn shown_on_a_terminal() {
    let on_terminal =
        |options| crate::cli::terminal::on_terminal(true, options, "exit 0 --password hunter2");
    assert!(on_terminal("").contains(SECRET));
    assert!(!on_terminal("--redact=on").contains(SECRET));
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [masked_in_a_pipe, switched_off, own_patterns, names_of_failed_execs, variables];
        [Tracing, Terminal] => [shown_on_a_terminal];
    ]
}
