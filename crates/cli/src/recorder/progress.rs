//! A line for the person who started the recorder.

use std::io::IsTerminal as _;
use std::io::Write as _;
use std::time::Duration;
use std::time::Instant;

/// How often the line changes.
const PERIOD: Duration = Duration::from_secs(1);

/// Shows how much was recorded, on a terminal only.
#[derive(Debug)]
pub struct Progress {
    name: String,
    is_shown: bool,
    drawn: Option<Instant>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Events that were recorded.
    pub events: u64,
    /// Bytes that were written.
    pub bytes: u64,
    /// Events that are missing.
    pub lost: u64,
}

impl Progress {
    /// The progress of a recording of this name. Nothing is shown if a command has the terminal.
    pub fn new(name: String, has_command: bool) -> Self {
        Self {
            name,
            is_shown: !has_command && std::io::stderr().is_terminal(),
            drawn: None,
        }
    }

    /// Shows the counts, if it is time.
    pub fn show(&mut self, counts: &Counts) {
        let is_due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= PERIOD);
        if self.is_shown && is_due {
            self.drawn = Some(Instant::now());
            // The cursor goes back, so that a message takes the place of the line.
            let _ = write!(std::io::stderr(), "\r\x1b[K{}\r", self.line(counts));
        }
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    fn line(&self, counts: &Counts) -> String {
        let Counts {
            events,
            bytes,
            lost,
        } = counts;
        let tenths = bytes / (100 << 10);
        format!(
            "recording to {}: {events} events, {}.{} MB, {lost} lost; ^C ends it",
            self.name,
            tenths / 10,
            tenths % 10
        )
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line has all counts.
    #[test]
    fn the_line() {
        let progress = Progress::new("\"/x\"".to_owned(), true);
        let counts = Counts {
            events: 12,
            bytes: 3 << 20,
            lost: 1,
        };
        let line = "recording to \"/x\": 12 events, 3.0 MB, 1 lost; ^C ends it";
        assert_eq!(progress.line(&counts), line);
    }
}
