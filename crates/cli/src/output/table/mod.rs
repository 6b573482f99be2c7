//! The table for people: our own columns, or those of the tools that it can replace.

mod arguments;
mod cells;
mod columns;
mod context;
mod format;
mod line;
mod options;
#[cfg(test)]
mod tests;

pub use cells::Column;
pub use columns::NAMED;
pub use columns::default_columns;
pub use format::Table;
pub use options::Compat;
pub use options::TableOptions;
