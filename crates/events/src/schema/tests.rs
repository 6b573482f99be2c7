//! The table is that of the records, no more and no less.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::argv::Argv;
use crate::event::Clock;
use crate::event::CountedKind;
use crate::event::Event;
use crate::event::EventData;
use crate::event::Exec;
use crate::event::Exit;
use crate::event::ExitStatus;
use crate::event::Fork;
use crate::event::Loss;
use crate::event::Lost;
use crate::json::Annotations;
use crate::json::tests::exit;
use crate::json::tests::id;
use crate::json::tests::ls;
use crate::json::tests::process;
use crate::json::write_line;

/// One record of each type, with every optional field.
fn records() -> Vec<Value> {
    let failed = Exec {
        ret: -2,
        fatal: true,
        script: true,
        ..ls(Argv::whole(b"\xff\0"))
    };
    let ended = Exit {
        by_exec: true,
        ..exit(ExitStatus::Code(7))
    };
    let mut whole = process(Some(ended));
    whole.image = Some(failed.image());
    let fork = Fork {
        process: id(5, 16),
        creator: id(4, 15),
        creator_tid: 6,
        exec_number: None,
        vfork: Some(true),
        by_tracer: false,
        ns_pid: Some(5),
    };
    let lost = Lost {
        kind: CountedKind::Exec,
        count: 3,
        reason: Loss::RingFull,
    };
    [
        EventData::Exec(failed),
        EventData::Fork(fork),
        EventData::Exit(ended),
        EventData::Summary(whole),
        EventData::Lost(lost),
        EventData::Clock(Clock { first: true }),
    ]
    .map(record)
    .into()
}

fn record(data: EventData<'_>) -> Value {
    let event = Event {
        time: Timestamp::from_second(1_795_427_347).expect("in range"),
        boot_ns: 9_000_000_000,
        data,
    };
    let notes = Annotations {
        ancestors: Some(&[]),
        tries: Some(1),
        shortened: true,
        host: Some("machine"),
        ..Annotations::default()
    };
    let mut line = Vec::new();
    write_line(&mut line, &event, &notes);
    serde_json::from_slice(&line).expect("JSON")
}

/// The names that the table gives for a type are those of its record.
#[test]
fn records_have_the_fields_of_the_table() {
    for (record, of) in records().iter().zip(RecordType::ALL) {
        assert_eq!(record["type"], of.name());
        let mut written: Vec<&str> = record
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        let mut listed: Vec<&str> = fields_of(of).map(|field| field.name).collect();
        written.sort_unstable();
        listed.sort_unstable();
        assert_eq!(written, listed, "{}", of.name());
    }
}

/// No name is listed twice.
#[test]
fn names_are_unique() {
    for field in FIELDS {
        let same = FIELDS.iter().filter(|other| other.name == field.name);
        assert_eq!(same.count(), 1, "{}", field.name);
    }
}

/// The names of kinds and reasons in the table are those that records have.
#[test]
fn words_are_those_of_the_records() {
    let kinds = CountedKind::ALL.map(CountedKind::name);
    let kind = field("kind").expect("listed").field_type;
    assert!(matches!(kind, FieldType::OneOf(words) if words == kinds));
    let reasons = [Loss::RingFull, Loss::Skipped, Loss::Malformed].map(Loss::name);
    let reason = field("reason").expect("listed").field_type;
    assert!(matches!(reason, FieldType::OneOf(words) if words == reasons));
}

/// Every record is valid by the JSON Schema, and a record with anything else is not.
#[test]
fn records_are_valid() {
    let validator = jsonschema::validator_for(&json_schema()).expect("a JSON Schema");
    for mut record in records() {
        if let Err(error) = validator.validate(&record) {
            panic!("{error}: {record}");
        }
        record["surprise"] = Value::Null;
        assert!(!validator.is_valid(&record), "{record}");
    }
}

/// Compares a file with what it should be, or writes it if `UPDATE_GOLDEN` is set.
fn check_golden(path: PathBuf, expected: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, expected).expect("the file can be written");
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{} differs from the field table; UPDATE_GOLDEN=1 cargo test -p execsnoop-events schema \
         writes it anew",
        path.display()
    );
}

fn repository(path: &str) -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    PathBuf::from(root).join(path)
}

/// The contract does not change by accident.
#[test]
fn the_contract_is_frozen() {
    let schema = serde_json::to_string_pretty(&json_schema()).expect("JSON");
    check_golden(repository("fixtures/schema.json"), &format!("{schema}\n"));
}

/// Neither does what recordings add.
#[test]
fn the_records_of_recordings_are_frozen() {
    let schema = serde_json::to_string_pretty(&recording_schema()).expect("JSON");
    check_golden(
        repository("fixtures/recording-schema.json"),
        &format!("{schema}\n"),
    );
}

/// Fields of recordings are no columns, and no filter knows them: each is described, and is not in
/// the table.
#[test]
fn recordings_add_nothing_to_the_contract() {
    let shared = ["boot_ns"];
    for field in RECORDED_FIELDS {
        let is_listed = FIELDS.iter().any(|other| other.name == field.name);
        assert_eq!(is_listed, shared.contains(&field.name), "{}", field.name);
        assert!(field.optional, "{}", field.name);
    }
    for (kind, definition) in recording_schema()["$defs"].as_object().expect("an object") {
        assert_ne!(definition["description"], "", "{kind}");
        for (name, value) in definition["properties"].as_object().expect("an object") {
            assert_ne!(value, &json!({}), "{kind}: {name} has no description");
        }
    }
}

const BEGIN: &str = "<!-- fields: generated from events::schema -->\n";
const END: &str = "<!-- end of fields -->\n";

/// Two documents show the tables.
#[test]
fn the_documentation_is_current() {
    for (path, table) in [
        ("docs/output.md", markdown()),
        ("docs/recording-format.md", recorded_markdown()),
    ] {
        let path = repository(path);
        let text = std::fs::read_to_string(&path).expect("the document");
        let (before, rest) = text.split_once(BEGIN).expect("the marker before the table");
        let (_, after) = rest.split_once(END).expect("the marker behind it");
        check_golden(path, &format!("{before}{BEGIN}\n{table}\n{END}{after}"));
    }
}
