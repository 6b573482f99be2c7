//! From events to bytes, and from there to a file or a terminal.

mod color;
mod column_list;
mod csv;
mod csv_row;
mod json;
mod line_output;
mod record_cells;
mod table;

pub use color::Color;
pub use color::is_colored;
pub use column_list::column_names;
pub use line_output::LineOutput;
pub use record_cells::RecordColumn;
pub use record_cells::columns as record_columns;
pub use table::Compat;
pub use table::Table;
pub use table::TableColumn;
pub use table::TableOptions;

pub use column_list::choose_csv;
pub use column_list::choose_table;
pub use csv::CsvFormat;
pub use csv_row::CsvRow;
pub use json::JsonFormat;
