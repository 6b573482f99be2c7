//! Which columns, and what has to be known to fill them.

use anyhow::bail;

use crate::args::Args;
use crate::args::Format;
use crate::args::column_names;
use crate::output::csv;
use crate::output::text::columns;
use crate::output::text::columns::Column;

/// The form of the output, with its columns.
#[derive(Debug)]
pub enum Layout {
    Text {
        columns: Vec<Column>,
        args: bool,
    },
    Json,
    Csv {
        columns: Vec<csv::Column>,
        chosen: bool,
    },
}

/// What costs something to learn, and is only learnt when it is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// The resolved path of what runs.
    pub exe: bool,
    /// The names of cgroups.
    pub cgroups: bool,
    /// Terminals and session leaders.
    pub sessions: bool,
    /// The names of users and groups.
    pub names: bool,
    /// The working directory.
    pub cwd: bool,
}

impl Layout {
    /// What `args` ask for. An error names the columns that there are.
    pub fn choose(args: &Args) -> anyhow::Result<Self> {
        let wanted = args.columns.as_deref();
        if args.chosen_columns().any(|name| name == "env") && args.env.is_empty() {
            bail!("--columns env: which variables? --env PATH,LANG names them");
        }
        if args.compat.is_some() && args.format != Format::Text {
            bail!("--compat is for tables; JSON and CSV look as they always do");
        }
        match args.format {
            Format::Json if wanted.is_some() => {
                bail!("--columns is for tables and CSV; JSON always has all fields")
            }
            Format::Json => Ok(Self::Json),
            Format::Csv => Ok(Self::Csv {
                columns: choose(wanted, csv::COLUMNS.to_vec(), csv::named, csv_names)?,
                chosen: wanted.is_some(),
            }),
            Format::Text => Self::text(args, wanted),
        }
    }

    fn text(args: &Args, wanted: Option<&str>) -> anyhow::Result<Self> {
        let usual = columns::columns(args);
        let mut columns = choose(wanted, usual, columns::named, text_names)?;
        let before = columns.len();
        columns.retain(|column| column.name != "args");
        let adds = wanted.is_none_or(|list| list.starts_with('+'));
        let args = adds || columns.len() < before;
        Ok(Self::Text { columns, args })
    }

    /// What these columns need.
    pub fn needs(&self) -> Needs {
        let names: Vec<&str> = match self {
            Self::Json => csv::COLUMNS.iter().map(|column| column.name).collect(),
            Self::Csv { columns, .. } => columns.iter().map(|column| column.name).collect(),
            Self::Text { columns, .. } => columns.iter().map(|column| column.name).collect(),
        };
        let mut needs = Needs::of(|field| names.contains(&field));
        // JSON, and CSV as it is by itself, have the field, but not always a value in it.
        needs.cwd &= matches!(self, Self::Text { .. } | Self::Csv { chosen: true, .. });
        needs
    }
}

impl Needs {
    /// What the fields need for which `asked` is true.
    pub fn of(asked: impl Fn(&str) -> bool) -> Self {
        let any = |fields: &[&str]| fields.iter().any(|field| asked(field));
        Self {
            exe: any(&["exe", "memfd", "flags"]),
            cgroups: any(&[
                "cgroup",
                "unit",
                "user_unit",
                "container",
                "runtime",
                "pod_uid",
            ]),
            sessions: any(&["sid", "tty"]),
            names: any(&["user", "group"]),
            cwd: any(&["cwd"]),
        }
    }

    /// What either needs.
    pub fn or(self, other: Self) -> Self {
        Self {
            exe: self.exe || other.exe,
            cgroups: self.cgroups || other.cgroups,
            sessions: self.sessions || other.sessions,
            names: self.names || other.names,
            cwd: self.cwd || other.cwd,
        }
    }
}

/// The field of JSON of which this column shows something; mostly that of the same name.
pub fn field_of_column(column: &str) -> &str {
    match column {
        "cpu_time" => "cpu_ns",
        "max_rss" => "max_rss_bytes",
        "runtime" => "container",
        field => field,
    }
}

/// The columns of a list: those named, or with `+` before it, the usual ones and those.
fn choose<C>(
    wanted: Option<&str>,
    usual: Vec<C>,
    find: fn(&str) -> Option<C>,
    all: fn() -> String,
) -> anyhow::Result<Vec<C>> {
    let Some(list) = wanted else {
        return Ok(usual);
    };
    let mut columns = match list.starts_with('+') {
        true => usual,
        false => Vec::new(),
    };
    for name in column_names(list) {
        match find(name) {
            Some(column) => columns.push(column),
            None => bail!(
                "--columns: there is no column {name:?}; there are {}",
                all()
            ),
        }
    }
    Ok(columns)
}

fn text_names() -> String {
    let names: Vec<&str> = columns::NAMED.iter().map(|column| column.name).collect();
    format!("{} (CSV has others)", names.join(" "))
}

fn csv_names() -> String {
    let names: Vec<&str> = csv::COLUMNS.iter().map(|column| column.name).collect();
    format!("{} (a table has others)", names.join(" "))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    /// What would go unheard is refused.
    #[test]
    fn what_does_not_go_together() {
        for (options, said) in [
            (&["--columns", "env"][..], "--env"),
            (&["--columns", "pid", "--format", "json"], "--columns"),
            (&["--compat", "bcc", "--format", "json"], "--compat"),
            (&["--compat", "libbpf", "--format", "csv"], "--compat"),
            (&["--columns", "pdi"], "no column \"pdi\""),
        ] {
            let words = [&["execsnoop"], options].concat();
            let args = Args::try_parse_from(words).expect("options that there are");
            let Err(error) = Layout::choose(&args) else {
                panic!("{options:?}: not refused");
            };
            assert!(error.to_string().contains(said), "{options:?}: {error}");
        }
    }
}
