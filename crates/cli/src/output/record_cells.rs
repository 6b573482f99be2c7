//! Fields of an event's record as the cells of a line.
//!
//! A cell has the value that the event's JSON record has: both come from the same record structs.
//! What a record does not have stays empty.

use execsnoop_events::Event;
use execsnoop_events::json::Annotations;
use execsnoop_events::quote;
use execsnoop_events::record::Record;
use execsnoop_events::record::Span;
use execsnoop_events::record::Stored;
use execsnoop_events::schema;
use execsnoop_events::schema::FIELDS;
use execsnoop_events::schema::Field;
use execsnoop_events::schema::RecordType;

/// A column: a field of the schema, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordColumn {
    /// Its name in the header and on the command line.
    pub name: &'static str,
    field: &'static Field,
    /// Which part of the field's object it shows.
    part: Option<&'static str>,
}

/// All columns, in the order of the schema.
pub fn columns() -> impl Iterator<Item = RecordColumn> {
    let reports = [RecordType::Lost, RecordType::Clock];
    let is_of_event = move |field: &&Field| field.records.iter().any(|of| !reports.contains(of));
    FIELDS.iter().filter(is_of_event).flat_map(columns_of)
}

/// A container is two columns, every other field is one.
fn columns_of(field: &'static Field) -> impl Iterator<Item = RecordColumn> {
    let column = |name, part| RecordColumn { name, field, part };
    let columns = match field.field_type {
        schema::FieldType::Container => [
            Some(column(field.name, Some("id"))),
            Some(column("runtime", Some("runtime"))),
        ],
        _ => [Some(column(field.name, None)), None],
    };
    columns.into_iter().flatten()
}

/// The column of this name.
pub fn column(name: &str) -> Option<RecordColumn> {
    columns().find(|column| column.name == name)
}

impl RecordColumn {
    /// The field of the schema that it shows.
    pub fn field_name(&self) -> &'static str {
        self.field.name
    }
}

/// The values of some columns for one event. Reused from event to event.
#[derive(Debug, Default)]
pub struct RecordCells {
    columns: Vec<RecordColumn>,
    /// The fields of the columns, each once.
    fields: Vec<&'static str>,
    /// For each column, the index of its field.
    indices: Vec<usize>,
    record: Record,
}

impl RecordCells {
    /// Cells for these columns.
    pub fn new(columns: Vec<RecordColumn>) -> Self {
        let mut fields: Vec<&'static str> = Vec::new();
        let mut indices = Vec::new();
        for column in &columns {
            let name = column.field.name;
            let known = fields.iter().position(|field| *field == name);
            indices.push(known.unwrap_or(fields.len()));
            if known.is_none() {
                fields.push(name);
            }
        }
        Self {
            columns,
            fields,
            indices,
            record: Record::default(),
        }
    }

    /// The columns.
    pub fn columns(&self) -> &[RecordColumn] {
        &self.columns
    }

    /// Takes the values of an event. Returns whether it has a record.
    pub fn fill(&mut self, event: &Event<'_>, notes: &Annotations<'_>) -> bool {
        !self.columns.is_empty() && self.record.fill(event, notes, &self.fields)
    }

    /// Appends the value of the column at this index; nothing if there is none.
    pub fn write(&self, cell: &mut Vec<u8>, index: usize) {
        let (record, column) = (&self.record, &self.columns[index]);
        let value = record.field(self.indices[index]);
        if let Some(value) = value.and_then(|value| part_of(value, column.part, record)) {
            write_value(cell, value, record);
        }
    }
}

/// The named part of an object, or the whole value if no part is named.
fn part_of<'a>(value: &'a Stored, part: Option<&str>, record: &Record) -> Option<&'a Stored> {
    let Some(part) = part else {
        return Some(value);
    };
    match value {
        Stored::Object(entries) => entry(entries, part, record),
        _ => None,
    }
}

fn entry<'a>(entries: &'a [(Span, Stored)], name: &str, record: &Record) -> Option<&'a Stored> {
    let found = entries.iter().find(|(key, _)| record.text(*key) == name);
    found.map(|(_, value)| value)
}

fn write_value(cell: &mut Vec<u8>, value: &Stored, record: &Record) {
    match value {
        Stored::Null => {}
        Stored::Bool(true) => cell.extend_from_slice(b"true"),
        Stored::Bool(false) => cell.extend_from_slice(b"false"),
        Stored::Int(number) => write_number(cell, *number),
        Stored::Text(span) => quote::plain(cell, record.text(*span).as_bytes()),
        Stored::List(elements) => write_list(cell, elements, record),
        Stored::Object(variables) => write_variables(cell, variables, record),
    }
}

/// Arguments, separated by blanks and quoted for a shell; or ancestors, as the table shows them.
fn write_list(cell: &mut Vec<u8>, elements: &[Stored], record: &Record) {
    for (index, element) in elements.iter().enumerate() {
        let between: &[u8] = match element {
            _ if index == 0 => b"",
            Stored::Object(_) => b" <- ",
            _ => b" ",
        };
        cell.extend_from_slice(between);
        match element {
            Stored::Text(span) => quote::shell(cell, record.text(*span).as_bytes()),
            Stored::Object(ancestor) => write_ancestor(cell, ancestor, record),
            _ => cell.extend_from_slice(b"<unreadable>"),
        }
    }
}

/// `bash(4711)`.
fn write_ancestor(cell: &mut Vec<u8>, ancestor: &[(Span, Stored)], record: &Record) {
    for (name, around) in [("comm", ["", ""]), ("pid", ["(", ")"])] {
        cell.extend_from_slice(around[0].as_bytes());
        if let Some(value) = entry(ancestor, name, record) {
            write_value(cell, value, record);
        }
        cell.extend_from_slice(around[1].as_bytes());
    }
}

/// `NAME=value`, separated by blanks and quoted for a shell.
fn write_variables(cell: &mut Vec<u8>, variables: &[(Span, Stored)], record: &Record) {
    for (index, (name, value)) in variables.iter().enumerate() {
        if index > 0 {
            cell.push(b' ');
        }
        let value = match value {
            Stored::Text(span) => record.text(*span),
            _ => "",
        };
        let entry = format!("{}={value}", record.text(*name));
        quote::shell(cell, entry.as_bytes());
    }
}

fn write_number(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}
