//! The lines that the compiler saw, found by the names and numbers it reports them under.

use std::collections::HashMap;

use crate::toolchain::diagnostics::Message;

/// A text with line markers.
#[derive(Debug)]
pub(crate) struct LineMap<'t> {
    lines: HashMap<(&'t str, usize), Vec<&'t str>>,
}

impl<'t> LineMap<'t> {
    /// Reads a text's markers.
    pub fn new(text: &'t str) -> Self {
        let mut lines: HashMap<_, Vec<_>> = HashMap::new();
        let (mut file, mut number) = ("", 1);
        for line in text.lines() {
            if let Some((next, name)) = marker(line) {
                (file, number) = (name, next);
            } else {
                lines.entry((file, number)).or_default().push(line);
                number += 1;
            }
        }
        Self { lines }
    }

    /// The line that a message is about; of several under one number, the first that is long
    /// enough.
    pub fn line(&self, message: &Message) -> Option<&'t str> {
        let lines = self.lines.get(&(message.file.as_str(), message.line))?;
        lines
            .iter()
            .find(|line| line.len() >= message.column)
            .copied()
    }
}

fn marker(line: &str) -> Option<(usize, &str)> {
    let (number, name) = line.strip_prefix("# ")?.split_once(' ')?;
    let name = name.strip_prefix('"')?.strip_suffix('"')?;
    Some((number.parse().ok()?, name))
}
