//! The results of each kernel, as tables in Markdown.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::console::Results;
use super::suite::Backend;

/// The results of one kernel.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) release: String,
    /// The package's version.
    pub(crate) version: String,
    /// The backend that it should choose.
    pub(crate) backend: Backend,
    pub(crate) results: Results,
    pub(crate) took: Duration,
    /// Why the guest did not finish; `None` if it did.
    pub(crate) stuck: Option<String>,
    /// Remarks that are no failures.
    pub(crate) notes: Vec<String>,
    /// Why tests were skipped, by test.
    pub(crate) reasons: BTreeMap<String, String>,
}

impl Row {
    /// What is wrong; empty if the row is green.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let results = &self.results;
        let mut complaints = Vec::new();
        for (test, why) in &results.failed {
            complaints.push(format!("{test} failed: {}", first_line(why)));
        }
        if let Some(stuck) = &self.stuck {
            // The rest is missing because of that.
            complaints.push(stuck.clone());
            return complaints;
        }
        let mut unless = |fine: bool, complaint: String| {
            if !fine {
                complaints.push(complaint);
            }
        };
        let backend = results.backend.as_deref().unwrap_or("none");
        unless(
            backend == self.backend.name(),
            format!(
                "chose the backend {backend} instead of {}",
                self.backend.name()
            ),
        );
        unless(
            results.load_ms.is_some() && !results.instructions.is_empty(),
            "did not say what loading cost".to_owned(),
        );
        let expected = results.expected.unwrap_or(0);
        unless(
            results.done() == expected,
            format!("{} of {expected} tests came to an end", results.done()),
        );
        unless(!results.passed.is_empty(), "no test passed".to_owned());
        let status = results.ended.unwrap_or(0);
        unless(
            status == 0 || !results.failed.is_empty(),
            format!("the tests ended with status {status}"),
        );
        complaints
    }

    pub(crate) fn is_green(&self) -> bool {
        self.complaints().is_empty()
    }

    fn verdict(&self) -> &'static str {
        match self.is_green() {
            true => "ok",
            false => "**FAILED**",
        }
    }
}

/// The sentence after "Error:" and its quotes; panics' messages go on for lines.
fn first_line(why: &str) -> &str {
    let why = why.trim_start_matches("Error: ").trim_start_matches('"');
    why.lines().next().unwrap_or_default()
}

/// All kernels.
#[derive(Debug)]
pub(crate) struct Table<'a>(pub(crate) &'a [Row]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_table(f, &self.results())?;
        writeln!(
            f,
            "\nInstructions that the verifier went through, by program:\n"
        )?;
        write_table(f, &self.instructions())?;
        self.skipped(f)?;
        self.complaints(f)
    }
}

impl Table<'_> {
    fn results(&self) -> Vec<Vec<String>> {
        let head = [
            "kernel", "package", "backend", "passed", "failed", "skipped", "load ms", "seconds", "",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.0.iter().map(|row| {
            let results = &row.results;
            let load = results
                .load_ms
                .map_or("?".to_owned(), |ms| format!("{ms:.0}"));
            let verdict = [vec![row.verdict().to_owned()], row.notes.clone()].concat();
            vec![
                row.release.clone(),
                row.version.clone(),
                results.backend.clone().unwrap_or_else(|| "none".to_owned()),
                results.passed.len().to_string(),
                results.failed.len().to_string(),
                results.skipped.len().to_string(),
                load,
                row.took.as_secs().to_string(),
                verdict.join("; "),
            ]
        }));
        rows
    }

    fn instructions(&self) -> Vec<Vec<String>> {
        let programs = self
            .0
            .iter()
            .flat_map(|row| row.results.instructions.keys());
        let programs: BTreeSet<&String> = programs.collect();
        let head = ["kernel".to_owned()].into_iter();
        let mut rows = vec![
            head.chain(programs.iter().map(|&name| name.clone()))
                .collect(),
        ];
        rows.extend(self.0.iter().map(|row| {
            let count = |name: &&String| match row.results.instructions.get(*name) {
                Some(count) => count.to_string(),
                None => "-".to_owned(),
            };
            let kernel = [row.release.clone()].into_iter();
            kernel.chain(programs.iter().map(count)).collect()
        }));
        rows
    }

    /// By test and reason, so that each reason is listed once.
    fn skipped(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut skipped: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for row in self.0 {
            for test in &row.results.skipped {
                let reason = row
                    .reasons
                    .get(test)
                    .map_or("no reason told", String::as_str);
                skipped
                    .entry((test, reason))
                    .or_default()
                    .push(&row.release);
            }
        }
        if !skipped.is_empty() {
            writeln!(f, "\nSkipped:\n")?;
        }
        for ((test, reason), kernels) in skipped {
            let all = kernels.len() == self.0.len();
            let kernels = if all {
                "all".to_owned()
            } else {
                kernels.join(", ")
            };
            writeln!(f, "- {test}: {reason} ({kernels})")?;
        }
        Ok(())
    }

    fn complaints(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let red: Vec<&Row> = self.0.iter().filter(|row| !row.is_green()).collect();
        if !red.is_empty() {
            writeln!(f, "\nFailed:\n")?;
        }
        for row in red {
            for complaint in row.complaints() {
                writeln!(f, "- {}: {complaint}", row.release)?;
            }
        }
        Ok(())
    }
}

