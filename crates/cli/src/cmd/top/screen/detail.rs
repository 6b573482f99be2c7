//! An open row: everything about one culprit, or about another row.

use execsnoop_events::aggregate::CulpritDetail;
use execsnoop_events::aggregate::Sums;
use ratatui::style::Modifier;
use ratatui::text::Line;
use ratatui::text::Text;

use crate::cmd::top::cells::Column;
use crate::cmd::top::label::shown;
use crate::cmd::top::text::cut;
use crate::cmd::top::text::pad;
use crate::cmd::top::view::View;
use crate::cmd::top::view::ViewRow;
use crate::cmd::top::view::starter;

/// An open row.
#[derive(Debug, Clone)]
pub struct Detail {
    /// The row.
    pub row: ViewRow,
    /// The command line of the process that it is about.
    pub command: String,
    /// That process's ancestors: `cron[801] < systemd[1]`.
    pub ancestors: String,
    /// The programs that it starts: depth, name, sums of the subtree.
    pub programs: Vec<(usize, String, Sums)>,
}

impl Detail {
    /// Of a row, and of what is known of the culprit if it is about one.
    pub fn new(row: &ViewRow, culprit: Option<&CulpritDetail>) -> Self {
        let who = culprit.map(|culprit| &culprit.who);
        let ancestors = who.iter().flat_map(|who| &who.ancestors).map(starter);
        let programs = culprit.iter().flat_map(|culprit| &culprit.programs);
        Self {
            row: row.clone(),
            command: who.map(|who| who.command.to_string()).unwrap_or_default(),
            ancestors: ancestors.collect::<Vec<_>>().join(" < "),
            programs: programs
                .map(|line| (line.depth, shown(&line.program), line.sums))
                .collect(),
        }
    }
}

const NUMBERS: [(Column, usize); 5] = [
    (Column::Cpu, 5),
    (Column::Rate, 7),
    (Column::CpuEach, 8),
    (Column::P50, 7),
    (Column::Failed, 7),
];

/// The lines of an open row.
pub fn text(detail: &Detail, view: &View, width: usize) -> Text<'static> {
    let row = &detail.row;
    let mut lines = vec![Line::styled(cut(&row.name, width), Modifier::BOLD)];
    let facts = [
        ("command line", &detail.command),
        ("owner", &row.owner),
        ("ancestors", &detail.ancestors),
        ("most fail with", &row.exit),
    ];
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        lines.push(Line::raw(cut(&format!("{name}: {value}"), width)));
    }
    lines.push(Line::raw(""));
    lines.push(numbers(view, "programs", width, |column| {
        column.title(view.by).to_owned()
    }));
    for (depth, name, sums) in &detail.programs {
        let name = format!("{}{name}", "  ".repeat(*depth));
        let line = numbers(view, &name, width, |column| column.number(sums, view));
        lines.push(line.style(Modifier::empty()));
    }
    if detail.programs.is_empty() {
        lines.push(numbers(view, &row.program, width, |column| {
            column.number(&row.sums, view)
        }));
    }
    lines.push(Line::raw(""));
    lines.push(Line::styled("last command lines", Modifier::BOLD));
    lines.extend(
        row.commands
            .iter()
            .map(|it| Line::raw(cut(&format!("  {it}"), width))),
    );
    Text::from(lines)
}

fn numbers(
    _view: &View,
    name: &str,
    width: usize,
    number: impl Fn(Column) -> String,
) -> Line<'static> {
    let cells = NUMBERS.map(|(column, width)| pad(&number(column), width, true));
    Line::raw(cut(&format!("{}  {name}", cells.join(" ")), width))
}
