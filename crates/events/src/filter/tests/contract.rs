//! The list of fields is that of the records, no more and no less.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use super::super::fields::FIELDS;
use super::super::kind::Kind;
use super::*;
use crate::json::write_line;

/// Records that have every field between them.
fn records() -> Vec<Value> {
    let failed = Exec {
        ret: -2,
        script: true,
        ..ls(Argv::whole(b"\xff\0"))
    };
    let mut whole = process(Some(exit(ExitStatus::Code(7))));
    whole.image = Some(failed.image());
    let bodies = [
        EventData::Exec(failed),
        EventData::Fork(fork()),
        EventData::Exit(exit(ExitStatus::Code(7))),
        EventData::Summary(whole),
    ];
    let notes = Annotations {
        ancestors: Some(&[]),
        tries: Some(1),
        ..Annotations::default()
    };
    let line = |data| {
        let mut line = Vec::new();
        write_line(&mut line, &event(data), &notes);
        serde_json::from_slice(&line).expect("JSON")
    };
    bodies.map(line).into()
}

/// Every field of every record, and in which records it is.
#[test]
fn the_list_is_complete() {
    let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for record in records() {
        let of = record["type"].as_str().expect("a type").to_owned();
        for field in record.as_object().expect("an object").keys() {
            let records = written.entry(field.clone()).or_default();
            records.insert(of.clone());
        }
    }
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let listed: Vec<(String, BTreeSet<String>)> = FIELDS
        .iter()
        .map(|field| (field.name.to_owned(), owned(field.records)))
        .collect();
    assert_eq!(listed, written.into_iter().collect::<Vec<_>>());
}

/// What is written is of the kind that the list tells.
#[test]
fn kinds_are_right() {
    for record in records() {
        for field in FIELDS {
            let fits = match record.get(field.name) {
                None | Some(Value::Null) => true,
                Some(Value::Bool(_)) => field.kind == Kind::Bool,
                Some(Value::Number(_)) => field.kind == Kind::Number,
                Some(Value::String(_)) => field.kind == Kind::Text,
                Some(Value::Array(_)) => field.kind.may_be(Kind::List),
                Some(Value::Object(_)) => matches!(field.kind, Kind::Object(_) | Kind::Any),
            };
            assert!(fits, "{}: {record}", field.name);
        }
    }
}
