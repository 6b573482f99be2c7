//! A ranking as text.

use unicode_width::UnicodeWidthChar as _;
use unicode_width::UnicodeWidthStr as _;

use super::cells::Column;
use super::cells::percent;
use super::cells::rate;
use super::view::View;

const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

/// Appends the answer, the numbers of the whole, and the table. Lines are cut to `width`, if there
/// is one.
pub fn write(out: &mut Vec<u8>, view: &View, rows: usize, width: Option<usize>, is_colored: bool) {
    let bold = |text: &str| match is_colored {
        true => format!("{BOLD}{text}{RESET}"),
        false => text.to_owned(),
    };
    let mut lines = vec![bold(&view.answer), head(view), String::new()];
    let mut table = table(view, rows).into_iter();
    let cut = |line: String| width.map_or(line.clone(), |width| cut(&line, width));
    lines.extend(table.next().map(|titles| bold(&cut(titles))));
    lines.extend(table.map(cut));
    for line in lines {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
}

/// `5.0 s on 2 CPUs: short-lived 48.1 %, long-lived 50.0 %, idle 1.9 %; 304 processes/s`.
pub fn head(view: &View) -> String {
    let report = &view.report;
    let cpus = report.cpus;
    let plural = if cpus == 1 { "CPU" } else { "CPUs" };
    let mut text = format!("{:.1} s on {cpus} {plural}: ", view.seconds());
    let shares = [
        ("short-lived", view.percent(report.short.cpu_ns)),
        ("long-lived", view.percent(report.rest_ns())),
        ("idle", idle(view)),
    ];
    let shares = shares.map(|(name, share)| format!("{name} {} %", percent(share)));
    text += &shares.join(", ");
    text += &format!("; {} processes/s", rate(view.per_second(report.ended)));
    if let Some(failed) = report.failed_execs {
        text += &format!(", {} failed execs/s", rate(view.per_second(failed)));
    }
    if view.lost > 0 {
        text += &format!(", {} events lost", view.lost);
    }
    text
}

/// The part of the machine that was idle, in percent.
pub fn idle(view: &View) -> Option<f64> {
    let report = &view.report;
    let idle_ns = report.capacity_ns().saturating_sub(report.busy_ns?);
    view.percent(Some(idle_ns))
}

fn table(view: &View, most: usize) -> Vec<String> {
    let columns = Column::all(view.by);
    let titles = columns
        .iter()
        .map(|column| column.title(view.by).to_owned());
    let mut cells: Vec<Vec<String>> = vec![titles.collect()];
    for row in view.rows.iter().take(most) {
        cells.push(columns.iter().map(|it| it.cell(row, view)).collect());
    }
    let left = view.rows.len().saturating_sub(most);
    cells.extend(rests(view, &columns));
    let mut lines = align(&cells, &columns);
    if left > 0 {
        lines.push(format!("{left} more rows: --rows {}", view.rows.len()));
    }
    lines
}

/// What is in no row: rows that fell out, and what is not short-lived.
fn rests(view: &View, columns: &[Column]) -> Vec<Vec<String>> {
    let report = &view.report;
    let line = |name: String, number: &dyn Fn(Column) -> String| {
        let first_text = columns.iter().position(|column| !column.is_number());
        let cell = |(at, column): (usize, &Column)| match Some(at) == first_text {
            true => name.clone(),
            false => number(*column),
        };
        columns
            .iter()
            .enumerate()
            .map(cell)
            .collect::<Vec<String>>()
    };
    let mut lines = Vec::new();
    if report.fallen > 0 {
        let name = format!("({} other rows)", report.fallen);
        lines.push(line(name, &|column| column.number(&report.others, view)));
    }
    if let Some(rest) = report.rest_ns() {
        let cpu = percent(view.percent(Some(rest)));
        lines.push(line("(long-lived)".to_owned(), &|column| match column {
            Column::Cpu => cpu.clone(),
            _ => String::new(),
        }));
    }
    lines
}

/// Lines of cells: numbers at the right of their columns, texts at the left.
fn align(cells: &[Vec<String>], columns: &[Column]) -> Vec<String> {
    let width_of = |at: usize| cells.iter().map(|row| row[at].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width_of).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let blanks = " ".repeat(widths[at].min(40).saturating_sub(cell.width()));
            match columns[at].is_number() {
                true => line += &format!("{blanks}{cell}  "),
                false if at + 1 == row.len() => line += cell,
                false => line += &format!("{}{blanks}  ", cut(cell, 40)),
            }
        }
        line.trim_end().to_owned()
    };
    cells.iter().map(line).collect()
}

/// The text, cut to this many columns; `>` marks the cut.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let room = width.saturating_sub(1);
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= room
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('>');
    short
}

/// The text in a column of this width: cut, or with blanks at the left of a number, and at the
/// right of everything else.
pub fn pad(text: &str, width: usize, is_number: bool) -> String {
    let text = cut(text, width);
    let blanks = " ".repeat(width.saturating_sub(text.width()));
    match is_number {
        true => format!("{blanks}{text}"),
        false => format!("{text}{blanks}"),
    }
}
