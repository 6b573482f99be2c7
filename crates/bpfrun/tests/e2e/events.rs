//! Events: all of them, with all that is in them.

use std::process::Command;

use serde_json::Value;
use serde_json::json;

use crate::Case;
use crate::needs::Need;
use crate::support::Run;
use crate::support::call;
use crate::support::object;
use crate::support::resident_kib;
use crate::support::run_with;

pub(crate) fn cases() -> Vec<Case> {
    const CALLS: [Need; 2] = [Need::Tracing, Need::SyscallTracepoints];
    cases![
        [Need::Tracing] => [every_exec];
        CALLS => [
            every_kind_of_field,
            short_and_padded_records,
            types_by_size,
            types_by_option,
            unknown_types_are_bytes,
            a_storm_through_a_ring,
            losses_are_counted,
            table_for_people,
            names_and_values_of_several_types,
            csv,
            little_memory,
        ];
        [Need::Tracing, Need::SyscallTracepoints, Need::TracePipe] => [printed_lines];
    ]
}

fn fields(line: &Value) -> &Value {
    &line["fields"]
}

/// As many events as execs, each with the right pid, through a perf buffer whose type is known by
/// inspektor-gadget's marker.
fn every_exec() {
    let mut pids = Vec::new();
    let outcome = run_with(&object("execs"), &["--format", "json"], || {
        for _ in 0..20 {
            let mut child = Command::new("true").spawn().expect("true runs");
            pids.push(child.id());
            child.wait().expect("it is our child");
        }
    });
    let events = outcome.json("event");
    let of = |pid: &u32| {
        let ours = |event: &&Value| fields(event)["pid"] == *pid;
        events.iter().filter(ours).count()
    };
    assert!(pids.iter().all(|pid| of(pid) == 1), "{pids:?} {events:?}");
    assert_eq!(outcome.account("seen"), events.len() as u64);
    assert!(events.iter().all(|event| event["cpu"].is_u64()));
}

/// Each field of a struct as JSON, to the last byte.
fn every_kind_of_field() {
    let outcome = run_with(&object("ring"), &["--format", "json"], || call([4, 5]));
    let events = outcome.json("event");
    let expected = |number: u32, state: &str, even: bool| {
        json!({
            "number": number, "tgid": std::process::id(), "comm": comm(), "state": state,
            "even": even, "large": "18446744073709551615", "at": {"x": 7, "y": -3},
            "low": 5, "high": 0xabc, "bytes": "de0000ad", "list": [0, 0, 80],
            "word": 0x4443_4241, "letters": "ABCD", "address": "0xffff800000000000",
        })
    };
    assert_eq!(*fields(&events[0]), expected(4, "BUSY", true));
    assert_eq!(*fields(&events[1]), expected(5, "GONE", false));
    assert_eq!(events[0]["map"], "events");
    assert_eq!(events[0]["event"], "event");
    assert!(events[0]["cpu"].is_null());
    assert_eq!(events.len(), 2);
}

/// The name of the thread that makes the calls.
fn comm() -> String {
    let comm = std::fs::read_to_string("/proc/thread-self/comm").expect("/proc is there");
    comm.trim_end().to_owned()
}

/// A record that ends in the middle of its struct, with padding of the kernel's behind it.
fn short_and_padded_records() {
    let outcome = run_with(&object("perf"), &["--format", "json"], || call([1]));
    let events = outcome.json("event");
    let expected = json!({
        "number": 1, "args_count": 3, "args_size": 10,
        "args": ["ls", "a b", "", "/x"], "never_sent": null,
    });
    assert_eq!(*fields(&events[0]), expected);
}

/// Two types on one map, and a second map of the other kind with its value's type.
fn types_by_size() {
    let outcome = run_with(&object("both"), &["--format", "json"], || call([1, 2]));
    let events = outcome.json("event");
    let of = |map: &str, event: &str| -> Vec<Value> {
        let ours = |line: &&Value| line["map"] == map && line["event"] == event;
        events
            .iter()
            .filter(ours)
            .map(|line| fields(line).clone())
            .collect()
    };
    let large = [
        json!({"number": 1, "text": "text"}),
        json!({"number": 2, "text": "text"}),
    ];
    assert_eq!(
        of("ring", "small"),
        [json!({"number": 1}), json!({"number": 2})]
    );
    assert_eq!(of("ring", "large"), large);
    assert_eq!(of("perf", "large"), large);
    assert_eq!(events.len(), 6);
}

