//! Comma-separated values: a header, then a row for each event.

use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::json::Annotations;

use super::line_output::LineFormat;
use super::record_cells::RecordCells;
use super::record_cells::RecordColumn;

/// Formats events as rows. Lists (arguments, environment, ancestors) are one column each.
#[derive(Debug)]
pub struct CsvFormat {
    cells: RecordCells,
    cell: Vec<u8>,
    writer: csv_core::Writer,
}

impl CsvFormat {
    /// Rows of these columns.
    pub fn new(columns: Vec<RecordColumn>) -> Self {
        Self {
            cells: RecordCells::new(columns),
            cell: Vec::new(),
            writer: csv_core::Writer::new(),
        }
    }
}

impl LineFormat for CsvFormat {
    /// Appends the names of the columns.
    fn header(&mut self, out: &mut Vec<u8>) {
        let mut row = Row::new(&mut self.writer, out);
        for column in self.cells.columns() {
            row.field(column.name.as_bytes());
        }
        row.end();
    }

    /// Appends an event. Reports of the tracer itself (losses, clocks) have no row.
    fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
        let is_report = matches!(event.data, EventData::Lost(_) | EventData::Clock(_));
        if is_report || !self.cells.fill(event, notes) {
            return;
        }
        let mut row = Row::new(&mut self.writer, out);
        for index in 0..self.cells.columns().len() {
            self.cell.clear();
            self.cells.write(&mut self.cell, index);
            row.field(&self.cell);
        }
        row.end();
    }
}

/// A row at the end of `out` while it is being written.
struct Row<'a> {
    writer: &'a mut csv_core::Writer,
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Row<'a> {
    fn new(writer: &'a mut csv_core::Writer, out: &'a mut Vec<u8>) -> Self {
        Self {
            writer,
            out,
            is_empty: true,
        }
    }

    fn field(&mut self, value: &[u8]) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.append(0, |writer, room| writer.delimiter(room).1);
        }
        self.append(value.len(), |writer, room| writer.field(value, room).2);
    }

    fn end(mut self) {
        self.append(0, |writer, room| writer.terminator(room).1);
    }

    /// Appends what `write` makes of a value of `len` bytes: each byte can become two, and there
    /// are quotes and a separator besides.
    fn append(
        &mut self,
        len: usize,
        write: impl FnOnce(&mut csv_core::Writer, &mut [u8]) -> usize,
    ) {
        let start = self.out.len();
        self.out.resize(start + 2 * len + 4, 0);
        let written = write(self.writer, &mut self.out[start..]);
        self.out.truncate(start + written);
    }
}
