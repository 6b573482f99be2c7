//! The compiler's messages: read, brought back to the user's own lines, and shown there.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::c::lex;
use crate::c::lex::is_word;

/// A message of the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// `error`, `warning` or `note`.
    pub level: String,
    pub text: String,
}

/// Reads `FILE:LINE:COLUMN: LEVEL: TEXT` lines; what else there is stands between.
pub(crate) fn parse(output: &str) -> Vec<Message> {
    output.lines().filter_map(message).collect()
}

fn message(line: &str) -> Option<Message> {
    let levels = [": fatal error: ", ": error: ", ": warning: ", ": note: "];
    let (place, level, text) = levels.iter().find_map(|level| {
        line.split_once(level)
            .map(|(place, text)| (place, level, text))
    })?;
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(Message {
        file: file.to_owned(),
        line: line.parse().ok()?,
        column: column.parse().ok()?,
        level: level.trim_matches([':', ' ']).replace("fatal ", ""),
        text: text.to_owned(),
    })
}

impl Message {
    /// Whether it stops the compiler.
    pub fn is_error(&self) -> bool {
        self.level == "error"
    }

    /// The word of a line that it points at.
    pub fn word(&self, line: &str) -> Option<String> {
        token_at(line, self.column.checked_sub(1)?).map(str::to_owned)
    }

    /// The first name in single quotes.
    pub fn quoted(&self) -> Option<&str> {
        self.text.split('\'').nth(1)
    }
}

/// The user's own files, for showing lines of them.
#[derive(Debug, Default)]
pub(crate) struct Shown<'a> {
    files: HashMap<String, &'a [u8]>,
}

impl<'a> Shown<'a> {
    /// Takes the user's files.
    pub fn new<'p>(files: impl Iterator<Item = (&'p PathBuf, &'a [u8])>) -> Self {
        let files = files.map(|(path, text)| (path.display().to_string(), text));
        Self {
            files: files.collect(),
        }
    }

    /// Brings a message's column from the preprocessed line that the compiler saw to the user's
    /// line.
    pub fn place(&self, message: &mut Message, seen: &str) {
        let Some(own) = self.line(&message.file, message.line) else {
            return;
        };
        message.column = same_token(seen, message.column, &own).unwrap_or(0);
    }

    /// Messages with the lines they are about.
    pub fn render(&self, messages: &[Message]) -> String {
        messages.iter().map(|one| self.render_one(one)).collect()
    }

    fn render_one(&self, message: &Message) -> String {
        let column = match message.column {
            0 => String::new(),
            column => format!(":{column}"),
        };
        let head = format!(
            "{}:{}{column}: {}: {}\n",
            message.file, message.line, message.level, message.text
        );
        match self.line(&message.file, message.line) {
            Some(line) => format!("{head}{}", pointed(message, &line)),
            None => head,
        }
    }

    /// A line of the user's files.
    pub fn line(&self, file: &str, number: usize) -> Option<String> {
        let text = self.files.get(file)?;
        let line = text
            .split(|&byte| byte == b'\n')
            .nth(number.checked_sub(1)?)?;
        Some(String::from_utf8_lossy(line).trim_end().to_owned())
    }
}

/// A line with its number, and a mark under the column.
fn pointed(message: &Message, line: &str) -> String {
    let number = message.line;
    let shown = line.replace(|letter: char| letter.is_control() && letter != '\t', "?");
    let mut text = format!("{number:>5} | {shown}\n");
    if message.column > 0 {
        let before = line.get(..message.column - 1).unwrap_or_default();
        let blank: String = before
            .chars()
            .map(|letter| if letter == '\t' { '\t' } else { ' ' })
            .collect();
        text += &format!("      | {blank}^\n");
    }
    text
}

/// The column of the same token in another writing of a line: macros before it may have moved it.
fn same_token(seen: &str, column: usize, own: &str) -> Option<usize> {
    let at = column.checked_sub(1)?;
    let token = token_at(seen, at)?;
    let before = count(seen, token)
        .iter()
        .filter(|&&start| start < at)
        .count();
    let places = count(own, token);
    let place = places.get(before).or(places.last())?;
    Some(place + 1)
}

fn token_at(line: &str, at: usize) -> Option<&str> {
    let rest = line.get(at..)?;
    let length = rest.bytes().take_while(|&byte| is_word(byte)).count();
    rest.get(..length.max(1))
        .filter(|token| !token.trim().is_empty())
}

/// Where a token begins in a line, as a whole token.
fn count(line: &str, token: &str) -> Vec<usize> {
    let bytes = line.as_bytes();
    lex::tokens(bytes)
        .iter()
        .filter(|one| one.of(bytes) == token.as_bytes())
        .map(|one| one.range.start)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read() {
        let messages =
            parse("a b.c:3:7: error: no member named 'x' in 'struct y'\n1 error generated.\n");
        assert_eq!(messages.len(), 1);
        assert_eq!((messages[0].line, messages[0].column), (3, 7));
        assert_eq!(
            (messages[0].file.as_str(), messages[0].quoted()),
            ("a b.c", Some("x"))
        );
    }

    #[test]
    fn a_column_is_found_again_behind_a_macro() {
        let seen = "\tint x = ({ int x; f(x); }) + y;";
        let own = "\tint x = READ(x) + y;";
        assert_eq!(same_token(seen, 31, own), Some(20));
        assert_eq!(&own[19..20], "y");
    }

    #[test]
    fn a_mark_stands_under_its_column_also_after_tabs() {
        let path = PathBuf::from("p.c");
        let shown = Shown::new([(&path, b"int a;\n\tint b\xff;\n".as_slice())].into_iter());
        let message = message("p.c:2:6: error: bad").unwrap();
        assert_eq!(
            shown.render(&[message]),
            "p.c:2:6: error: bad\n    2 | \tint b\u{fffd};\n      | \t    ^\n"
        );
    }
}
