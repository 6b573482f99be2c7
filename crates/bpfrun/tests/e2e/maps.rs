//! Maps: tables, histograms, clearing, at the end and meanwhile.

use std::thread;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::Case;
use crate::needs::Need;
use crate::sources::file;
use crate::support::Outcome;
use crate::support::Run;
use crate::support::call;
use crate::support::object;
use crate::support::run;
use crate::support::run_with;
use crate::support::text;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Need::Tracing, Need::SyscallTracepoints] => [
            entries_as_json,
            tables_by_value,
            histograms_as_bars,
            histograms_as_json,
            stacks_have_names,
            only_some_maps,
            every_interval,
            entries_as_csv,
            counters_are_no_output,
            tail_calls,
            tail_calls_that_nobody_declares,
        ];
        [Need::Tracing, Need::SyscallTracepoints, Need::Storage] => [
            storage_with_tasks,
            storage_with_cgroups_and_sockets,
            storage_is_not_listed,
        ];
    ]
}

/// How often each of three places was reached, in whichever way the program was written.
fn tail_calls() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let compiled = dir.path().join("tails.o");
    let (bcc, libbpf) = (file("tails.c"), file("tails.bpf.c"));
    let second = ["--attach", "second=tail:calls:3"];
    let emit = ["--emit", "object", "-o", text(&compiled)];
    run(&[&[text(&bcc)], &second[..], &emit].concat()).fine();
    for (program, options) in [(&bcc, &second[..]), (&libbpf, &[]), (&compiled, &[])] {
        let options = [options, &["--format", "json"]].concat();
        let entries = run_with(program, &options, || call(0..5)).json("entry");
        let counts = of(&entries, "counts");
        let reached = |place: u32| counts.iter().find(|entry| entry["key"] == place);
        let times = |place| reached(place).and_then(|entry| entry["value"].as_u64());
        assert_eq!(
            [times(1), times(2), times(3)],
            [Some(5), Some(5), None],
            "{program:?}"
        );
    }
}

/// A map that holds no such function, in C of libbpf's dialect.
fn tail_calls_that_nobody_declares() {
    let outcome = run(&[text(&file("tails.bpf.c")), "--attach", "first=tail:calls:4"]);
    assert_eq!(outcome.code, Some(1));
    let expected = "no program array of this file holds first";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
}

/// Each task's own count; deleted, it starts again.
fn storage_with_tasks() {
    let outcome = run_with(&file("storage.c"), &["--format", "json"], || {
        call([1, 1, 1]);
        std::thread::spawn(|| call([1, 1]))
            .join()
            .expect("it does not panic");
        call([0xff, 1]);
    });
    let events = outcome.json("event");
    let ours = events
        .iter()
        .filter(|event| event["fields"]["pid"] == std::process::id());
    let times: Vec<_> = ours.map(|event| event["fields"]["times"].clone()).collect();
    // In the order of the CPUs, should the threads have been on several.
    let mut sorted: Vec<_> = times.iter().filter_map(Value::as_u64).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, [1, 1, 1, 2, 2, 3], "{times:?}");
}

/// A cgroup's count goes up by one with each exec in it; a socket knows who connects it.
fn storage_with_cgroups_and_sockets() {
    let outcome = run_with(&file("storage.bpf.c"), &["--format", "json"], || {
        for _ in 0..3 {
            let status = std::process::Command::new("/bin/true").status();
            assert!(status.expect("true runs").success());
        }
        std::net::TcpStream::connect(("127.0.0.1", 1)).expect_err("nobody listens");
    });
    let events = outcome.json("event");
    let of = |socket: u32| {
        events
            .iter()
            .filter(move |event| event["fields"]["socket"] == socket)
    };
    let times: Vec<_> = of(0)
        .filter_map(|event| event["fields"]["times"].as_u64())
        .collect();
    // Others may run programs meanwhile, in this cgroup and elsewhere.
    assert!(times.iter().max() >= Some(&3), "{times:?}");
    let us = std::process::id();
    assert!(
        of(1).any(|event| event["fields"]["pid"] == us),
        "{events:?}"
    );
}

