//! The table for people: our own columns, or those of the tools that it can replace.

mod arguments;
mod cells;
mod columns;
mod context;
mod format;
mod line;
mod line_width;
mod options;
mod table_column;
#[cfg(test)]
mod tests;

pub use columns::NAMED;
pub use columns::default_columns;
pub use format::Table;
pub use options::Compat;
pub use options::TableOptions;
pub use table_column::TableColumn;
