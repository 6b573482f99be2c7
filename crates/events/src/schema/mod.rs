//! The field table: every field of every record, in one place.
//!
//! JSON, CSV, the columns of tables, filters, what each backend cannot provide, docs/output.md and
//! the JSON Schema come from this table or are tested against it. A new field is one entry in
//! [`FIELDS`] and the lines of `json/records.rs` that fill it.

mod document;
mod field;
mod json_schema;
mod recording;
mod table;

use crate::backend::Backend;

pub use document::markdown;
pub use document::recorded_markdown;
pub use field::Field;
pub use field::FieldType;
pub use field::RecordType;
pub use field::Requirement;
pub use field::Unit;
pub use json_schema::json_schema;
pub use recording::RECORDED_FIELDS;
pub use recording::recording_schema;
pub use table::FIELDS;

/// The field of this name.
pub fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// The fields that records of this type have, in the order of the table.
pub fn fields_of(record: RecordType) -> impl Iterator<Item = &'static Field> {
    FIELDS
        .iter()
        .filter(move |field| field.records.contains(&record))
}

impl Backend {
    /// Whether no record of this backend has a value in this field.
    pub fn lacks_field(self, name: &str) -> bool {
        field(name).is_some_and(|field| field.lacking.contains(&self))
    }
}

#[cfg(test)]
mod tests;
