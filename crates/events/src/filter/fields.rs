//! The fields that a filter can use: the fields of the JSON records, under the same names.

use strsim::damerau_levenshtein;

use super::kind::Kind;
use crate::schema::FIELDS;
use crate::schema::Field;
use crate::schema::FieldType;
use crate::schema::RecordType;

/// The fields of a container.
const CONTAINER: Kind = Kind::Object(&["id", "runtime"]);

/// The field of this name, if it is in a record of an event.
pub(super) fn find(name: &str) -> Option<&'static Field> {
    filterable().find(|field| field.name == name)
}

/// Fields of events: reports of the tracer itself are not filtered.
fn filterable() -> impl Iterator<Item = &'static Field> {
    let reports = [RecordType::Lost, RecordType::Clock];
    let is_of_event = move |field: &&Field| field.records.iter().any(|of| !reports.contains(of));
    FIELDS.iter().filter(is_of_event)
}

/// The kind of a field's value.
pub(super) fn kind(field: &Field) -> Kind {
    match field.field_type {
        FieldType::Bool => Kind::Bool,
        FieldType::Integer => Kind::Number,
        FieldType::Decimal
        | FieldType::Text
        | FieldType::Time
        | FieldType::Id
        | FieldType::OneOf(_) => Kind::Text,
        FieldType::Texts => Kind::Texts,
        FieldType::Variables => Kind::Any,
        FieldType::Container => CONTAINER,
        FieldType::Ancestors => Kind::Ancestors,
    }
}

/// The fields with a name similar to `name`, and the list of all.
pub(super) fn suggest(name: &str) -> String {
    let names = || {
        let mut names: Vec<&str> = filterable().map(|field| field.name).collect();
        names.sort_unstable();
        names.into_iter()
    };
    let mut near = nearest(name, names());
    if !near.is_empty() {
        near.push('\n');
    }
    format!("{near}The fields are\n{}", wrapped(names()))
}

/// "did you mean this or that?", or nothing.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let far = 1 + name.len() / 4;
    let distance = |known: &str| damerau_levenshtein(name, known);
    let mut near: Vec<_> = names
        .map(|known| (distance(known), known))
        .filter(|(distance, _)| *distance <= far)
        .collect();
    near.sort_unstable();
    let near: Vec<&str> = near.iter().take(3).map(|(_, known)| *known).collect();
    match near.is_empty() {
        true => String::new(),
        false => format!("did you mean {}?", near.join(" or ")),
    }
}

/// Names as lines of less than 80 columns.
fn wrapped<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::from(" ");
    let mut column = 1;
    for name in names {
        if column + name.len() + 1 > 78 {
            text.push_str("\n ");
            column = 1;
        }
        text.push(' ');
        text.push_str(name);
        column += name.len() + 1;
    }
    text
}
