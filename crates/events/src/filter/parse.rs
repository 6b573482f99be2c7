//! From the text to a syntax tree: the `cel` crate's parser, with limits, and with its messages put
//! in words for the person who wrote the filter.

use cel::Env;
use cel::ParseError;
use cel::Program;

use super::error::Wrong;

/// The longest filter, in bytes: the parser's and our own recursion stay far from the end of the
/// stack.
const MOST_BYTES: usize = 4096;

/// Parses a filter. Macros such as `exists` stay the calls that they are written as.
pub(super) fn parse(text: &str) -> Result<Program, Wrong> {
    if text.trim().is_empty() {
        return Err(Wrong::new(0, "the filter is empty"));
    }
    if text.len() > MOST_BYTES {
        let message = format!("the filter is too long ({MOST_BYTES} bytes are the most)");
        return Err(Wrong::new(0, message));
    }
    let language = Env::default().with_optional_support(false);
    language
        .compile(text)
        .map_err(|errors| first_of(text, &errors.errors))
}

/// Later errors are often only consequences of the first.
fn first_of(text: &str, errors: &[ParseError]) -> Wrong {
    match errors.iter().min_by_key(|error| error.pos) {
        Some(error) => Wrong::new(position(text, error.pos), in_words(text, error)),
        None => Wrong::new(0, "this is not CEL"),
    }
}

/// Line and column, both from 1 on, as a number of characters.
fn position(text: &str, (line, column): (isize, isize)) -> usize {
    let before = usize::try_from(line - 1).unwrap_or(0);
    let lines = text.split('\n').take(before);
    let skipped: usize = lines.map(|line| line.chars().count() + 1).sum();
    skipped + usize::try_from(column - 1).unwrap_or(0)
}

fn in_words(text: &str, error: &ParseError) -> String {
    let message = error.msg.trim_start_matches("Syntax error: ");
    if message.contains("Recursion limit") || message.starts_with("No `") {
        return "this is nested too deeply".to_owned();
    }
    if let Some(missing) = quoted(message, "missing '") {
        let (missing, _) = missing.split_once('\'').unwrap_or((missing, ""));
        return format!("{missing} is missing here");
    }
    if let Some(at) = quoted(message, "token recognition error at: '") {
        return not_a_token(text, at);
    }
    let culprit = ["mismatched", "extraneous"].iter().find_map(|how| {
        let before = format!("{how} input '");
        quoted(message, &before)
    });
    match culprit.or_else(|| quoted(message, "no viable alternative at input '")) {
        Some("<EOF>") if text.trim_end().ends_with('=') => "a value is missing here".to_owned(),
        Some("<EOF>") => "the filter ends here, but is not complete".to_owned(),
        Some(culprit) => format!("{culprit} cannot stand here"),
        // The parser names a rule of its grammar.
        None if message.starts_with("Incomplete") => "this is not complete".to_owned(),
        None => message.lines().next().unwrap_or_default().to_owned(),
    }
}

fn not_a_token(text: &str, at: &str) -> String {
    match at.chars().next() {
        Some('=') => "to compare, write ==".to_owned(),
        Some('&') => "to join conditions, write &&".to_owned(),
        Some('|') => "to join conditions, write ||".to_owned(),
        Some('"' | '\'') if has_unknown_escape(text, at) => {
            "this text has a backslash that means nothing: write \\\\ for a backslash".to_owned()
        }
        Some('"' | '\'') => "this text has no end in its line: a quote is missing".to_owned(),
        _ => format!("{} has no meaning here", at.trim_end()),
    }
}

/// Whether the text that begins with `at` has its closing quote: then the parser stumbled over an
/// escape.
fn has_unknown_escape(text: &str, at: &str) -> bool {
    let start = text.find(at).unwrap_or(0);
    let mut chars = text[start..].chars();
    let quote = chars.next();
    while let Some(char) = chars.next() {
        match char {
            '\n' => return false,
            '\\' => drop(chars.next()),
            _ if Some(char) == quote => return true,
            _ => {}
        }
    }
    false
}

/// The text between `before` and the next quote that ends a word.
fn quoted<'a>(message: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(before)?;
    let end = rest.find("' expecting").or_else(|| rest.rfind('\''))?;
    Some(&rest[..end])
}
