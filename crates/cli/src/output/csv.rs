//! Comma-separated values: a header, then a row for each event.
//!
//! A row has the values of the event's JSON record: both come from the same record structs. What
//! a record does not have stays empty.

use std::io::Write as _;

use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::json::Annotations;
use execsnoop_events::quote;
use execsnoop_events::record::Record;
use execsnoop_events::record::Span;
use execsnoop_events::record::Stored;
use execsnoop_events::schema;
use execsnoop_events::schema::FIELDS;
use execsnoop_events::schema::Field;
use execsnoop_events::schema::RecordType;

use super::line_output::LineFormat;

/// A column: a field of the schema, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvColumn {
    /// Its name in the header and on the command line.
    pub name: &'static str,
    field: &'static Field,
    /// Which part of the field's object it shows.
    part: Option<&'static str>,
}

/// All columns, in the order of the schema.
pub fn columns() -> impl Iterator<Item = CsvColumn> {
    let reports = [RecordType::Lost, RecordType::Clock];
    let is_of_event = move |field: &&Field| field.records.iter().any(|of| !reports.contains(of));
    FIELDS.iter().filter(is_of_event).flat_map(columns_of)
}

/// A container is two columns, every other field is one.
fn columns_of(field: &'static Field) -> impl Iterator<Item = CsvColumn> {
    let column = |name, part| CsvColumn { name, field, part };
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
pub fn column(name: &str) -> Option<CsvColumn> {
    columns().find(|column| column.name == name)
}

/// Formats events as rows. Lists (arguments, environment, ancestors) are one column each.
#[derive(Debug)]
pub struct CsvFormat {
    columns: Vec<CsvColumn>,
    /// The fields of the columns, each once.
    fields: Vec<&'static str>,
    /// For each column, the index of its field.
    indices: Vec<usize>,
    record: Record,
    cell: Vec<u8>,
}

impl CsvColumn {
    /// The field of the schema that it shows.
    pub fn field_name(&self) -> &'static str {
        self.field.name
    }
}

impl CsvFormat {
    /// Rows of these columns.
    pub fn new(columns: Vec<CsvColumn>) -> Self {
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
            cell: Vec::new(),
        }
    }
}

impl LineFormat for CsvFormat {
    /// Appends the names of the columns.
    fn header(&mut self, out: &mut Vec<u8>) {
        write_row(out, |row| {
            let mut names = self.columns.iter().map(|column| column.name);
            names.try_for_each(|name| row.write_field(name))
        });
    }

    /// Appends an event. Reports of the tracer itself (losses, clocks) have no row.
    fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
        let is_report = matches!(event.data, EventData::Lost(_) | EventData::Clock(_));
        if is_report || !self.record.fill(event, notes, &self.fields) {
            return;
        }
        let (record, cell) = (&self.record, &mut self.cell);
        let columns = self.columns.iter().zip(&self.indices);
        write_row(out, |row| {
            for (column, index) in columns {
                cell.clear();
                let value = record.field(*index);
                if let Some(value) = value.and_then(|value| part_of(value, column.part, record)) {
                    write_value(cell, value, record);
                }
                row.write_field(&*cell)?;
            }
            Ok(())
        });
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
        Stored::Bool(value) => write_to(cell, format_args!("{value}")),
        Stored::Int(number) => write_to(cell, format_args!("{number}")),
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

fn write_to(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory");
}

/// Appends a row whose fields `fill` writes.
fn write_row(
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>,
) {
    let mut row = csv::WriterBuilder::new()
        .buffer_capacity(512)
        .from_writer(out);
    fill(&mut row)
        .and_then(|()| row.write_record(None::<&[u8]>))
        .expect("writing to memory");
}
