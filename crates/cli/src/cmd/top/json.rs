//! A ranking as a JSON object.

use execsnoop_events::aggregate::Sums;
use serde::Serialize;

use super::text::idle;
use super::view::View;
use super::view::ViewRow;

/// The whole ranking. A value that is not known is null.
#[derive(Serialize)]
struct Object<'a> {
    r#type: &'static str,
    answer: &'a str,
    by: &'static str,
    seconds: f64,
    cpus: u32,
    short_lived_percent: Option<f64>,
    long_lived_percent: Option<f64>,
    idle_percent: Option<f64>,
    ended: u64,
    failed_execs: Option<u64>,
    lost: u64,
    short_lived: Numbers,
    rows: Vec<Row<'a>>,
    others: Numbers,
    other_rows: u64,
}

#[derive(Serialize)]
struct Numbers {
    cpu_percent: Option<f64>,
    cpu_ns: Option<u64>,
    processes: u64,
    processes_per_second: f64,
    lifetime_p50_ns: Option<u64>,
    lifetime_p99_ns: Option<u64>,
    failed: u64,
    max_rss_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    pid: Option<u32>,
    owner: &'a str,
    started_by: &'a str,
    program: &'a str,
    ended: bool,
    exit: Option<&'a str>,
    commands: &'a [String],
    #[serde(flatten)]
    numbers: Numbers,
}

/// Appends one line with the object.
pub fn write(out: &mut Vec<u8>, view: &View, rows: usize) {
    let report = &view.report;
    let object = Object {
        r#type: "top",
        answer: &view.answer,
        by: view.by.name(),
        seconds: view.seconds(),
        cpus: report.cpus,
        short_lived_percent: view.percent(report.short.cpu_ns),
        long_lived_percent: view.percent(report.rest_ns()),
        idle_percent: idle(view),
        ended: report.ended,
        failed_execs: report.failed_execs,
        lost: view.lost,
        short_lived: numbers(&report.short, view),
        rows: view
            .rows
            .iter()
            .take(rows)
            .map(|it| row(it, view))
            .collect(),
        others: numbers(&report.others, view),
        other_rows: report.fallen,
    };
    serde_json::to_writer(&mut *out, &object).expect("texts and numbers are JSON");
    out.push(b'\n');
}

fn numbers(sums: &Sums, view: &View) -> Numbers {
    Numbers {
        cpu_percent: view.percent(sums.cpu_ns),
        cpu_ns: sums.cpu_ns,
        processes: sums.count,
        processes_per_second: view.per_second(sums.count),
        lifetime_p50_ns: sums.p50_ns,
        lifetime_p99_ns: sums.p99_ns,
        failed: sums.failed,
        max_rss_bytes: sums.peak_rss,
    }
}

fn row<'a>(row: &'a ViewRow, view: &View) -> Row<'a> {
    Row {
        name: &row.name,
        pid: row.process.map(|process| process.pid),
        owner: &row.owner,
        started_by: &row.starter,
        program: &row.program,
        ended: row.has_ended,
        exit: (!row.exit.is_empty()).then_some(&row.exit),
        commands: &row.commands,
        numbers: numbers(&row.sums, view),
    }
}
