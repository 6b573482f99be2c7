//! Lists of columns, such as `pid,user,args` or `+unit,container`.

use anyhow::bail;

use super::csv;
use super::csv::CsvColumn;
use super::table::Column;
use super::table::NAMED;
use super::table::TableOptions;
use super::table::default_columns;

/// The names in a list.
pub fn column_names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(|name| name.trim_matches(['+', ' ']))
}

/// The columns of CSV. An error names those that exist.
pub fn choose_csv(list: Option<&str>) -> anyhow::Result<Vec<CsvColumn>> {
    choose(list, csv::columns().collect(), csv::column, || {
        let names: Vec<&str> = csv::columns().map(|column| column.name).collect();
        format!("{} (the table has others)", names.join(" "))
    })
}

/// The columns of the table, and whether the arguments follow them. An error names the columns that
/// exist.
pub fn choose_table(
    list: Option<&str>,
    options: &TableOptions,
) -> anyhow::Result<(Vec<&'static Column>, bool)> {
    let find = |name: &str| NAMED.iter().find(|column| column.name == name);
    let mut columns = choose(list, default_columns(options), find, || {
        let names: Vec<&str> = NAMED.iter().map(|column| column.name).collect();
        format!("{} (CSV has others)", names.join(" "))
    })?;
    let before = columns.len();
    columns.retain(|column| column.name != "args");
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
