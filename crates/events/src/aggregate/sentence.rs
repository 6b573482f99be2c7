//! The answer in a sentence.

use std::fmt::Write as _;

use super::report::Report;
use super::report::ReportRow;
use super::report::RowName;
use super::report::Sums;
use super::report::as_f64;
use super::who::Who;
use crate::event::ExitStatus;
use crate::text::quote;
use crate::text::signal_name;
use crate::text::units;

/// The user's name of a process.
pub type Names<'a> = dyn FnMut(&Who) -> Option<String> + 'a;

/// How much of the machine short-lived processes use, how long they live, and who starts them.
/// `report` is one by culprits.
pub fn sentence(report: &Report, names: &mut Names<'_>) -> String {
    if report.short.count == 0 {
        let time = duration(report.interval.ns());
        return format!("No short-lived process ended in {time}.");
    }
    let mut text = share(report);
    if let Some(row) = report.rows.first() {
        text.push(' ');
        text.push_str(&starter(&report.short, row, names));
        text.push_str(&program(row));
    }
    text
}

/// `61 % of the CPU (1.2 of 2 CPUs) went to 3,120 processes that lived 3.00ms (median).`
fn share(report: &Report) -> String {
    let short = &report.short;
    let (count, noun) = (grouped(short.count), noun(short.count));
    let lived = duration(short.p50_ns.unwrap_or(0));
    let cpu = short.cpu_ns.and_then(|ns| Some((ns, report.percent(ns)?)));
    match cpu {
        Some((ns, percent)) => format!(
            "{} of the CPU ({} of {} {}) went to {count} {noun} that lived {lived} (median).",
            percent_text(percent),
            cpus(as_f64(ns) / as_f64(report.interval.ns().max(1))),
            report.cpus,
            if report.cpus == 1 { "CPU" } else { "CPUs" },
        ),
        None => format!("{count} {noun} lived {lived} (median); their CPU time is not known."),
    }
}

/// `98 % of them were started by burner.sh (pid 4711, cron.service, root).`
fn starter(short: &Sums, row: &ReportRow, names: &mut Names<'_>) -> String {
    let percent = |part: u64, all: u64| as_f64(part) * 100.0 / as_f64(all.max(1));
    let of_count = percent(row.sums.count, short.count);
    let of_cpu = row.sums.cpu_ns.zip(short.cpu_ns);
    let of_cpu = of_cpu.map(|(part, all)| percent(part, all));
    let who = match &row.name {
        RowName::Process(who) => process(who, names),
        _ => String::new(),
    };
    let count = percent_text(of_count);
    match of_cpu.filter(|of_cpu| (of_cpu - of_count).abs() >= 10.0) {
        Some(of_cpu) => {
            let cpu = percent_text(of_cpu);
            format!("{count} of them, with {cpu} of their CPU time, were started by {who}.")
        }
        None => format!("{count} of them were started by {who}."),
    }
}

/// `burner.sh (pid 4711, cron.service, root)`.
fn process(who: &Who, names: &mut Names<'_>) -> String {
    let Some(process) = who.starter.process.known() else {
        return "a process that is not known".to_owned();
    };
    let mut text = shown(who.starter.comm());
    let _ = write!(text, " (pid {}", process.pid);
    let owner = who.container.as_deref().map(short_id);
    for name in owner.iter().copied().chain(who.unit.as_deref()) {
        let _ = write!(text, ", {}", shown(name));
    }
    if let Some(uid) = who.uid {
        let name = names(who).map_or_else(|| format!("uid {uid}"), |name| shown(name.as_bytes()));
        let _ = write!(text, ", {name}");
    }
    text.push(')');
    text
}

/// What the culprit runs, and how that ends.
fn program(row: &ReportRow) -> String {
    let Some(program) = &row.program else {
        return String::new();
    };
    let program = shown(program);
    let most = row.sums.failed * 2 > row.sums.count;
    match row.failure.filter(|_| most) {
        Some(status) => {
            let percent = as_f64(row.sums.failed) * 100.0 / as_f64(row.sums.count);
            let (percent, end) = (percent_text(percent), end(status));
            format!(" Most of it is {program}, and {percent} end with {end}.")
        }
        None => format!(" Most of it is {program}."),
    }
}

fn end(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("status {code}"),
        ExitStatus::Signal { number, .. } => match signal_name(number) {
            Some(name) => name.to_string(),
            None => format!("signal {number}"),
        },
    }
}

/// The beginning of a container's id, as its runtime shows it.
fn short_id(id: &[u8]) -> &[u8] {
    let is_hex = id.len() >= 32 && id.iter().all(u8::is_ascii_hexdigit);
    if is_hex { &id[..12] } else { id }
}

fn shown(name: &[u8]) -> String {
    let mut out = Vec::new();
    quote::plain(&mut out, name);
    String::from_utf8_lossy(&out).into_owned()
}

fn duration(ns: u64) -> String {
    let mut out = Vec::new();
    units::duration(&mut out, ns);
    String::from_utf8_lossy(&out).into_owned()
}

fn noun(count: u64) -> &'static str {
    if count == 1 { "process" } else { "processes" }
}

/// `61 %`, `0.4 %`, `<0.1 %`.
fn percent_text(percent: f64) -> String {
    match percent {
        percent if percent >= 9.95 => format!("{percent:.0} %"),
        percent if percent >= 0.05 || percent == 0.0 => format!("{percent:.1} %"),
        _ => "<0.1 %".to_owned(),
    }
}

fn cpus(number: f64) -> String {
    match number {
        number if number >= 99.95 => format!("{number:.0}"),
        number if number >= 9.995 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// `3,120`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
