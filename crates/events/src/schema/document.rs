//! The table as a part of docs/output.md.

use super::FIELDS;
use super::field::Field;
use super::field::RecordType;
use super::recording::RECORDED_FIELDS;
use crate::recording::RECORD_FIELDS;

/// The table in Markdown, one row for each field.
pub fn markdown() -> String {
    let mut text = String::from("| field | type | in | meaning |\n|---|---|---|---|\n");
    for field in FIELDS {
        let cells = [
            format!("`{}`", field.name),
            type_words(field),
            records(field),
            meaning(field),
        ];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// The fields that only recordings have, in Markdown.
pub fn recorded_markdown() -> String {
    let mut text = String::from("| field | type | in | meaning |\n|---|---|---|---|\n");
    for field in RECORDED_FIELDS {
        let has_it =
            |(kind, names): &(&'static str, &[&str])| names.contains(&field.name).then_some(*kind);
        let records: Vec<&str> = RECORD_FIELDS.iter().filter_map(has_it).collect();
        text.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            field.name,
            type_words(field),
            records.join(", "),
            field.description
        ));
    }
    text
}

/// Such as `integer (ns) or null`.
fn type_words(field: &Field) -> String {
    let mut words = field.field_type.words().to_owned();
    if let Some(unit) = field.unit {
        words.push_str(&format!(" ({})", unit.name()));
    }
    if field.nullable {
        words.push_str(" or null");
    }
    words
}

fn records(field: &Field) -> String {
    if field.records.len() == RecordType::ALL.len() {
        return "all".to_owned();
    }
    let names: Vec<&str> = field.records.iter().map(|record| record.name()).collect();
    names.join(", ")
}

fn meaning(field: &Field) -> String {
    let mut text = field.description.to_owned();
    if field.optional {
        text.push_str(" *Optional.*");
    }
    if !field.lacking.is_empty() {
        let names: Vec<&str> = field.lacking.iter().map(|backend| backend.name()).collect();
        text.push_str(&format!(" *Not with {}.*", names.join(", ")));
    }
    text
}
