//! The starts, as a table for a person.

use std::fmt;

use super::contender::Kind;
use super::contender::Start;
use crate::measure::pairs::median;

/// The most milliseconds that compiling, loading and attaching may take; that the cache may add to
/// loading and attaching; the most megabytes that are held afterwards.
const MOST_ANEW: f64 = 250.0;
const MOST_ABOVE: f64 = 50.0;
const MOST_MB: f64 = 30.0;

/// All starts of one kind.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) starts: Vec<Start>,
    /// Why there are none.
    pub(crate) cannot: Option<String>,
}

impl Row {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            starts: Vec::new(),
            cannot: None,
        }
    }

    fn sorted(&self, value: impl Fn(&Start) -> f64) -> Vec<f64> {
        let mut values: Vec<f64> = self.starts.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    fn ms(&self) -> f64 {
        median(&self.sorted(|start| start.ms))
    }

    fn mb(&self) -> f64 {
        median(&self.sorted(|start| start.mb))
    }
}

/// The whole report.
#[derive(Debug)]
pub(crate) struct Report(pub(crate) Vec<Row>);

impl Report {
    /// What exceeds its limit, in words.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut check = |what: String, found: f64, most: f64, unit: &str| {
            if found > most {
                complaints.push(format!(
                    "{what}: {found:.0} {unit}, at most {most:.0} are allowed"
                ));
            }
        };
        for row in self.0.iter().filter(|row| row.kind.is_ours()) {
            check(row.kind.label().to_owned(), row.mb(), MOST_MB, "MB");
        }
        if let Some(row) = self.row(Kind::Anew) {
            check(row.kind.label().to_owned(), row.ms(), MOST_ANEW, "ms");
        }
        if let Some(above) = self.difference(Kind::Cached, Kind::Object) {
            check(
                "the cache above an object".to_owned(),
                above,
                MOST_ABOVE,
                "ms",
            );
        }
        complaints
    }

    fn row(&self, kind: Kind) -> Option<&Row> {
        self.0
            .iter()
            .find(|row| row.kind == kind && !row.starts.is_empty())
    }

    /// The median, over the rounds, of a function of the times of two starts.
    fn of_pairs(&self, a: Kind, b: Kind, between: fn(f64, f64) -> f64) -> Option<f64> {
        let (a, b) = (self.row(a)?, self.row(b)?);
        let pairs = a.starts.iter().zip(&b.starts);
        let mut values: Vec<f64> = pairs.map(|(a, b)| between(a.ms, b.ms)).collect();
        values.sort_by(f64::total_cmp);
        Some(median(&values))
    }

    fn difference(&self, a: Kind, b: Kind) -> Option<f64> {
        self.of_pairs(a, b, |a, b| a - b)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| | until attached, ms: median | range | resident then, MB |"
        )?;
        writeln!(f, "|---|---|---|---|")?;
        self.0.iter().try_for_each(|row| write_row(f, row))?;
        writeln!(f)?;
        if let Some(above) = self.difference(Kind::Cached, Kind::Object) {
            writeln!(
                f,
                "From the cache, above loading and attaching: {above:.0} ms (median of pairs)."
            )?;
        }
        for kind in [Kind::BccSameFile, Kind::BccTool] {
            if let Some(times) = self.of_pairs(kind, Kind::Anew, |a, b| a / b) {
                let label = kind.label();
                writeln!(
                    f,
                    "{label} takes {times:.1} times as long as bpfrun does anew (median of pairs)."
                )?;
            }
        }
        Ok(())
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
    let label = row.kind.label();
    if let Some(why) = &row.cannot {
        return writeln!(f, "| {label} | does not run here: {why} | | |");
    }
    let times = row.sorted(|start| start.ms);
    let (lowest, highest) = (times[0], times[times.len() - 1]);
    writeln!(
        f,
        "| {label} | {:.0} | {lowest:.0}-{highest:.0} | {:.1} |",
        row.ms(),
        row.mb()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: Kind, times: &[f64]) -> Row {
        let start = |ms: &f64| Start { ms: *ms, mb: 8.0 };
        Row {
            starts: times.iter().map(start).collect(),
            ..Row::new(kind)
        }
    }

    fn report() -> Report {
        let mut tool = Row::new(Kind::BccTool);
        tool.cannot = Some("no headers.".to_owned());
        Report(vec![
            row(Kind::Anew, &[200.0, 240.0, 210.0]),
            row(Kind::Cached, &[30.0, 32.0, 90.0]),
            row(Kind::Object, &[20.0, 21.0, 80.0]),
            row(Kind::BccSameFile, &[1000.0, 1200.0, 1260.0]),
            tool,
        ])
    }

    #[test]
    fn the_table_has_medians_and_reasons() {
        let expected = "\
| | until attached, ms: median | range | resident then, MB |
|---|---|---|---|
| bpfrun, compiled anew | 210 | 200-240 | 8.0 |
| bpfrun, compiled before | 32 | 30-90 | 8.0 |
| bpfrun, an object | 21 | 20-80 | 8.0 |
| BCC, the same file | 1200 | 1000-1260 | 8.0 |
| BCC's execsnoop | does not run here: no headers. | | |

From the cache, above loading and attaching: 10 ms (median of pairs).
BCC, the same file takes 5.0 times as long as bpfrun does anew (median of pairs).
";
        assert_eq!(report().to_string(), expected);
    }

    #[test]
    fn each_limit_is_kept_by_itself() {
        assert!(report().complaints().is_empty());
        let spoilt = |spoil: fn(&mut Report)| {
            let mut report = report();
            spoil(&mut report);
            report.complaints().len()
        };
        assert_eq!(
            spoilt(|report| report.0[0]
                .starts
                .iter_mut()
                .for_each(|start| start.ms += 50.0)),
            1
        );
        assert_eq!(
            spoilt(|report| report.0[1]
                .starts
                .iter_mut()
                .for_each(|start| start.ms += 50.0)),
            1
        );
        assert_eq!(
            spoilt(|report| report.0[2]
                .starts
                .iter_mut()
                .for_each(|start| start.mb += 50.0)),
            1
        );
        assert_eq!(
            spoilt(|report| report.0[3]
                .starts
                .iter_mut()
                .for_each(|start| start.mb += 50.0)),
            0
        );
    }
}
