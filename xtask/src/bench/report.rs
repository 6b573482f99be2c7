//! The tables of docs/benchmarks.md, as Markdown.

use std::fmt::Write as _;

use super::baseline;
use super::endurance::Sustained;
use super::first_event::FirstEvent;
use super::kernel_time::KernelTime;
use super::tool_run::ToolResult;
use super::workloads::Workload;
use crate::measure::pairs::SlowDown;

/// The results of one tool.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) command: String,
    /// One for each workload.
    pub(crate) results: Vec<ToolResult>,
    /// Why the tool could not run.
    pub(crate) obstacle: Option<String>,
    pub(crate) tax_ns: Option<f64>,
    pub(crate) first: Option<FirstEvent>,
}

impl Row {
    fn ran(&self) -> bool {
        self.obstacle.is_none()
    }
}

/// How much longer each storm takes.
pub(crate) fn slow_down(rows: &[Row], workloads: &[&Workload]) -> String {
    matrix(rows, workloads, |result| ratio(&result.slow_down))
}

/// How much longer storms take beside a program that only sleeps and computes.
pub(crate) fn control(figures: &[(&str, SlowDown)]) -> String {
    let titles = figures.iter().map(|(title, _)| *title);
    let head: Vec<&str> = std::iter::once("").chain(titles).collect();
    let name = format!(
        "sleeps {:?}, computes {:?}",
        baseline::PAUSE,
        baseline::COMPUTES
    );
    let cells = figures.iter().map(|(_, slow_down)| ratio(slow_down));
    let row = std::iter::once(name).chain(cells).collect();
    table(&head, std::iter::once(row))
}

fn ratio(slow_down: &SlowDown) -> String {
    format!(
        "{:.3} ({:.3}–{:.3})",
        slow_down.ratio, slow_down.lowest, slow_down.highest
    )
}

/// The share of each storm that is shown.
pub(crate) fn completeness(rows: &[Row], workloads: &[&Workload]) -> String {
    matrix(rows, workloads, |result| {
        let share = |count| percent(count, result.expected);
        let lost = result
            .lost
            .map_or("untold".to_owned(), |lost| lost.to_string());
        format!(
            "{} / {} / {lost}",
            share(result.found.seen),
            share(result.found.whole)
        )
    })
}

/// The resource usage of each tool.
pub(crate) fn costs(rows: &[Row]) -> String {
    let head = [
        "",
        "CPU s per 100,000 execs",
        "peak RSS, MB (of that its rings)",
        "kernel memory for maps, MB",
        "start to first event, ms",
        "program and libraries, MB",
        "each other system call, ns",
    ];
    let body = rows.iter().filter(|row| row.ran()).map(|row| {
        let result = row.results.iter().max_by_key(|result| result.expected);
        let of = |value: fn(&ToolResult) -> String| result.map_or("–".to_owned(), value);
        vec![
            row.name.to_owned(),
            of(|result| format!("{:.2}", result.cpu_us / 10.0)),
            of(|result| {
                format!(
                    "{} ({})",
                    mb(result.usage.peak_rss_kb),
                    mb(result.usage.ring_kb)
                )
            }),
            of(|result| mb(result.usage.kernel_kb)),
            row.first.map_or("–".to_owned(), first_event),
            of(|result| mb(result.loaded_bytes / 1024)),
            row.tax_ns.map_or("–".to_owned(), |ns| format!("{ns:+.0}")),
        ]
    });
    table(&head, body)
}

/// What execsnoop loses.
pub(crate) fn endurance(sustained: &[Sustained]) -> String {
    let head = ["", "storm", "execs", "per second", "seen", "shown", "lost"];
    let body = sustained.iter().map(|storm| {
        vec![
            storm.what.clone(),
            format!("{:.0} s", storm.seconds),
            storm.execs.to_string(),
            format!("{:.0}", storm.execs as f64 / storm.seconds),
            storm.seen.to_string(),
            storm.shown.to_string(),
            storm.lost.to_string(),
        ]
    });
    table(&head, body)
}

/// Kernel time per exec, by command line.
pub(crate) fn kernel_time(times: &[KernelTime]) -> String {
    let body = times.iter().map(|time| {
        let each = time
            .programs
            .iter()
            .map(|(name, ns)| format!("{name} {ns:.0}"));
        let each = each.collect::<Vec<_>>().join(", ");
        vec![
            format!("`{}`", time.command),
            format!("{:.0}", time.ns()),
            each,
        ]
    });
    table(&["", "ns for each exec", "by program"], body)
}

/// How each tool was started, and why some could not run.
pub(crate) fn commands(rows: &[Row]) -> String {
    let body = rows.iter().map(|row| {
        let outcome = row.obstacle.as_deref().unwrap_or("ran");
        vec![
            row.name.to_owned(),
            format!("`{}`", row.command),
            outcome.replace('|', "\\|"),
        ]
    });
    table(&["", "command", ""], body)
}

fn first_event(first: FirstEvent) -> String {
    let shown = first.shown.as_millis();
    match first.attached {
        Some(attached) => format!("{shown} (attached after {})", attached.as_millis()),
        None => shown.to_string(),
    }
}

fn mb(kb: u64) -> String {
    format!("{:.1}", kb as f64 / 1024.0)
}

/// A percentage that is rounded down: 100 % means all.
fn percent(part: u64, whole: u64) -> String {
    match part {
        0 => "0 %".to_owned(),
        part if part >= whole => "100 %".to_owned(),
        part => format!(
            "{:.1} %",
            (part as f64 * 1000.0 / whole as f64).floor() / 10.0
        ),
    }
}

fn matrix(rows: &[Row], workloads: &[&Workload], cell: impl Fn(&ToolResult) -> String) -> String {
    let titles = workloads.iter().map(|shape| shape.title);
    let head: Vec<&str> = std::iter::once("").chain(titles).collect();
    let body = rows.iter().filter(|row| row.ran()).map(|row| {
        let cells = row.results.iter().map(&cell);
        std::iter::once(row.name.to_owned()).chain(cells).collect()
    });
    table(&head, body)
}

fn table(head: &[&str], body: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in body {
        // Writing to a String does not fail.
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_all_and_nothing_nothing() {
        assert_eq!(percent(10, 10), "100 %");
        assert_eq!(percent(9999, 10_000), "99.9 %");
        assert_eq!(percent(99_999, 100_000), "99.9 %");
        assert_eq!(percent(0, 10), "0 %");
    }

    #[test]
    fn those_that_did_not_run_are_only_listed() {
        let row = Row {
            name: "some tool",
            command: "tool -x".into(),
            obstacle: Some("no kernel headers".into()),
            ..Row::default()
        };
        let rows = [row];
        assert!(!costs(&rows).contains("some tool"));
        let expected =
            "|  | command |  |\n|---|---|---|\n| some tool | `tool -x` | no kernel headers |\n";
        assert_eq!(commands(&rows), expected);
    }
}
