//! Events as a table for people.

use bpfrun::Event;
use bpfrun::Schema;

use crate::cli::output::show;
use crate::cli::output::table::Table;

/// Formats events of one type as a table; those of several types as names and values, each line
/// with its type.
#[derive(Debug)]
pub struct TextFormat {
    table: Option<Table>,
    line: Vec<u8>,
}

impl TextFormat {
    /// For events of these types.
    pub fn new(schemas: &[Schema]) -> Self {
        let columns = |schema: &Schema| {
            let columns = schema.columns.iter();
            Table::new(columns.map(|column| (column.path.clone(), column.number, column.width)))
        };
        Self {
            table: match schemas {
                [only] => Some(columns(only)),
                _ => None,
            },
            line: Vec::new(),
        }
    }

    /// Appends the titles of the columns.
    pub fn header(&self, out: &mut Vec<u8>) {
        if let Some(table) = &self.table {
            table.header(out);
        }
    }

    /// Appends an event.
    pub fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>) {
        match &mut self.table {
            Some(table) => {
                let mut cells = Vec::new();
                show::leaves(&event.value, &mut |value| cells.push(value));
                table.row(out, cells.into_iter());
            }
            None => {
                let name = match event.type_name {
                    "" => event.map,
                    name => name,
                };
                self.line.clear();
                show::cell(&mut self.line, &event.value);
                out.extend_from_slice(name.as_bytes());
                out.push(b' ');
                out.extend_from_slice(&self.line);
                out.push(b'\n');
            }
        }
    }
}
