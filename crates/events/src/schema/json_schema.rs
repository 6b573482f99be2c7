//! The table as a JSON Schema, for programs that read records.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::field::Field;
use super::field::FieldType;
use super::field::RecordType;
use super::fields_of;

/// The JSON Schema (draft 2020-12) of one line of JSON output: one of the records.
pub fn json_schema() -> Value {
    let names = RecordType::ALL.map(RecordType::name);
    let references: Vec<Value> = names
        .iter()
        .map(|name| json!({"$ref": format!("#/$defs/{name}")}))
        .collect();
    let definitions: Map<String, Value> = RecordType::ALL
        .into_iter()
        .map(|record| (record.name().to_owned(), record_schema(record)))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of execsnoop's JSON output",
        "oneOf": references,
        "$defs": definitions,
    })
}

fn record_schema(record: RecordType) -> Value {
    let properties: Map<String, Value> = fields_of(record)
        .map(|field| (field.name.to_owned(), field_schema(field, record)))
        .collect();
    let required: Vec<&str> = fields_of(record)
        .filter(|field| !field.optional)
        .map(|field| field.name)
        .collect();
    json!({
        "description": record.description(),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn field_schema(field: &Field, record: RecordType) -> Value {
    match field.name {
        "type" => described(field, json!({"const": record.name()})),
        _ => value_schema(field),
    }
}

/// The schema of a field's value.
pub(super) fn value_schema(field: &Field) -> Value {
    described(field, type_schema(field.field_type))
}

fn described(field: &Field, value: Value) -> Value {
    let mut schema = match field.nullable {
        true => json!({"anyOf": [value, {"type": "null"}]}),
        false => value,
    };
    schema["description"] = json!(field.description);
    if let Some(unit) = field.unit {
        schema["x-unit"] = json!(unit.name());
    }
    if !field.lacking.is_empty() {
        let names: Vec<&str> = field.lacking.iter().map(|backend| backend.name()).collect();
        schema["x-not-with-backends"] = json!(names);
    }
    schema
}

fn type_schema(field_type: FieldType) -> Value {
    let text = || json!({"type": "string"});
    let object = |properties: Value, required: &[&str]| {
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    };
    match field_type {
        FieldType::Bool => json!({"type": "boolean"}),
        FieldType::Integer => json!({"type": "integer"}),
        FieldType::Decimal => json!({"type": "string", "pattern": "^[0-9]+$"}),
        FieldType::Text => text(),
        FieldType::Time => json!({"type": "string", "format": "date-time"}),
        FieldType::Id => json!({"type": "string", "pattern": "^[0-9]+-[0-9a-f]+$"}),
        FieldType::OneOf(words) => json!({"enum": words}),
        FieldType::Texts => json!({"type": "array", "items": {"type": ["string", "null"]}}),
        FieldType::Variables => json!({"type": "object", "additionalProperties": text()}),
        FieldType::Container => object(
            json!({"id": text(), "runtime": {"type": ["string", "null"]}}),
            &["id", "runtime"],
        ),
        FieldType::Ancestors => {
            let ancestor = object(
                json!({
                    "id": type_schema(FieldType::Id),
                    "pid": type_schema(FieldType::Integer),
                    "comm": {"type": ["string", "null"]},
                    "args": type_schema(FieldType::Texts),
                }),
                &["id", "pid", "comm"],
            );
            json!({"type": "array", "items": ancestor})
        }
    }
}