/// The first row is the head. Columns are padded, so that the source is readable as well.
fn write_table(f: &mut fmt::Formatter<'_>, rows: &[Vec<String>]) -> fmt::Result {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .max(3)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        writeln!(f, "| {} |", cells.join(" | "))?;
        if index == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            writeln!(f, "| {} |", rules.join(" | "))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            release: "6.1.0-56".into(),
            version: "6.1.192-2".into(),
            backend: Backend::Core,
            results: Results {
                backend: Some("core".into()),
                load_ms: Some(81.2),
                instructions: [("on_exec".to_owned(), 4312)].into(),
                expected: Some(2),
                passed: vec!["arguments::none".into()],
                skipped: vec!["storm::by_perf".into()],
                ended: Some(0),
                ..Results::default()
            },
            took: Duration::from_secs(61),
            stuck: None,
            notes: Vec::new(),
            reasons: [("storm::by_perf".to_owned(), "no perf".to_owned())].into(),
        }
    }

    #[test]
    fn a_row_is_red_for_each_of_these() {
        let red = |spoil: fn(&mut Row)| {
            let mut row = row();
            spoil(&mut row);
            row.complaints().len()
        };
        assert_eq!(red(|_| {}), 0);
        assert_eq!(red(|row| row.results.backend = None), 1);
        assert_eq!(red(|row| row.backend = Backend::Classic), 1);
        assert_eq!(red(|row| row.results.load_ms = None), 1);
        assert_eq!(red(|row| row.results.instructions.clear()), 1);
        assert_eq!(red(|row| row.results.expected = Some(3)), 1);
        assert_eq!(red(|row| row.results.expected = None), 1);
        assert_eq!(red(|row| row.results.ended = Some(101)), 1);
        assert_eq!(red(|row| row.stuck = Some("the guest died".into())), 1);
        assert_eq!(
            red(|row| row.results.skipped.append(&mut row.results.passed)),
            1
        );
    }

    #[test]
    fn a_failed_test_is_named_with_its_first_words() {
        let mut row = row();
        let why = "Error: \"test panicked: left\n right\"";
        row.results.failed.push(("ends::codes".into(), why.into()));
        row.results.expected = Some(3);
        assert_eq!(
            row.complaints(),
            ["ends::codes failed: test panicked: left"]
        );
    }

    #[test]
    fn the_tables_are_markdown() {
        let mut other = row();
        other.release = "7.3.4".into();
        other.notes = vec!["retried: Oops".into()];
        other.results.instructions = [("on_exit".to_owned(), 81)].into();
        other.results.skipped.clear();
        let expected = "\
| kernel   | package   | backend | passed | failed | skipped | load ms | seconds |                           |
| -------- | --------- | ------- | ------ | ------ | ------- | ------- | ------- | ------------------------- |
| 6.1.0-56 | 6.1.192-2 | core    | 1      | 0      | 1       | 81      | 61      | ok                        |
| 7.3.4    | 6.1.192-2 | core    | 1      | 0      | 0       | 81      | 61      | **FAILED**; retried: Oops |

Instructions that the verifier went through, by program:

| kernel   | on_exec | on_exit |
| -------- | ------- | ------- |
| 6.1.0-56 | 4312    | -       |
| 7.3.4    | -       | 81      |

Skipped:

- storm::by_perf: no perf (6.1.0-56)

Failed:

- 7.3.4: 1 of 2 tests came to an end
";
        assert_eq!(Table(&[row(), other]).to_string(), expected);
    }
}
