//! A name and its value in one piece: `--password=X`, `PGPASSWORD=X`, `"token": "X"`,
//! `?sig=X&`, `X-Api-Key: X`.

use std::ops::Range;

use memchr::memchr2_iter;

use super::names;
use super::values;
use super::words::quote_end;

/// The maximum distance to look back for a name.
const LONGEST_NAME: usize = 64;

/// Harmless values longer than this are not searched for further pairs, so the time stays
/// proportional to the length.
const LONGEST_HARMLESS: usize = 256;

/// A word in which pairs are looked for.
pub(super) struct Pairs<'a> {
    /// The word.
    pub text: &'a [u8],
    /// Whether it comes from the text of a command.
    pub in_text: bool,
    /// Options of the program that are no secrets, in spite of their names.
    pub harmless: &'a [&'a str],
}

impl Pairs<'_> {
    /// Hands out where the secret values are.
    pub(super) fn find(&self, mut found: impl FnMut(Range<usize>)) {
        let mut done = 0;
        for at in memchr2_iter(b'=', b':', self.text) {
            if at < done {
                continue;
            }
            let Some((value, harmless)) = self.value_at(at) else {
                continue;
            };
            if !harmless || value.len() > LONGEST_HARMLESS {
                done = value.end;
            }
            if !harmless {
                found(value);
            }
        }
    }

    /// The value of a secret name that ends at the separator `at`, and whether the value is
    /// harmless.
    fn value_at(&self, at: usize) -> Option<(Range<usize>, bool)> {
        let (name, quoted) = self.name_before(at)?;
        let bytes = &self.text[name.clone()];
        if !self.is_secret(&name) || self.harmless.iter().any(|it| it.as_bytes() == bytes) {
            return None;
        }
        let value = match self.text[at] {
            b'=' => self.after_equals(&name, at)?,
            _ => self.after_colon(&name, at, quoted)?,
        };
        let value = self.without_scheme(bytes, value);
        let harmless = values::harmless(&self.text[value.clone()], bytes, self.in_text);
        Some((value, harmless))
    }

    fn is_secret(&self, name: &Range<usize>) -> bool {
        let bytes = &self.text[name.clone()];
        let parameter = name.start > 0 && b"?&".contains(&self.text[name.start - 1]);
        names::is_secret(bytes) || (parameter && names::is_secret_parameter(bytes))
    }

    /// The name that ends before the separator, and whether it is in quotes.
    fn name_before(&self, at: usize) -> Option<(Range<usize>, bool)> {
        let before = &self.text[..at];
        let before = before.strip_suffix(b":").unwrap_or(before); // httpie's `name:=value`
        let bare = before.trim_ascii_end();
        let bare = match bare {
            [subscript @ .., b'"' | b'\'', b']'] => &bare[..=subscript.len()], // `["password"]=X`
            _ => bare,
        };
        let unquoted = bare
            .strip_suffix(b"\"")
            .or_else(|| bare.strip_suffix(b"'"))
            .map(|it| it.strip_suffix(b"\\").unwrap_or(it));
        let blanks_may_follow = self.text[at] == b'='; // `password = "X"`
        let inner = unquoted.unwrap_or(if blanks_may_follow { bare } else { before });
        let inner = inner.strip_suffix(b"]").unwrap_or(inner); // a form's `user[password]=X`
        let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
        let start = inner
            .iter()
            .rposition(|byte| !in_name(byte))
            .map_or(0, |it| it + 1);
        let start = start.max(inner.len().saturating_sub(LONGEST_NAME));
        (start < inner.len()).then_some((start..inner.len(), unquoted.is_some()))
    }

    fn after_equals(&self, name: &Range<usize>, at: usize) -> Option<Range<usize>> {
        let start = at + 1;
        match self.text.get(start)? {
            b'=' | b'~' => None, // a comparison
            _ if self.quote_at(start).is_some() => Some(self.in_quotes(start)),
            b' ' => self.quote_after_blanks(start),
            byte if byte.is_ascii_whitespace() => None,
            _ if self.is_whole_word(name) => Some(start..self.end_of_whole(start)),
            _ => self
                .call_at(start)
                .or_else(|| Some(start..self.end_of_part(start))),
        }
    }

    /// The text in an assignment of a programming language: `password = "X"`.
    fn quote_after_blanks(&self, start: usize) -> Option<Range<usize>> {
        let blanks = self.text[start..].iter().take_while(|byte| **byte == b' ');
        let start = start + blanks.count();
        self.quote_at(start).map(|_| self.in_quotes(start))
    }

    /// The arguments of a call, or of a tuple: `auth=Basic("joe", "X")`.
    fn call_at(&self, start: usize) -> Option<Range<usize>> {
        let in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.".contains(byte);
        let name = self.text[start..].iter().take_while(in_name).count();
        let open = start + name;
        (self.text.get(open) == Some(&b'(')).then_some(())?;
        let end = memchr::memchr(b')', &self.text[open..]);
        Some(open + 1..end.map_or(self.text.len(), |it| open + it))
    }

    /// Whether there is no text before the name, or only an option (`--env=NAME=value`).
    fn is_whole_word(&self, name: &Range<usize>) -> bool {
        let before = &self.text[..name.start];
        let in_option = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let option = before
            .strip_prefix(b"-")
            .and_then(|it| it.strip_suffix(b"="));
        before.is_empty() || option.is_some_and(|it| it.iter().all(in_option))
    }

    /// Whether the name of a header can begin here.
    fn is_header(&self, name: &Range<usize>) -> bool {
        let before = self.text[..name.start].last();
        let begins = before.is_none_or(|byte| b"\"'= \n".contains(byte));
        begins && names::is_secret_header(&self.text[name.clone()])
    }

    fn after_colon(&self, name: &Range<usize>, at: usize, quoted: bool) -> Option<Range<usize>> {
        let spaces = self.text[at + 1..]
            .iter()
            .take_while(|it| **it == b' ')
            .count();
        let start = at + 1 + spaces;
        self.text.get(start)?;
        if let Some((quote, _)) = self.quote_at(start) {
            // `"password:"` is a prompt: the quote is the end of its text.
            let is_end = !quoted && self.text[..name.start].last() == Some(&quote);
            return (!is_end).then(|| self.in_quotes(start));
        }
        if quoted {
            return Some(start..self.end_of_number(start));
        }
        // `/password:X` and `--password:X`, as programs for Windows take them.
        let is_option = match &self.text[..name.start] {
            b"" => self.text.starts_with(b"-"),
            before => before == b"/",
        };
        if is_option && spaces == 0 {
            return Some(start..self.text.len());
        }
        // Do not skip to the end of a value that is not masked: the next name may follow directly.
        if self.is_header(name) {
            return Some(start..self.end_of_line(start));
        }
        (spaces > 0).then(|| self.word_that_ends_its_line(start))?
    }

    fn word_that_ends_its_line(&self, start: usize) -> Option<Range<usize>> {
        let length = self.text[start..].iter().position(u8::is_ascii_whitespace);
        let end = length.map_or(self.text.len(), |length| start + length);
        matches!(self.text.get(end), None | Some(b'\n')).then_some(start..end)
    }

    /// The quote that opens here, and how many bytes it takes (`\"` within a string takes two).
    fn quote_at(&self, at: usize) -> Option<(u8, usize)> {
        match self.text.get(at..)? {
            [quote @ (b'"' | b'\''), ..] => Some((*quote, 1)),
            [b'\\', quote @ (b'"' | b'\''), ..] => Some((*quote, 2)),
            _ => None,
        }
    }

    fn in_quotes(&self, at: usize) -> Range<usize> {
        let (quote, width) = self.quote_at(at).unwrap_or((b'"', 1));
        let start = at + width;
        let escaped =
            || memchr::memmem::find(&self.text[start..], &[b'\\', quote]).map(|it| start + it);
        let end = match width {
            1 => quote_end(self.text, start, quote),
            _ => escaped(),
        };
        start..end.unwrap_or(self.text.len())
    }

    /// A value that began with its word ends with it, or where the next pair begins.
    fn end_of_whole(&self, start: usize) -> usize {
        let ends = |at: &usize| self.another_pair(*at);
        (start..self.text.len())
            .find(ends)
            .unwrap_or(self.text.len())
    }

    fn end_of_part(&self, start: usize) -> usize {
        let ends = |at: &usize| {
            let byte = self.text[*at];
            byte.is_ascii_whitespace() || b"\"'&".contains(&byte) || self.another_pair(*at)
        };
        (start..self.text.len())
            .find(ends)
            .unwrap_or(self.text.len())
    }

    /// Whether a separator is here, and `NAME=` after it.
    fn another_pair(&self, at: usize) -> bool {
        let byte = self.text[at];
        if !byte.is_ascii_whitespace() && !b",;&".contains(&byte) {
            return false;
        }
        let rest = &self.text[at + 1..];
        let rest = &rest[..rest.len().min(LONGEST_NAME)];
        let in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
        let name = rest.iter().take_while(in_name).count();
        name > 0 && rest[0].is_ascii_alphabetic() && rest.get(name) == Some(&b'=')
    }

    fn end_of_line(&self, start: usize) -> usize {
        let ends = |byte: &u8| b"\r\n\"'".contains(byte);
        let end = self.text[start..].iter().position(ends);
        end.map_or(self.text.len(), |it| start + it)
    }

    fn end_of_number(&self, start: usize) -> usize {
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b",}]\"'".contains(byte);
        let end = self.text[start..].iter().position(ends);
        end.map_or(self.text.len(), |it| start + it)
    }

    /// `Bearer X` without `Bearer`.
    fn without_scheme(&self, name: &[u8], value: Range<usize>) -> Range<usize> {
        let bytes = &self.text[value.clone()];
        let in_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
        let scheme = bytes.iter().take_while(in_scheme).count();
        let follows = bytes.get(scheme) == Some(&b' ') && scheme > 0 && scheme <= 20;
        match follows && names::has_scheme(name) {
            true => value.start + scheme + 1..value.end,
            false => value,
        }
    }
}
