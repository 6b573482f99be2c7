//! A ranking as comma-separated values.

use super::view::View;
use super::view::ViewRow;
use crate::output::CsvRow;

const COLUMNS: [&str; 15] = [
    "name",
    "pid",
    "owner",
    "started_by",
    "program",
    "cpu_percent",
    "cpu_ns",
    "processes",
    "processes_per_second",
    "lifetime_p50_ns",
    "lifetime_p99_ns",
    "failed",
    "exit",
    "max_rss_bytes",
    "command",
];

/// Appends a header, and a row for each row of the ranking.
pub fn write(out: &mut Vec<u8>, view: &View, rows: usize) {
    let mut writer = csv_core::Writer::new();
    let mut header = CsvRow::new(&mut writer, out);
    COLUMNS
        .iter()
        .for_each(|name| header.field(name.as_bytes()));
    header.end();
    for row in view.rows.iter().take(rows) {
        let mut line = CsvRow::new(&mut writer, out);
        for value in values(row, view) {
            line.field(value.as_bytes());
        }
        line.end();
    }
}

fn values(row: &ViewRow, view: &View) -> [String; 15] {
    let number = |it: Option<u64>| it.map(|it| it.to_string()).unwrap_or_default();
    let sums = &row.sums;
    let percent = view.percent(sums.cpu_ns);
    [
        row.name.clone(),
        row.process
            .map(|process| process.pid.to_string())
            .unwrap_or_default(),
        row.owner.clone(),
        row.starter.clone(),
        row.program.clone(),
        percent.map(|it| format!("{it:.4}")).unwrap_or_default(),
        number(sums.cpu_ns),
        sums.count.to_string(),
        format!("{:.3}", view.per_second(sums.count)),
        number(sums.p50_ns),
        number(sums.p99_ns),
        sums.failed.to_string(),
        row.exit.clone(),
        number(sums.peak_rss),
        row.command().to_owned(),
    ]
}
