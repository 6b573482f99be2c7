//! --filter: conditions in CEL on what is shown; the rest counts as filtered.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::Case;
use crate::support::STRANGER;
use crate::support::Waiting;
use crate::support::mark;
use crate::support::output_reader::Trace;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::run::trace_command;
use crate::support::run_subject;
use crate::support::subject;
use crate::support::workload;

/// Fails unless the one mark is shown and the other filtered, and all is accounted for.
#[track_caller]
fn check(trace: &Trace, shown: &str, hidden: &str) {
    assert_eq!(trace.execs_with(shown).len(), 1, "{shown} is to be shown");
    assert_eq!(
        trace.execs_with(hidden).len(),
        0,
        "{hidden} is to be hidden"
    );
    let accounting = trace.accounting();
    assert_eq!(
        (accounting.shown, accounting.lost),
        (trace.execs().len() as u64, 0)
    );
    assert!(accounting.filtered >= 1, "{accounting:?}");
}

fn noop_as(uid: u32, mark: &str) {
    run_subject(
        Command::new(workload())
            .args(["noop", mark])
            .uid(uid)
            .gid(uid),
    );
}

/// A condition on the user, which the kernel side applies, with another on the name.
fn user_and_name() {
    let (shown, hidden) = (mark(), mark());
    let filter = format!("comm == \"workload\" && uid == {STRANGER}");
    let tracer = Tracer::json(&["--filter", &filter]);
    noop_as(STRANGER, &shown);
    noop_as(STRANGER + 1, &hidden);
    check(&tracer.stop(), &shown, &hidden);
}

/// The same one, in a form that cannot be pushed down, shows the same.
fn user_not_pushed_down() {
    let (shown, hidden) = (mark(), mark());
    let filter = format!("uid >= {STRANGER} && uid <= {STRANGER}");
    let tracer = Tracer::json(&["--filter", &filter]);
    noop_as(STRANGER, &shown);
    noop_as(STRANGER + 1, &hidden);
    check(&tracer.stop(), &shown, &hidden);
}

/// The children of one process.
fn parent() {
    let hidden = mark();
    let parent = Waiting::start(&[], &["storm", "3"]);
    let filter = format!("ppid == {} && ret == 0", parent.pid());
    let tracer = Tracer::json(&["--filter", &filter]);
    parent.go();
    subject(&["noop", &hidden]);
    let trace = tracer.stop();
    check(&trace, "0-0", &hidden);
    assert_eq!(trace.execs().len(), 3);
}

/// Conditions on single arguments, and on the path of the file, which text alone does not show.
fn arguments_and_path() {
    let (shown, hidden) = (mark(), mark());
    let filter = format!(
        "args.exists(a, a == \"{shown}\") && exe.endsWith(\"/workload\") && args[1] == \"noop\""
    );
    for format in ["json", "text"] {
        let tracer = Tracer::start(&["--format", format, "--filter", &filter]);
        subject(&["noop", &shown]);
        subject(&["noop", &hidden, &format!("{shown} or not")]);
        let trace = tracer.stop();
        let text = trace.text();
        assert!(text.contains(&shown) && !text.contains(&hidden), "{text}");
        assert_eq!(trace.accounting().shown, 1, "{text}");
    }
}

/// A null container does not keep the other half of a condition from being true.
fn null_on_either_side() {
    for filter in [
        "container.id == \"x\" || type == \"exec\"",
        "type == \"exec\" || container.id == \"x\"",
    ] {
        let mark = mark();
        let tracer = Tracer::json(&["--filter", filter]);
        subject(&["noop", &mark]);
        assert_eq!(tracer.stop().execs_with(&mark).len(), 1, "{filter}");
    }
}

/// How processes ended.
fn exit_code() {
    let workload = workload();
    let workload = workload.to_str().expect("text");
    let script = format!("{workload} exit 3; {workload} exit 4; {workload} noop");
    let options = ["-d", "--format", "json", "--filter", "code == 3"];
    let trace = trace_command(&options, &["sh", "-c", &script]);
    let codes: Vec<_> = trace
        .of_type("process")
        .iter()
        .map(|process| process["code"].clone())
        .collect();
    assert_eq!(codes, [3], "{}", trace.stderr);
    let accounting = trace.accounting();
    assert_eq!((accounting.shown, accounting.lost), (1, 0));
    assert!(accounting.filtered >= 3, "{accounting:?}");
}

/// Who started it.
fn ancestors() {
    let shown = mark();
    let filter = "ancestors.exists(a, a.comm == \"workload\") && args.size() > 0";
    let tracer = Tracer::json(&["--ancestors", "--filter", filter]);
    let brood = subject(&["storm", "2"]);
    subject(&["noop", &shown]);
    let trace = tracer.stop();
    let parents: Vec<_> = trace
        .execs()
        .iter()
        .map(|exec| exec["ppid"].clone())
        .collect();
    assert_eq!(parents, [brood.pid, brood.pid], "{}", trace.stderr);
}

/// Other filters still count, and reports of the tracer are not filtered.
fn with_other_filters() {
    let (shown, hidden) = (mark(), mark());
    let filter = "args.exists(a, a.startsWith(\"mark-\"))";
    let tracer = Tracer::json(&["-l", &shown, "--filter", filter]);
    subject(&["noop", &shown]);
    subject(&["noop", &hidden]);
    let trace = tracer.stop();
    check(&trace, &shown, &hidden);
    assert!(!trace.of_type("clock").is_empty());
}

/// A filter that is wrong is wrong usage, with a word on what, where and what else.
fn wrong_filters() {
    for (args, expected) in [
        (
            &["--filter", "uid == 0 && pcom == \"x\""][..],
            "execsnoop: --filter: there is no field pcom\n    uid == 0 && pcom == \"x\"\n                ^\n\
             did you mean pcomm or comm?\nThe fields are\n",
        ),
        (
            &["--filter", "comm = \"x\""],
            "to compare, write ==\n    comm = \"x\"\n         ^\n",
        ),
        (
            &["--filter", "uid"],
            "this is a number, not a condition\n    uid\n    ^\n",
        ),
        (
            &["--filter", "code == 0"],
            "code is only in exit and process records",
        ),
        (
            &["--filter", "ancestors.exists(a, true)"],
            "only known with --ancestors",
        ),
        (&["--filter", ""], "the filter is empty"),
    ] {
        let trace = run(&[], args);
        assert_eq!(trace.status.code(), Some(2), "{args:?}: {}", trace.stderr);
        assert!(
            trace.stderr.contains(expected),
            "{args:?}: {}",
            trace.stderr
        );
        assert_eq!(trace.stdout, b"");
    }
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [] => [wrong_filters];
        [Tracing] => [parent, arguments_and_path, null_on_either_side, exit_code, ancestors, with_other_filters];
        [Tracing, Root] => [user_and_name, user_not_pushed_down];
    ]
}
