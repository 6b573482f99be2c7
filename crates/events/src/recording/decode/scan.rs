//! From the text of a line to the places of its values.
//!
//! A line has some fifty fields, in an order that is known. Each name is compared with the one that
//! is expected, and the place of its value is noted. That takes a fraction of the time of a JSON
//! library, which looks for each name among all names.

use super::error::LineError;
use super::error::Problem;

/// Records have objects in lists in objects.
const DEEPEST: usize = 8;

/// What a value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// There is none.
    #[default]
    Absent,
    Null,
    False,
    True,
    Number,
    /// The text between the quotes; it has no escapes.
    Plain,
    /// The same with escapes.
    Escaped,
    List,
    Object,
}

/// Where a value stands, and what it is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

/// Goes through a line. Between quotes, texts are UTF-8 where the line is.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// At the beginning of a line.
    ///
    /// # Errors
    ///
    /// If it is too long for any.
    pub(super) fn new(line: &'a [u8]) -> Result<Self, LineError> {
        match u32::try_from(line.len()) {
            Ok(_) => Ok(Self { line, at: 0 }),
            Err(_) => Err(Problem::Length.of(None, line)),
        }
    }

    /// Finds the values of an object with these names; `places` has one for each.
    pub(super) fn object(
        mut self,
        names: &[&'static str],
        places: &mut [Place],
    ) -> Result<(), LineError> {
        places.fill(Place::default());
        let mut expected = 0;
        let mut is_first = true;
        self.expect(b'{')?;
        while let Some(name) = self.next_name(&mut is_first)? {
            let found = find(names, expected, name);
            let value = self.value(DEEPEST)?;
            let Some(index) = found else {
                continue;
            };
            if places[index].kind != Kind::Absent {
                return Err(Problem::Twice.of(Some(names[index]), self.line));
            }
            places[index] = value;
            expected = index + 1;
        }
        self.end()
    }

    /// The next element of a list, or `None` at its end. The list's bracket was taken.
    pub(super) fn next_element(&mut self, is_first: &mut bool) -> Result<Option<Place>, LineError> {
        match self.is_more(is_first, b']')? {
            true => self.value(DEEPEST).map(Some),
            false => Ok(None),
        }
    }

    /// The next name and value of an object whose bracket was taken.
    pub(super) fn next_entry(
        &mut self,
        is_first: &mut bool,
    ) -> Result<Option<(Place, Place)>, LineError> {
        if !self.is_more(is_first, b'}')? {
            return Ok(None);
        }
        let name = self.string()?;
        self.expect(b':')?;
        Ok(Some((name, self.value(DEEPEST)?)))
    }

    /// Takes a bracket.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), LineError> {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.syntax()),
        }
    }

    /// The name of the next field of an object, as it is written.
    #[inline]
    fn next_name(&mut self, is_first: &mut bool) -> Result<Option<&'a [u8]>, LineError> {
        if !self.is_more(is_first, b'}')? {
            return Ok(None);
        }
        let name = self.string()?;
        self.expect(b':')?;
        Ok(Some(&self.line[name.start as usize..name.end as usize]))
    }

    /// Whether another element follows; takes what is before it.
    #[inline]
    fn is_more(&mut self, is_first: &mut bool, close: u8) -> Result<bool, LineError> {
        let first = std::mem::replace(is_first, false);
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                Ok(true)
            }
            Some(_) if first => Ok(true),
            _ => Err(self.syntax()),
        }
    }

    fn end(&mut self) -> Result<(), LineError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.syntax()),
        }
    }

    /// The next byte that is not white.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.line.get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    #[inline]
    fn value(&mut self, depth: usize) -> Result<Place, LineError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'0'..=b'9' | b'-') => Ok(self.number()),
            Some(b'n') => self.word(b"null", Kind::Null),
            Some(b't') => self.word(b"true", Kind::True),
            Some(b'f') => self.word(b"false", Kind::False),
            Some(b'[') => self.within(depth, Kind::List),
            Some(b'{') => self.within(depth, Kind::Object),
            _ => Err(self.syntax()),
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<Place, LineError> {
        let start = self.at;
        match self.line[start..].starts_with(word) {
            true => {
                self.at += word.len();
                Ok(self.place(kind, start, self.at))
            }
            false => Err(self.syntax()),
        }
    }

    #[inline]
    fn number(&mut self) -> Place {
        let start = self.at;
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        while self.line.get(self.at).is_some_and(is_part) {
            self.at += 1;
        }
        self.place(Kind::Number, start, self.at)
    }

    #[inline]
    fn string(&mut self) -> Result<Place, LineError> {
        self.expect(b'"')?;
        let start = self.at;
        let mut kind = Kind::Plain;
        loop {
            self.at = special(self.line, self.at);
            match self.line.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(self.place(kind, start, self.at - 1));
                }
                Some(b'\\') => {
                    kind = Kind::Escaped;
                    self.at += 2;
                }
                _ => return Err(self.syntax()),
            }
        }
    }

    /// A list or an object, skipped.
    fn within(&mut self, depth: usize, kind: Kind) -> Result<Place, LineError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Problem::Depth.of(None, self.line));
        };
        let start = self.at;
        self.at += 1;
        let mut is_first = true;
        let close = if kind == Kind::List { b']' } else { b'}' };
        while self.is_more(&mut is_first, close)? {
            if kind == Kind::Object {
                self.string()?;
                self.expect(b':')?;
            }
            self.value(depth)?;
        }
        Ok(self.place(kind, start, self.at))
    }

    /// Within a line, whose length is a number of 32 bits.
    #[inline]
    fn place(&self, kind: Kind, start: usize, end: usize) -> Place {
        Place {
            kind,
            start: start as u32,
            end: end as u32,
        }
    }

    #[cold]
    fn syntax(&self) -> LineError {
        let from = self.at.saturating_sub(20).min(self.line.len());
        Problem::Syntax.of(None, &self.line[from..])
    }
}