/// An option names the type that nothing else tells.
fn types_by_option() {
    let args = ["--format", "json", "--event", "events=struct hidden"];
    let outcome = run_with(&object("unknown"), &args, || call([0x0203]));
    let events = outcome.json("event");
    assert_eq!(
        *fields(&events[0]),
        json!({"number": 0x0203, "tail": "0102"})
    );
    assert_eq!(events[0]["event"], "hidden");
}

/// Without a type there are the bytes.
fn unknown_types_are_bytes() {
    let outcome = run_with(&object("unknown"), &["--format", "json"], || call([0x0203]));
    let events = outcome.json("event");
    assert!(events[0]["event"].is_null());
    let bytes = fields(&events[0])["value"].as_str().expect("a string");
    assert!(bytes.starts_with("030200000102"), "{bytes}");
}

/// A ring that is large enough loses nothing, and events stay in their order.
fn a_storm_through_a_ring() {
    let outcome = run_with(&object("ring"), &["--format", "json"], || call(0..5000));
    let events = outcome.json("event");
    let numbers: Vec<u64> = events
        .iter()
        .filter_map(|event| fields(event)["number"].as_u64())
        .collect();
    assert!(numbers.iter().copied().eq(0..5000));
    assert_eq!(outcome.account("shown"), 5000);
}

/// A perf buffer that is too small, and a reader that is slow: what is missing is counted, to the
/// last event (Linux 6.0 and later tell).
fn losses_are_counted() {
    let storm = 200_000;
    let args = ["--format", "json", "--pages", "1"];
    let outcome = run_with(&object("storm"), &args, || call(0..storm));
    let (seen, shown) = (outcome.account("seen"), outcome.account("shown"));
    let lost = outcome.account("lost");
    assert!(lost > 0, "{}", outcome.stderr);
    if execsnoop_e2e_harness::kernel_version() >= (6, 0) {
        let calls = u64::try_from(storm).expect("positive");
        assert_eq!(seen, calls, "{}", outcome.stderr);
    }
    assert_eq!(seen, shown + lost);
    assert!(
        outcome
            .stderr
            .contains(&format!("lost {lost} (events {lost})"))
    );
}

/// Fields are columns, under their names.
fn table_for_people() {
    let outcome = run_with(&object("perf"), &[], || call([1]));
    let mut lines = outcome.stdout.lines();
    let words = |line: Option<&str>| -> Vec<String> {
        let words = line.expect("a line").split_whitespace();
        words.map(str::to_owned).collect()
    };
    let titles = ["NUMBER", "ARGS_COUNT", "ARGS_SIZE", "ARGS", "NEVER_SENT"];
    assert_eq!(words(lines.next()), titles);
    assert_eq!(
        words(lines.next()),
        ["1", "3", "10", "ls", "'a", "b'", "''", "/x", "-"]
    );
    assert_eq!(lines.next(), None);
}

/// Events of several types have no columns in common.
fn names_and_values_of_several_types() {
    let outcome = run_with(&object("both"), &[], || call([1]));
    let mut lines: Vec<_> = outcome.stdout.lines().collect();
    lines.sort_unstable();
    let large = "large number=1 text=text";
    assert_eq!(lines, [large, large, "small number=1"]);
}

/// Every row has as many cells as the header, whatever the type.
fn csv() {
    let outcome = run_with(&object("both"), &["--format", "csv"], || call([1, 2]));
    let mut reader = csv::Reader::from_reader(outcome.stdout.as_bytes());
    let header = reader.headers().expect("a header").clone();
    assert_eq!(
        header,
        ["time", "map", "event", "cpu", "number", "text"][..]
    );
    let rows: Vec<_> = reader.records().collect::<Result<_, _>>().expect("CSV");
    assert_eq!(rows.len(), 6);
    let small = rows.iter().find(|row| &row[2] == "small").expect("a row");
    assert_eq!((&small[4], &small[5]), ("1", ""));
}

/// What the program prints is shown, and nothing that was printed before.
fn printed_lines() {
    let outcome = run_with(&object("printk"), &["--format", "json"], || call([77]));
    let lines = outcome.json("print");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["message"], "our number 77");
    assert_eq!(lines[0]["comm"], comm().as_str());
    let outcome = run_with(&object("printk"), &[], || call([78]));
    assert!(outcome.stdout.contains("bpf_trace_printk: our number 78"));
}

/// At most 30 MB, also after a storm.
fn little_memory() {
    let run = Run::start(&object("ring"), &["--format", "json", "-o", "/dev/null"]);
    call(0..50_000);
    let resident = resident_kib(run.pid());
    run.interrupt().fine();
    eprintln!("resident after 50000 events: {resident} KiB");
    assert!(resident < 30_000, "{resident} KiB");
}