/// What user space cannot list is said, and what to do instead.
fn storage_is_not_listed() {
    let outcome = run(&[
        text(&file("storage.c")),
        "--map",
        "calls",
        "--duration",
        "1ms",
    ]);
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    let expected = "the map calls cannot be shown";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
}

/// Three calls with 5, one with 6.
fn maps(args: &[&str]) -> Outcome {
    run_with(&object("maps"), args, || call([5, 6, 5, 5]))
}

fn of<'a>(lines: &'a [Value], map: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["map"] == map).collect()
}

/// Keys and values of all kinds of maps, the largest values first; per-CPU values summed, and
/// apart.
fn entries_as_json() {
    let entries = maps(&["--format", "json"]).json("entry");
    let by_key = of(&entries, "by_key");
    assert_eq!(by_key[0]["key"]["number"], 5);
    assert!(
        by_key[0]["key"]["comm"]
            .as_str()
            .is_some_and(|comm| !comm.is_empty())
    );
    assert_eq!(
        (&by_key[0]["value"], &by_key[1]["value"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(of(&entries, "recent")[0]["value"], 3);
    let each_cpu = of(&entries, "each_cpu")[0];
    assert_eq!(each_cpu["value"], 3);
    let cpus = each_cpu["cpus"].as_array().expect("a list");
    let sum: u64 = cpus.iter().filter_map(Value::as_u64).sum();
    assert_eq!(sum, 3);
    assert_eq!(of(&entries, "totals")[0]["value"], 4);
    assert_eq!(of(&entries, "totals")[1]["value"], 0);
}

/// A program without events shows all maps that hold something.
fn tables_by_value() {
    let text = maps(&[]).stdout;
    let table = |name: &str| -> Vec<Vec<String>> {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        let lines = text.lines().skip_while(|line| *line != name).skip(1);
        lines
            .take_while(|line| !line.is_empty())
            .map(words)
            .collect()
    };
    assert_eq!(table("by_key")[0], ["NUMBER", "COMM", "VALUE"]);
    assert_eq!(
        (&*table("by_key")[1][0], &*table("by_key")[1][2]),
        ("5", "3")
    );
    assert_eq!(table("recent"), [["KEY", "VALUE"], ["5", "3"], ["6", "1"]]);
    assert_eq!(table("totals"), [["KEY", "VALUE"], ["0", "4"]]);
}

/// What BCC's dialect declares as a histogram, what libbpf's tools use as one, and keys that are
/// structs.
fn histograms_as_bars() {
    let text = maps(&["--unit", "usecs"]).stdout;
    let stars = "*".repeat(40);
    let header = "     usecs               : count     distribution\n";
    let bars = |title: &str, count: u32| {
        format!(
            "{title}\n{header}         0 -> 1          : 0        |{:40}|\n\
             \x20        2 -> 3          : 0        |{:40}|\n\
             \x20        4 -> 7          : {count}        |{stars}|\n",
            "", ""
        )
    };
    assert!(text.contains(&bars("\nsizes", 4)), "{text}");
    assert!(text.contains(&bars("\nhists", 4)), "{text}");
    assert!(text.contains("\nsizes_by_number: 5\n"), "{text}");
    assert!(
        text.contains("         8 -> 15         : 3        |"),
        "{text}"
    );
    let text = maps(&["--linear", "sizes", "--map", "sizes"]).stdout;
    assert!(
        text.contains(&format!("        3          : 4        |{stars}|\n")),
        "{text}"
    );
}

/// Buckets with their bounds; empty ones are left out.
fn histograms_as_json() {
    let lines = maps(&["--format", "json"]).json("histogram");
    let expected = json!([{"low": 4, "high": 7, "count": 4}]);
    assert_eq!(of(&lines, "sizes")[0]["buckets"], expected);
    assert!(of(&lines, "sizes")[0]["key"].is_null());
    assert_eq!(of(&lines, "hists")[0]["buckets"], expected);
    let by_number = of(&lines, "sizes_by_number");
    let keys: Vec<_> = by_number.iter().map(|line| line["key"].clone()).collect();
    assert_eq!(keys, [json!(5), json!(6)]);
}

/// Kernel functions by name.
fn stacks_have_names() {
    let text = maps(&["--map", "stacks"]).stdout;
    let frames: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("    "))
        .collect();
    assert!(!frames.is_empty(), "{text}");
    assert!(frames.iter().any(|frame| frame.contains("+0x")), "{text}");
    let entries = maps(&["--map", "stacks", "--format", "json"]).json("entry");
    let address = entries[0]["value"][0].as_str().expect("an address");
    assert!(address.starts_with("0xffff"), "{address}");
}

/// A program with events shows its histograms only, unless maps are named; wrong names are told.
fn only_some_maps() {
    let text = maps(&["--map", "recent"]).stdout;
    assert!(
        text.contains("\nrecent\n") && !text.contains("by_key"),
        "{text}"
    );
    let text = run_with(&object("perf"), &[], || call([1])).stdout;
    assert!(!text.contains("scratch"), "{text}");
    let text = run_with(&object("perf"), &["--map", "all"], || call([1])).stdout;
    assert!(text.contains("\nscratch\n"), "{text}");
    let object = object("perf");
    let wrong = crate::support::run(&[crate::support::text(&object), "--map", "nothing"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("it has scratch, events"),
        "{}",
        wrong.stderr
    );
}

/// Shown every so often, and cleared each time.
fn every_interval() {
    let args = [
        "--interval",
        "200ms",
        "--clear",
        "--map",
        "recent",
        "--map",
        "totals",
    ];
    let run = Run::start(
        &object("maps"),
        &[&args[..], &["--format", "json"]].concat(),
    );
    for _ in 0..4 {
        call([5]);
        thread::sleep(Duration::from_millis(250));
    }
    let entries = run.interrupt().fine().json("entry");
    let counts = |map: &str| -> Vec<u64> {
        let values = of(&entries, map).into_iter();
        values.filter_map(|line| line["value"].as_u64()).collect()
    };
    // Each call is in one report, so all values together are the calls.
    assert_eq!(counts("recent").iter().sum::<u64>(), 4, "{entries:?}");
    assert_eq!(counts("totals").iter().sum::<u64>(), 4, "{entries:?}");
    assert!(counts("recent").len() >= 2, "{entries:?}");
}

/// A program without events has its entries as rows.
fn entries_as_csv() {
    let text = maps(&["--format", "csv", "--map", "recent"]).stdout;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(
        reader.headers().expect("a header"),
        ["time", "map", "key", "value"][..]
    );
    let rows: Vec<_> = reader.records().collect::<Result<_, _>>().expect("CSV");
    assert_eq!(
        (&rows[0][1], &rows[0][2], &rows[0][3]),
        ("recent", "5", "3")
    );
    assert_eq!(rows.len(), 2);
}

/// The kernel has one type for both. A program without output shows its maps.
fn counters_are_no_output() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let bcc = "BPF_PERF_ARRAY(counters, 64);\nBPF_HASH(seen, u32);\n\
        TRACEPOINT_PROBE(syscalls, sys_enter_getpgid)\n{\n\
        u64 now = counters.perf_read(0);\n seen.increment(now ? 1 : 2);\n return 0;\n}\n";
    let libbpf = "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n\
        struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4);\n\
        __uint(value_size, 4); __uint(max_entries, 64); } counters SEC(\".maps\");\n\
        struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, u64); __type(value, u64);\n\
        __uint(max_entries, 8); } seen SEC(\".maps\");\n\
        SEC(\"tracepoint/syscalls/sys_enter_getpgid\") int enter(void *ctx)\n{\n\
        u64 one = bpf_perf_event_read(&counters, 0) ? 1 : 2;\n\
        bpf_map_update_elem(&seen, &one, &one, 0);\n return 0;\n}\n\
        char LICENSE[] SEC(\"license\") = \"GPL\";\n";
    for (name, program) in [("counters.c", bcc), ("counters.bpf.c", libbpf)] {
        let file = dir.path().join(name);
        std::fs::write(&file, program).expect("it can be written");
        let entries = run_with(&file, &["--format", "json"], || call([1])).json("entry");
        assert!(!of(&entries, "seen").is_empty(), "{name}: {entries:?}");
    }
}
