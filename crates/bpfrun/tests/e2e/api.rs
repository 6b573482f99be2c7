//! The library, as another program uses it.

use std::time::Duration;

use bpfrun::Attached;
use bpfrun::CompileOptions;
use bpfrun::EventType;
use bpfrun::MapKind;
use bpfrun::Program;

use crate::Case;
use crate::needs::Need;
use crate::support::call;
use crate::support::object;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Need::Tracing, Need::SyscallTracepoints] => [events_and_fields, maps, unknown_names, the_example];
    ]
}

fn running(name: &str) -> Attached {
    let object = std::fs::read(object(name)).expect("it is there");
    let program = Program::from_object(object).expect("an object");
    program
        .load()
        .expect("it loads")
        .attach()
        .expect("it attaches")
}

/// Events with their fields by name.
fn events_and_fields() {
    let mut running = running("ring");
    call(0..3);
    let mut numbers = Vec::new();
    let poll = |running: &mut Attached, numbers: &mut Vec<u64>| {
        let polled = running.poll(Duration::from_secs(1), |event| {
            assert_eq!((event.map, event.type_name), ("events", "event"));
            assert_eq!(event.get("at.y").and_then(|y| y.as_i64()), Some(-3));
            numbers.extend(event.get("number").and_then(|number| number.as_u64()));
        });
        polled.expect("events can be read")
    };
    assert_eq!(poll(&mut running, &mut numbers), 3);
    assert_eq!(numbers, [0, 1, 2]);
    running.detach();
    call([9]);
    assert_eq!(poll(&mut running, &mut numbers), 0);
    assert_eq!(running.flows()[0].received, 3);
    assert_eq!(running.schemas()[0].columns[0].path, "number");
}

/// Maps: entries, one entry, cleared.
fn maps() {
    let running = running("maps");
    call([5, 6, 5]);
    let recent = running.map("recent").expect("a map");
    assert_eq!(recent.kind(), MapKind::Hash);
    let entries = recent.entries().expect("it can be read");
    assert_eq!(entries.len(), 2);
    let five = recent
        .lookup(&5u32.to_ne_bytes())
        .expect("readable")
        .expect("there");
    let value = five.iter().next().and_then(|entry| entry.total()?.as_u64());
    assert_eq!(value, Some(2));
    for name in ["recent", "totals", "each_cpu", "sizes", "by_key"] {
        let map = running.map(name).expect("a map");
        map.clear().expect("it can be cleared");
        let entries = map.entries().expect("it can be read");
        let left = entries
            .iter()
            .filter_map(|entry| entry.total()?.as_u64())
            .sum::<u64>();
        assert_eq!(left, 0, "{name}");
    }
    assert!(recent.entries().expect("it can be read").is_empty());
    assert!(recent.lookup(&[1]).is_err(), "keys have their size");
}

/// What an option names has to be there: the type as well as the map.
fn unknown_names() {
    for (map, c_type, said) in [
        ("events", "struct nothing", "has no type struct nothing"),
        ("nowhere", "struct event", "no map nowhere; it has events"),
    ] {
        let options = CompileOptions {
            event_types: vec![EventType {
                map: map.to_owned(),
                c_type: c_type.to_owned(),
            }],
            ..CompileOptions::default()
        };
        let object = std::fs::read(object("ring")).expect("it is there");
        let error = Program::from_object_with(object, &options).expect_err("a wrong name");
        let error = error.to_string();
        assert!(
            error.contains(said) && error.contains(map) && error.contains(c_type),
            "{error}"
        );
    }
}

/// examples/execs.rs, which is how the library is introduced: its text is this test's program as
/// well.
fn the_example() {
    let output = std::thread::spawn(|| {
        let example = std::process::Command::new(env!("CARGO"))
            .args([
                "run",
                "--quiet",
                "--package",
                "bpfrun",
                "--example",
                "execs",
            ])
            .output();
        example.expect("cargo runs")
    });
    while !output.is_finished() {
        let status = std::process::Command::new("/bin/true")
            .arg("shown")
            .status();
        assert!(status.expect("true runs").success());
        std::thread::sleep(Duration::from_millis(50));
    }
    let output = output.join().expect("it has ended");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        stdout.lines().any(|line| line.ends_with(" true")),
        "{stdout}"
    );
    assert!(stdout.contains("calls are still under way"), "{stdout}");
}
