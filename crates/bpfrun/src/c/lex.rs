//! C, cut into tokens: enough to find words, calls and where strings end.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Number,
    /// A string or a character, with its quotes.
    Quoted,
    /// One character of anything else.
    Mark,
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
}

impl Token {
    /// Its text.
    pub fn of<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.range.clone()]
    }

    /// Whether it is this mark or word.
    pub fn is(&self, text: &[u8], what: &str) -> bool {
        self.kind != Kind::Quoted && self.of(text) == what.as_bytes()
    }
}

/// The tokens of a text; comments and white space lie between them.
pub(crate) fn tokens(text: &[u8]) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if let Some(end) = comment(text, at) {
            at = end;
            continue;
        }
        let (kind, end) = token(text, at);
        found.push(Token {
            kind,
            range: at..end,
        });
        at = end;
    }
    found
}

fn token(text: &[u8], at: usize) -> (Kind, usize) {
    let while_word = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|&&byte| is_word(byte)).count()
    };
    match text[at] {
        b'"' | b'\'' => (Kind::Quoted, quoted(text, at)),
        byte if byte.is_ascii_digit() => (Kind::Number, while_word(at)),
        byte if is_word(byte) => (Kind::Word, while_word(at)),
        _ => (Kind::Mark, at + 1),
    }
}

/// Whether a byte can be part of a name.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where the comment that begins here ends.
fn comment(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..];
    if rest.starts_with(b"//") {
        return Some(line_end(text, at));
    }
    if !rest.starts_with(b"/*") {
        return None;
    }
    let length = rest[2..].windows(2).position(|two| two == b"*/");
    Some(length.map_or(text.len(), |length| at + 2 + length + 2))
}

fn line_end(text: &[u8], at: usize) -> usize {
    let length = text[at..].iter().position(|&byte| byte == b'\n');
    length.map_or(text.len(), |length| at + length)
}

fn quoted(text: &[u8], at: usize) -> usize {
    let quote = text[at];
    let mut end = at + 1;
    while let Some(&byte) = text.get(end) {
        match byte {
            b'\\' => end += 2,
            b'\n' => break, // an apostrophe in what the preprocessor leaves out
            _ if byte == quote => return end + 1,
            _ => end += 1,
        }
    }
    end.min(text.len())
}

/// Where the round bracket that `tokens[open]` opens is closed: the index of that token.
pub(crate) fn closing(text: &[u8], tokens: &[Token], open: usize) -> Option<usize> {
    tokens.get(open).filter(|token| token.is(text, "("))?;
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.is(text, "(") {
            depth += 1;
        } else if token.is(text, ")") {
            depth -= 1;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

/// The arguments between two round brackets, each trimmed; empty for `()`.
pub(crate) fn arguments(text: &[u8], tokens: &[Token], open: usize, close: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0_i32;
    let mut from = tokens[open].range.end;
    for token in &tokens[open + 1..close] {
        match token.of(text) {
            b"(" | b"[" | b"{" => depth += 1,
            b")" | b"]" | b"}" => depth -= 1,
            b"," if depth == 0 => {
                found.push(trimmed(&text[from..token.range.start]));
                from = token.range.end;
            }
            _ => {}
        }
    }
    let last = trimmed(&text[from..tokens[close].range.start]);
    if !(found.is_empty() && last.is_empty()) {
        found.push(last);
    }
    found
}

fn trimmed(text: &[u8]) -> String {
    String::from_utf8_lossy(text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let text = text.as_bytes();
        let all = tokens(text);
        all.iter()
            .map(|token| String::from_utf8_lossy(token.of(text)).into_owned())
            .collect()
    }

    #[test]
    fn comments_are_no_tokens_and_strings_are_one() {
        assert_eq!(
            words("a /* b ) */ + \"c \\\" d\" // e\n'\\'' f1"),
            ["a", "+", "\"c \\\" d\"", "'\\''", "f1"]
        );
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text_or_line() {
        assert_eq!(words("a /* b"), ["a"]);
        assert_eq!(words("\"a\nb"), ["\"a", "b"]);
        assert_eq!(words("\"\\"), ["\"\\"]);
    }

    #[test]
    fn arguments_are_split_at_their_own_commas() {
        let text = b"f(a, g(b, c), \"(,\", d[1])";
        let all = tokens(text);
        let close = closing(text, &all, 1).unwrap();
        assert_eq!(
            arguments(text, &all, 1, close),
            ["a", "g(b, c)", "\"(,\"", "d[1]"]
        );
    }

    #[test]
    fn brackets_that_are_never_closed_have_no_end() {
        let text = b"f(a, b";
        assert_eq!(closing(text, &tokens(text), 1), None);
        assert_eq!(closing(b"f)", &tokens(b"f)"), 1), None);
        assert_eq!(closing(b"f", &tokens(b"f"), 1), None);
    }
}
