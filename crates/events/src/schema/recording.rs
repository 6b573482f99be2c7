//! What the lines of a recording have besides the fields of the contract.
//!
//! These fields are in recordings only: they are no columns, and filters do not know them.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::FIELDS;
use super::field::Field;
use super::field::FieldType::Bool;
use super::field::FieldType::Decimal;
use super::field::FieldType::Id;
use super::field::FieldType::Integer;
use super::field::FieldType::OneOf;
use super::field::FieldType::Text;
use super::field::RecordType;
use super::field::Unit;
use super::json_schema::value_schema;
use crate::event::Hierarchy;
use crate::recording::RECORD_FIELDS;
use crate::recording::REDACTED_IN;

/// In records of every type.
const ANY: &[RecordType] = &[];

/// The fields that only recordings have, in the order in which they are written.
#[rustfmt::skip]
pub const RECORDED_FIELDS: &[Field] = &[
    Field::new("comm_b64", Text, ANY,
        "The exact bytes of `comm` in base64, if they are not UTF-8.").optional(),
    Field::new("pcomm_b64", Text, ANY, "The same of `pcomm`.").optional(),
    Field::new("tty_b64", Text, ANY,
        "The exact bytes of the name of the terminal's device.").optional(),
    Field::new("filename_b64", Text, ANY, "The exact bytes of `filename`.").optional(),
    Field::new("exe_b64", Text, ANY, "The exact bytes of `exe`.").optional(),
    Field::new("cwd_b64", Text, ANY, "The exact bytes of `cwd`.").optional(),
    Field::new("is_script", Bool, ANY,
        "True for a script whose name is not known.").optional(),
    Field::new("is_secure", Bool, ANY,
        "True where `secure` is, and the file is not known.").optional(),
    Field::new("file_dev", Integer, ANY,
        "The device of the file: major << 20 | minor.").optional(),
    Field::new("file_ino", Decimal, ANY, "The number of its inode.").optional(),
    Field::new("file_links", Integer, ANY,
        "How many names it has, if not one.").optional().unit(Unit::Count),
    Field::new("args_cut", Bool, ANY, "The last argument is not whole.").optional(),
    Field::new("args_bytes", Integer, ANY,
        "Bytes of all arguments, with a NUL after each, if more than arrived."
    ).optional().unit(Unit::Bytes),
    Field::new("args_shortened", Bool, ANY,
        "It is `args` that a limit has shortened.").optional(),
    Field::new("env_b64", Text, ANY,
        "The exact environment, with a NUL after each variable, if an object cannot show it."
    ).optional(),
    Field::new("env_bytes", Integer, ANY,
        "Bytes of the whole environment, if more than here.").optional().unit(Unit::Bytes),
    Field::new("env_incomplete", Bool, ANY, "Variables are missing.").optional(),
    Field::new("env_shortened", Bool, ANY, "It is `env` that a limit has shortened.").optional(),
    Field::new("redacted_in", OneOf(&REDACTED_IN), ANY,
        "Where something was masked: only in the environment (`env`), or elsewhere as well (`all`). \
         Without it, elsewhere only.").optional(),
    Field::new("cgroup_hierarchy", OneOf(Hierarchy::NAMES), ANY,
        "The hierarchy of the cgroup, if it is not the one of version 2.").optional(),
    Field::new("cgroup_key", Decimal, ANY, "Its number in that hierarchy.").optional(),
    Field::new("cgroup_b64", Text, ANY, "The exact bytes of `cgroup`.").optional(),
    Field::new("creator_tid", Integer, ANY,
        "The thread that called fork, if it is not the first of its process.").optional(),
    Field::new("by_tracer", Bool, ANY,
        "The new process is the command that the recorder was asked to run.").optional(),
    Field::new("first_parent_id", Id, ANY,
        "The parent when the process was first seen, if another one.").optional(),
    Field::new("seen_pid", Integer, ANY,
        "The pid in the recorder's pid namespace, if another one; 0 if it is not visible there."
    ).optional(),
    Field::new("doomed", Bool, ANY,
        "The program did not begin: its exec failed when the old program was gone.").optional(),
    Field::new("exec_ns", Decimal, ANY,
        "When the last exec was, in ns since boot, if the record does not say it otherwise."
    ).optional().unit(Unit::Nanoseconds),
    Field::new("exec_number", Integer, ANY,
        "The number of the last exec: a copy of a process has that of its creator."
    ).optional(),
    Field::new("peak_before", Integer, ANY,
        "Peak memory before the exec.").optional().unit(Unit::Bytes),
    Field::new("ended", Bool, ANY,
        "The process has ended, and a descendant of it lives.").optional(),
    Field::new("end_ns", Decimal, ANY,
        "When that was, in ns since boot.").optional().unit(Unit::Nanoseconds),
    Field::new("boot_ns", Decimal, ANY,
        "The same moment in ns since boot, if it does not follow from the last `clock` record."
    ).optional().unit(Unit::Nanoseconds),
    Field::new("first", Bool, ANY,
        "The first report of the clock, not a step of it.").optional(),
    Field::new("repeated", Bool, ANY,
        "Nothing happened: the record repeats how the clocks relate, for a reader who begins here."
    ).optional(),
];

