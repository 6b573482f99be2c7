//! `cargo xtask check-prose`: long lines, and words that this project's prose avoids.

use std::path::Path;
use std::process::Command;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;

use crate::build::binaries::workspace;
use crate::process::run::output_of;

/// The longest line of prose, in characters.
const WIDTH: usize = 100;

/// Words that plain technical English does without, and what it says instead.
const AVOIDED: &[(&str, &str)] = &[
    ("anew", "again"),
    ("whoever", "the user, the process"),
    ("whomever", "the user, the process"),
    ("so many", "the number of"),
    ("what there is", "the name of the thing"),
    ("as far as", "where, if"),
    ("somebody", "a user, a process"),
    ("nobody", "no user, no process"),
];

/// Where these words and long lines are part of something else: recorded output, data, licences.
const LEFT_OUT: &[&str] = &[
    "LICENSE",
    "docs/kernels.md", // cargo xtask kernels writes it
    "crates/bpfrun/tests/corpus/",
    "xtask/src/check/prose.rs",
];

/// Prints every line that is too long or has one of the words.
///
/// # Errors
///
/// The files cannot be listed or read.
pub(crate) fn check() -> Result<ExitCode> {
    let listed = tracked_files()?;
    let is_left_out = |file: &&str| !LEFT_OUT.iter().any(|start| file.starts_with(start));
    let mut count = 0;
    for file in listed.lines().filter(is_left_out) {
        for complaint in check_file(file)? {
            eprintln!("{complaint}");
            count += 1;
        }
    }
    if count == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("xtask: {count} complaints about prose");
    Ok(ExitCode::FAILURE)
}

/// CI may run as root in another user's checkout, which git refuses without the setting.
fn tracked_files() -> Result<String> {
    let mut git = Command::new("git");
    git.args(["-c", "safe.directory=*", "-C"]).arg(workspace());
    output_of(git.arg("ls-files"))
}

fn check_file(file: &str) -> Result<Vec<String>> {
    let extension = Path::new(file).extension().unwrap_or_default();
    let prose: fn(&str) -> Vec<(usize, &str)> = match extension.to_str().unwrap_or_default() {
        "md" => markdown,
        "rs" | "c" | "h" => comments,
        _ => return Ok(Vec::new()),
    };
    let path = workspace().join(file);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).with_context(|| file.to_owned())?;
    let lines = prose(&text);
    let complaints = lines
        .iter()
        .flat_map(|(number, line)| check_line(line).map(move |what| (number, what)));
    Ok(complaints
        .map(|(number, what)| format!("{file}:{number}: {what}"))
        .collect())
}

fn check_line(line: &str) -> impl Iterator<Item = String> {
    let is_long = line.chars().count() > WIDTH && !line.contains("://");
    let long = is_long.then(|| format!("longer than {WIDTH} columns"));
    let lower = line.to_lowercase();
    let words = AVOIDED
        .iter()
        .filter(move |(word, _)| has_word(&lower, word));
    let words = words.map(|(word, instead)| format!("says \"{word}\"; write: {instead}"));
    long.into_iter().chain(words)
}

/// Whether a text has these words, and not as parts of longer ones or in code.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '`' | '"' | '\'');
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The lines of a page with their numbers, without code blocks and tables.
fn markdown(text: &str) -> Vec<(usize, &str)> {
    let mut is_fenced = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let is_fence = line.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        let is_code = is_fenced || is_fence || line.starts_with("    ");
        if !is_code && !line.trim_start().starts_with('|') {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// Whole-line comments of Rust or C with their line numbers. Lines of string literals that begin
/// like comments count, too: there are none.
fn comments(text: &str) -> Vec<(usize, &str)> {
    let numbered = text.lines().enumerate();
    let is_comment = |line: &str| {
        let line = line.trim_start();
        ["//", "/*", "* ", "*/"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let comments = numbered.filter(|(_, line)| is_comment(line));
    comments.map(|(index, line)| (index + 1, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_and_avoided_words_are_found() {
        let long = "word ".repeat(21);
        assert_eq!(check_line(&long).count(), 1);
        assert_eq!(check_line("It compiles it Anew.").count(), 1);
        assert_eq!(
            check_line("Canewood, `anew`, https://a.example/whoever-else").count(),
            0
        );
    }

    #[test]
    fn links_may_be_long() {
        let link = format!("[1]: https://example.org/{}", "a".repeat(100));
        assert_eq!(check_line(&link).count(), 0);
    }

    #[test]
    fn tables_and_code_are_no_prose() {
        let page = "text\n\n    code\n\n| a | b |\n```\ncode\n```\nmore";
        let expected = [(1, "text"), (2, ""), (4, ""), (9, "more")];
        assert_eq!(markdown(page), expected);
    }

    #[test]
    fn only_comments_of_sources_are_prose() {
        let source = "/* one\n * two */\nint x; // code\n/// three\n";
        let expected = [(1, "/* one"), (2, " * two */"), (4, "/// three")];
        assert_eq!(comments(source), expected);
    }
}
