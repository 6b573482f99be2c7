//! Comma-separated values: a header, then a row for each event.

use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::json::Annotations;

use super::csv_row::CsvRow;
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
        let mut row = CsvRow::new(&mut self.writer, out);
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
        let mut row = CsvRow::new(&mut self.writer, out);
        for index in 0..self.cells.columns().len() {
            self.cell.clear();
            self.cells.write(&mut self.cell, index);
            row.field(&self.cell);
        }
        row.end();
    }
}
