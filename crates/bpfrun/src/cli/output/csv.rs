//! Comma-separated values: a header, then a line for each event (of a program without events: for
//! each entry of its maps). What an event does not have stays empty.

use bpfrun::Event;
use bpfrun::Schema;
use bpfrun::Value;

use crate::cli::output::show;

/// The columns before those of the fields.
const FIXED: [&str; 4] = ["time", "map", "event", "cpu"];
const ENTRY: [&str; 4] = ["time", "map", "key", "value"];

/// Formats events as CSV.
#[derive(Debug)]
pub struct CsvFormat {
    schemas: Vec<Schema>,
    /// The fields of all types, each path once.
    paths: Vec<String>,
    cells: Vec<Vec<u8>>,
}

impl CsvFormat {
    /// For events of these types.
    pub fn new(schemas: &[Schema]) -> Self {
        let mut paths: Vec<String> = Vec::new();
        for column in schemas.iter().flat_map(|schema| &schema.columns) {
            if !paths.contains(&column.path) {
                paths.push(column.path.clone());
            }
        }
        Self {
            schemas: schemas.to_vec(),
            cells: vec![Vec::new(); paths.len()],
            paths,
        }
    }

    /// Whether entries of maps have a place in it.
    pub fn takes_entries(&self) -> bool {
        self.schemas.is_empty()
    }

    /// Appends the names of the columns.
    pub fn header(&self, out: &mut Vec<u8>) {
        match self.takes_entries() {
            true => row(out, ENTRY),
            false => row(
                out,
                FIXED
                    .into_iter()
                    .chain(self.paths.iter().map(String::as_str)),
            ),
        }
    }

    /// Appends an event.
    pub fn event(&mut self, out: &mut Vec<u8>, time: &str, event: &Event<'_>) {
        self.cells.iter_mut().for_each(Vec::clear);
        let is_it =
            |schema: &&Schema| schema.map == event.map && schema.type_name == event.type_name;
        if let Some(schema) = self.schemas.iter().find(is_it) {
            let mut columns = schema.columns.iter();
            show::leaves(&event.value, &mut |value| {
                let path = columns.next().map(|column| &column.path);
                let at = self.paths.iter().position(|known| Some(known) == path);
                if let Some(cell) = at.and_then(|at| self.cells.get_mut(at))
                    && *value != Value::Absent
                {
                    show::cell(cell, value);
                }
            });
        }
        let cpu = event.cpu.map(|cpu| cpu.to_string()).unwrap_or_default();
        let fixed = [time, event.map, event.type_name, &cpu].map(str::as_bytes);
        row(
            out,
            fixed
                .into_iter()
                .chain(self.cells.iter().map(Vec::as_slice)),
        );
    }

    /// Appends an entry of a map.
    pub fn entry(&self, out: &mut Vec<u8>, time: &str, map: &str, key: &[u8], value: &[u8]) {
        row(out, [time.as_bytes(), map.as_bytes(), key, value]);
    }
}

/// Appends a row.
pub fn row<T: AsRef<[u8]>>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = T>) {
    let mut writer = csv::WriterBuilder::new()
        .buffer_capacity(512)
        .from_writer(out);
    writer.write_record(cells).expect("writing to memory");
}
