//! The report as a table for people.

use std::fmt;
use std::fmt::Write as _;

use execsnoop_events::Backend;

use crate::cmd::doctor::check::Advice;
use crate::cmd::doctor::check::Check;
use crate::cmd::doctor::check::State;
use crate::cmd::doctor::report::Report;

/// Lines of words are not longer; commands are never broken.
const WIDTH: usize = 80;

/// Columns of the mark, with the space around it.
const MARK: usize = 8;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

/// Appends the report.
pub fn write(out: &mut Vec<u8>, report: &Report, colored: bool) {
    let text = Table { report, colored }.to_string();
    out.extend_from_slice(text.as_bytes());
}

struct Table<'a> {
    report: &'a Report,
    colored: bool,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        let who = match report.uid {
            0 => "root".to_owned(),
            uid => format!("user {uid}"),
        };
        writeln!(
            f,
            "execsnoop {}, Linux {} on {}, as {who}",
            report.version, report.release, report.architecture
        )?;
        let (needs, extras) = report.checks.split_at(report.needs);
        self.section(f, "What tracing needs", needs)?;
        self.section(f, "What else it can use", extras)?;
        writeln!(f)?;
        self.verdict(f)
    }
}

impl Table<'_> {
    fn section(&self, f: &mut fmt::Formatter<'_>, title: &str, checks: &[Check]) -> fmt::Result {
        writeln!(f, "\n{}", self.paint(BOLD, title))?;
        checks.iter().try_for_each(|check| self.check(f, check))
    }

    fn check(&self, f: &mut fmt::Formatter<'_>, check: &Check) -> fmt::Result {
        let titles = self.report.checks.iter().map(|check| check.title.len());
        let title_width = titles.max().unwrap_or_default();
        let (mark, color) = mark(check.state);
        let mark = self.paint(color, &format!("{mark:<4}"));
        let title = format!("{:title_width$}", check.title);
        let indent = MARK + title_width + 2;
        let mut lines = wrap(&check.found, WIDTH - indent).into_iter();
        let first = lines.next().unwrap_or_default();
        writeln!(f, "  {mark}  {title}  {first}")?;
        lines.try_for_each(|line| writeln!(f, "{:indent$}{line}", ""))?;
        match &check.advice {
            Some(advice) => self.advice(f, advice),
            None => Ok(()),
        }
    }

    fn advice(&self, f: &mut fmt::Formatter<'_>, advice: &Advice) -> fmt::Result {
        let mut lead = "-> ";
        for line in wrap(&advice.text, WIDTH - MARK - lead.len()) {
            writeln!(f, "{:MARK$}{lead}{line}", "")?;
            lead = "   ";
        }
        for command in &advice.commands {
            writeln!(f, "{:MARK$}     {}", "", self.paint(BOLD, command))?;
        }
        Ok(())
    }

    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_the_way = self.in_the_way();
        let (color, words) = match self.report.backend {
            Some(Backend::Core) => (
                GREEN,
                "execsnoop can trace here, and every field is available (backend core).".to_owned(),
            ),
            Some(backend) => (
                YELLOW,
                format!(
                    "execsnoop can trace here (backend {}), but cannot provide: {}. For every field, \
                     change what is marked NO ({in_the_way}).",
                    backend.name(),
                    self.report.lost.unwrap_or("nothing"),
                ),
            ),
            None => (
                RED,
                format!(
                    "execsnoop cannot trace here. Change what is marked NO ({in_the_way}), and ask again."
                ),
            ),
        };
        for line in wrap(&words, WIDTH) {
            writeln!(f, "{}", self.paint(color, &line))?;
        }
        Ok(())
    }

    /// The titles of what is marked NO.
    fn in_the_way(&self) -> String {
        let checks = self.report.checks.iter();
        let titles: Vec<&str> = checks
            .filter(|check| check.state == State::No)
            .map(|check| check.title)
            .collect();
        titles.join(", ")
    }

    fn paint(&self, color: &str, text: &str) -> String {
        match self.colored {
            true => format!("{color}{text}{RESET}"),
            false => text.to_owned(),
        }
    }
}

fn mark(state: State) -> (&'static str, &'static str) {
    match state {
        State::Ok => ("ok", GREEN),
        State::Note => ("note", YELLOW),
        State::No => ("NO", RED),
        State::Unknown => ("?", DIM),
    }
}

/// Breaks text between words, so that no line is longer than `width` unless a word is.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            let _ = write!(line, " {word}");
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines break between words, and a word that is too long stands alone.
    #[test]
    fn wraps() {
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a verylongword b", 6), ["a", "verylongword", "b"]);
    }
}
