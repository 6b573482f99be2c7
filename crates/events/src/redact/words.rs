//! Words: the arguments themselves, and those of a command within an argument.

use std::ops::Range;

/// A word of a command, as a range of the block.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// Its bytes, without the quotes around the whole word.
    pub range: Range<usize>,
    /// Whether a command begins here.
    pub first: bool,
}

/// The arguments of a block.
pub(super) fn arguments(block: &[u8], words: &mut Vec<Word>) {
    let mut start = 0;
    for arg in block.split(|&byte| byte == 0) {
        words.push(Word {
            range: start..start + arg.len(),
            first: start == 0,
        });
        start += arg.len() + 1;
    }
}

/// The words of command text, as a shell would split it, well enough.
pub(super) fn of_text(block: &[u8], text: Range<usize>, words: &mut Vec<Word>) {
    let (mut at, mut first) = (text.start, true);
    while at < text.end {
        if ends_command(block[at]) {
            first = true;
        }
        if ends_word(block[at]) {
            at += 1;
            continue;
        }
        let end = word_end(&block[..text.end], at);
        words.push(Word {
            range: unquoted(block, at..end),
            first,
        });
        (at, first) = (end, false);
    }
}

fn ends_command(byte: u8) -> bool {
    b";|&()\n`".contains(&byte)
}

fn ends_word(byte: u8) -> bool {
    ends_command(byte) || byte.is_ascii_whitespace() || b"<>".contains(&byte)
}

/// Where the word that begins at `at` ends. A quote that is not closed is an ordinary character: it
/// may be an apostrophe.
fn word_end(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && !ends_word(text[at]) {
        at = match text[at] {
            b'\\' => (at + 2).min(text.len()),
            quote @ (b'"' | b'\'') => quote_end(text, at + 1, quote).map_or(at + 1, |end| end + 1),
            _ => at + 1,
        };
    }
    at
}

/// Where the quote that was opened before `at` is closed.
pub(super) fn quote_end(text: &[u8], mut at: usize, quote: u8) -> Option<usize> {
    while at < text.len() {
        match text[at] {
            b'\\' if quote == b'"' => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn unquoted(block: &[u8], range: Range<usize>) -> Range<usize> {
    let quote = block[range.start];
    let quoted = matches!(quote, b'"' | b'\'')
        && quote_end(&block[..range.end], range.start + 1, quote) == Some(range.end - 1);
    match quoted && range.len() > 1 {
        true => range.start + 1..range.end - 1,
        false => range,
    }
}
