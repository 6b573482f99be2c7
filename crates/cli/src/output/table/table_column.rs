//! A column of the table: one of its own, or a field as JSON has it.

use super::cells::Column;
use super::cells::pad;
use crate::output::record_cells::RecordColumn;

/// The least width of a column that shows a field.
const FIELD_WIDTH: usize = 12;

/// A column of the table.
#[derive(Debug, Clone, Copy)]
pub enum TableColumn {
    /// One for people: short, with units.
    Own(&'static Column),
    /// A field of the record: its plain value.
    Field(RecordColumn),
}

impl TableColumn {
    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Own(column) => column.name,
            Self::Field(column) => column.name,
        }
    }

    /// The field of the schema that it shows.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Own(column) => column.field,
            Self::Field(column) => column.field_name(),
        }
    }

    /// Appends the heading.
    pub(super) fn heading(&self, out: &mut Vec<u8>) {
        self.pad(out, |cell| match self {
            Self::Own(column) => cell.extend_from_slice(column.heading.as_bytes()),
            Self::Field(column) => {
                cell.extend(column.name.bytes().map(|byte| byte.to_ascii_uppercase()));
            }
        });
    }

    /// Appends what `fill` appends, padded with blanks to the width, and the blank after it.
    pub(super) fn pad(&self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
        let width = match self {
            Self::Own(column) => column.width,
            Self::Field(column) => column.name.len().max(FIELD_WIDTH),
        };
        pad(out, width, fill);
    }
}
