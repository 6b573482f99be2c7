//! Filters that run on decoded events.

use execsnoop_events::Exec;
use regex::bytes::Regex;

/// Which execs are shown. What is not set lets everything through.
#[derive(Debug, Default)]
pub struct Filter {
    /// For the process's name.
    pub name: Option<Regex>,
    /// For the arguments, joined by spaces.
    pub line: Option<Regex>,
    /// Reused for each event.
    joined: Vec<u8>,
}

impl Filter {
    /// A filter from the expressions of -n and -l.
    pub fn new(name: Option<Regex>, line: Option<Regex>) -> Self {
        Self {
            name,
            line,
            joined: Vec::new(),
        }
    }

    /// Whether this exec is to be shown.
    pub fn lets_through(&mut self, exec: &Exec<'_>) -> bool {
        if let Some(name) = &self.name
            && !name.is_match(exec.comm)
        {
            return false;
        }
        let Some(line) = &self.line else {
            return true;
        };
        self.joined.clear();
        for arg in exec.args.iter().flatten() {
            if !self.joined.is_empty() {
                self.joined.push(b' ');
            }
            self.joined.extend_from_slice(arg);
        }
        line.is_match(&self.joined)
    }
}