/// What a type of record tells.
fn description(kind: &str) -> &'static str {
    let known = RecordType::ALL.into_iter().find(|it| it.name() == kind);
    match (kind, known) {
        (_, Some(record)) => record.description(),
        ("usage", _) => "A process was reaped, and its CPU time is final.",
        ("existing", _) => {
            "A process of which something may follow: it lives, or an ended ancestor of one."
        }
        ("gone", _) => "A process ended, and a filter left its `exit` record out.",
        ("cgroup", _) => "The name of a cgroup, before the first record of a process in it.",
        _ => "",
    }
}

/// A field of a record: that of the contract, if records of this type have it there.
fn field_of(kind: &str, name: &str) -> Option<&'static Field> {
    let is_of_contract = |field: &&Field| {
        let is_of_kind = |record: &RecordType| record.name() == kind;
        let is_new = RecordType::ALL.iter().all(|record| record.name() != kind);
        field.name == name && (is_new || field.records.iter().any(is_of_kind))
    };
    let recorded = RECORDED_FIELDS.iter().find(|field| field.name == name);
    match FIELDS.iter().find(is_of_contract) {
        Some(field) if kind == "clock" || recorded.is_none() => Some(field),
        contract => recorded.or(contract),
    }
}

/// Fields that are always there in a record where they are optional elsewhere.
fn is_always(kind: &str, name: &str) -> bool {
    kind == "cgroup" && matches!(name, "cgroup_hierarchy" | "cgroup_key" | "cgroup")
}

/// The JSON Schema (draft 2020-12) of one line of a recording.
pub fn recording_schema() -> Value {
    let mut definitions: Map<String, Value> = RECORD_FIELDS
        .iter()
        .map(|(kind, names)| ((*kind).to_owned(), record_schema(kind, names)))
        .collect();
    definitions.insert("header".to_owned(), header_schema());
    definitions.insert("end".to_owned(), end_schema());
    let references: Vec<Value> = definitions
        .keys()
        .map(|kind| json!({"$ref": format!("#/$defs/{kind}")}))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a recording of execsnoop",
        "oneOf": references,
        "$defs": definitions,
    })
}

fn record_schema(kind: &str, names: &[&str]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for name in names {
        let schema = match (*name, field_of(kind, name)) {
            ("type", _) => json!({"const": kind}),
            ("end", _) => {
                json!({"type": "object", "description": "How it ended, if its final usage is awaited."})
            }
            (_, Some(field)) => value_schema(field),
            (_, None) => json!({}),
        };
        let is_optional = field_of(kind, name).is_none_or(|field| field.optional);
        if *name == "type" || is_always(kind, name) || !is_optional {
            required.push(*name);
        }
        properties.insert((*name).to_owned(), schema);
    }
    json!({
        "description": description(kind),
        "type": "object",
        "properties": properties,
        "required": required,
    })
}

fn header_schema() -> Value {
    let text = || json!({"type": "string"});
    let known = || json!({"type": ["string", "null"]});
    let texts = || json!({"type": "array", "items": {"type": "string"}});
    json!({
        "description": "The first record of each file.",
        "type": "object",
        "properties": {
            "type": {"const": "header"},
            "format": {"type": "integer", "description": "Version of the format."},
            "time": {"type": "string", "format": "date-time"},
            "boot_ns": text(), "version": text(), "host": text(), "machine_id": known(),
            "boot_id": known(), "kernel": known(), "arch": known(),
            "cpus": {"type": ["integer", "null"]}, "backend": text(), "session": text(),
            "file": {"type": "integer"}, "initial_pid_ns": {"type": ["boolean", "null"]},
            "redaction": {"type": "object"}, "command_line": texts(), "events": texts(),
            "collected": texts(), "env": texts(),
        },
        "required": [
            "type", "format", "time", "boot_ns", "version", "host", "backend", "session", "file",
            "redaction",
        ],
    })
}

fn end_schema() -> Value {
    json!({
        "description": "The last record of a file that was not cut off.",
        "type": "object",
        "properties": {
            "type": {"const": "end"},
            "time": {"type": "string", "format": "date-time"},
            "boot_ns": {"type": "string"},
            "reason": {"enum": ["rotated", "stopped"]},
            "records": {"type": "integer"},
            "frames_dropped": {"type": "integer"},
            "records_dropped": {"type": "integer"},
            "tally": {"type": "object", "description": "What the source counted."},
        },
        "required": [
            "type", "time", "boot_ns", "reason", "records", "frames_dropped", "records_dropped",
            "tally",
        ],
    })
}
