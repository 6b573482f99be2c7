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
}

impl CsvFormat {
    /// Rows of these columns.
    pub fn new(columns: Vec<RecordColumn>) -> Self {
        Self {
            cells: RecordCells::new(columns),
            cell: Vec::new(),
        }
    }
}

impl LineFormat for CsvFormat {
    /// Appends the names of the columns.
    fn header(&mut self, out: &mut Vec<u8>) {
        write_row(out, |row| {
            let mut names = self.cells.columns().iter().map(|column| column.name);
            names.try_for_each(|name| row.write_field(name))
        });
    }

    /// Appends an event. Reports of the tracer itself (losses, clocks) have no row.
    fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
        let is_report = matches!(event.data, EventData::Lost(_) | EventData::Clock(_));
        if is_report || !self.cells.fill(event, notes) {
            return;
        }
        let (cells, cell) = (&self.cells, &mut self.cell);
        write_row(out, |row| {
            for index in 0..cells.columns().len() {
                cell.clear();
                cells.write(cell, index);
                row.write_field(&*cell)?;
            }
            Ok(())
        });
    }
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
