//! Lists of columns, such as `pid,user,args` or `+unit,container`.

use anyhow::bail;

use super::record_cells::RecordColumn;
use super::record_cells::column as record_column;
use super::record_cells::columns as record_columns;
use super::table::NAMED;
use super::table::TableColumn;
use super::table::TableOptions;
use super::table::default_columns;

/// The names in a list.
pub fn column_names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(|name| name.trim_matches(['+', ' ']))
}

/// The columns of CSV. An error names those that exist.
pub fn choose_csv(list: Option<&str>) -> anyhow::Result<Vec<RecordColumn>> {
    choose(list, record_columns().collect(), record_column, || {
        let names: Vec<&str> = record_columns().map(|column| column.name).collect();
        format!("{} (the table has others)", names.join(" "))
    })
}

/// The columns of the table, and whether the arguments follow them: its own, and every field of the
/// records. An error names those that exist.
pub fn choose_table(
    list: Option<&str>,
    options: &TableOptions,
) -> anyhow::Result<(Vec<TableColumn>, bool)> {
    let own = |name: &str| NAMED.iter().find(|column| column.name == name);
    let find = |name: &str| {
        let field = || record_column(name).map(TableColumn::Field);
        own(name).map(TableColumn::Own).or_else(field)
    };
    let defaults = default_columns(options).into_iter().map(TableColumn::Own);
    let mut columns = choose(list, defaults.collect(), find, || {
        let names: Vec<&str> = NAMED.iter().map(|column| column.name).collect();
        let fields: Vec<&str> = record_columns()
            .map(|column| column.name)
            .filter(|name| own(name).is_none())
            .collect();
        format!(
            "{}; and, as JSON has them, {}",
            names.join(" "),
            fields.join(" ")
        )
    })?;
    let before = columns.len();
    columns.retain(|column| column.name() != "args");
    let is_addition = list.is_none_or(|list| list.starts_with('+'));
    let has_args = is_addition || columns.len() < before;
    Ok((columns, has_args))
}

/// The columns of a list: those named, or with `+` before it, the defaults and those.
fn choose<C>(
    list: Option<&str>,
    defaults: Vec<C>,
    find: impl Fn(&str) -> Option<C>,
    all: impl Fn() -> String,
) -> anyhow::Result<Vec<C>> {
    let Some(list) = list else {
        return Ok(defaults);
    };
    let mut columns = match list.starts_with('+') {
        true => defaults,
        false => Vec::new(),
    };
    for name in column_names(list) {
        match find(name) {
            Some(column) => columns.push(column),
            None => bail!(
                "--columns: there is no column {name:?}; the columns are {}",
                all()
            ),
        }
    }
    Ok(columns)
}
