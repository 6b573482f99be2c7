//! Arguments of successful execs: all of them, whole.

use crate::Case;
use crate::support::output_reader::args;
use crate::support::pattern;
use crate::support::patterns;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::subject;

/// Runs a case of the workload under a tracer, and gives the exec that the case is about.
fn second_exec(case: &[&str]) -> serde_json::Value {
    let tracer = Tracer::json(&[]);
    let subject = subject(case);
    tracer.stop().second_exec_of(subject.pid)
}

fn check_patterns(count: usize, len: usize) {
    let exec = second_exec(&["argv", &count.to_string(), &len.to_string()]);
    let expected = patterns(count, len);
    assert!(
        args(&exec) == expected,
        "{count} arguments of {len} bytes arrived as {:.300}",
        exec["args"].to_string()
    );
    assert_eq!(exec.get("args_b64"), None);
}

/// An exec without any argument: Linux makes that one empty argument, except in its early versions.
fn none() {
    let exec = second_exec(&["argv", "0"]);
    let args = args(&exec);
    assert!(args.is_empty() || args == [""], "{args:?}");
}

/// The program's name alone.
fn one() {
    check_patterns(1, 0);
}

fn one_hundred() {
    check_patterns(100, 0);
}

fn ten_thousand() {
    check_patterns(10_000, 0);
}

/// The longest single argument that the kernel takes.
fn one_of_131_071_bytes() {
    check_patterns(1, 131_071);
}

/// Nearly all that fits under the usual stack limit of 8 MiB.
fn of_1_9_megabytes() {
    check_patterns(20, 95_000);
}

/// Around the borders of what the first record and each continuation can hold.
fn at_the_borders_of_records() {
    let tracer = Tracer::json(&[]);
    let lengths = [
        16_382, 16_383, 16_384, 16_385, 49_119, 49_120, 49_121, 49_122,
    ];
    let run = |len: usize| (len, subject(&["argv", "1", &len.to_string()]).pid);
    let subjects = lengths.map(run);
    let trace = tracer.stop();
    for (len, pid) in subjects {
        assert!(
            args(&trace.second_exec_of(pid)) == [pattern(0, len)],
            "{len} bytes"
        );
    }
}

/// The largest list that the kernel takes at all: 6 MiB with the environment and the pointers.
fn of_6_mebibytes() {
    let exec = second_exec(&["argv-max"]);
    let args = args(&exec);
    let (last, others) = args.split_last().expect("many arguments");
    assert!(others == patterns(47, 131_071));
    assert!(*last == pattern(47, last.len()));
    let total: usize = args.iter().map(|arg| arg.len() + 1).sum();
    assert!(total > (6 << 20) - 4096, "only {total} bytes");
}

/// Arguments that are empty, break lines, command terminals or are no text arrive byte for byte.
fn any_bytes() {
    let exec = second_exec(&["bytes"]);
    let expected = [
        "bytes",
        "",
        "new\nline",
        "tab\there",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]0;title\u{7}",
        "\u{fffd}\u{fffd}",
        "\u{202e}gnp.exe",
        "single'quote",
        "double\"quote",
        "back\\slash",
        "\rreturn",
        "\u{9b}1m",
        "größe",
        "two words",
        "$(id)",
        "del\u{7f}",
        "",
    ];
    assert_eq!(args(&exec), expected);
    let exact = exec["args_b64"].as_array().expect("not all of it is UTF-8");
    assert_eq!(exact.len(), expected.len());
    assert_eq!(
        (&exact[0], &exact[1], &exact[6]),
        (&"Ynl0ZXM=".into(), &"".into(), &"//4=".into())
    );
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            none, one, one_hundred, ten_thousand, one_of_131_071_bytes, of_1_9_megabytes,
            at_the_borders_of_records, of_6_mebibytes, any_bytes,
        ];
    ]
}