/// The index of a name, which is most likely the one that is expected, or one soon after it.
#[inline]
fn find(names: &[&'static str], expected: usize, name: &[u8]) -> Option<usize> {
    let is_it = |known: &&str| known.as_bytes() == name;
    let after = names[expected..].iter().position(is_it);
    match after {
        Some(after) => Some(expected + after),
        None => names[..expected].iter().position(is_it),
    }
}

/// Where a text ends or needs a look: at a quote, a backslash, or a byte that no string has.
#[inline]
fn special(line: &[u8], mut at: usize) -> usize {
    while let Some(word) = line.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let marks = special_bytes(u64::from_le_bytes(*word));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..32);
    let rest = line.get(at..).unwrap_or_default();
    at + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Marks, by its highest bit, the first of eight bytes that is special. (Bytes after it may be
/// marked as well.)
#[inline]
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let below_32 = word.wrapping_sub(ONES * 32) & !word;
    let quote = zero(word ^ (ONES * b'"' as u64));
    let backslash = zero(word ^ (ONES * b'\\' as u64));
    (below_32 | quote | backslash) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["a", "b", "c"];

    fn scan(line: &str) -> Result<[(Kind, &str); 3], LineError> {
        let mut places = [Place::default(); 3];
        Scanner::new(line.as_bytes())?.object(&NAMES, &mut places)?;
        Ok(places.map(|it| (it.kind, &line[it.start as usize..it.end as usize])))
    }

    /// Values of every kind, in any order, with others between them.
    #[test]
    fn values() {
        let line = r#"{"x":[{"a":1}],"c":[1,"]"], "a" : "q\"\\" ,"b":-1.5e3,"y":{}}"#;
        assert_eq!(
            scan(line).expect("JSON"),
            [
                (Kind::Escaped, r#"q\"\\"#),
                (Kind::Number, "-1.5e3"),
                (Kind::List, r#"[1,"]"]"#)
            ]
        );
        let line = "{\"a\":null,\"b\":true,\"c\":false}\n";
        let kinds = scan(line).expect("JSON").map(|it| it.0);
        assert_eq!(kinds, [Kind::Null, Kind::True, Kind::False]);
        assert_eq!(scan("{}").expect("JSON").map(|it| it.0), [Kind::Absent; 3]);
    }

    /// The end of a text is found wherever it is.
    #[test]
    fn texts_of_every_length() {
        for length in 0..40 {
            for special in ["", "\\n", "é", "\u{80}"] {
                let text = format!("{}{special}", "x".repeat(length));
                let line = format!("{{\"a\":\"{text}\",\"b\":1}}");
                assert_eq!(scan(&line).expect("JSON")[0].1, text);
            }
        }
    }

    /// What is not JSON is refused, and so is what no record has.
    #[test]
    fn refused() {
        let deep = format!("{{\"z\":{}{}}}", "[".repeat(9), "]".repeat(9));
        let lines = [
            ("", Problem::Syntax),
            ("[]", Problem::Syntax),
            ("{", Problem::Syntax),
            ("{}x", Problem::Syntax),
            (r#"{"a"}"#, Problem::Syntax),
            (r#"{"a":}"#, Problem::Syntax),
            (r#"{"a":1,}"#, Problem::Syntax),
            (r#"{,"a":1}"#, Problem::Syntax),
            (r#"{"a":1 "b":2}"#, Problem::Syntax),
            (r#"{"a":nul}"#, Problem::Syntax),
            (r#"{"a":[1 2]}"#, Problem::Syntax),
            (r#"{"a":"#, Problem::Syntax),
            (r#"{"a":"x"#, Problem::Syntax),
            (r#"{"a":"x\"#, Problem::Syntax),
            ("{\"a\":\"\n\"}", Problem::Syntax),
            (r#"{"a":1,"a":1}"#, Problem::Twice),
            (&deep, Problem::Depth),
        ];
        for (line, expected) in lines {
            match scan(line) {
                Err(LineError::Malformed { problem, .. }) => {
                    assert_eq!(problem, expected, "{line}")
                }
                other => panic!("{line}: {other:?}"),
            }
        }
    }
}
