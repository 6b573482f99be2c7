//! From the text of a value to what it means.

use std::borrow::Cow;

use data_encoding::BASE64;
use jiff::Timestamp;

use super::error::LineError;
use super::error::Problem;
use super::minute::Minute;
use super::scan::Kind;
use super::scan::Scanner;
use crate::event::ProcessId;

/// A value of a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    pub name: &'static str,
    pub kind: Kind,
    pub text: &'a [u8],
}

/// Memory for texts that cannot be borrowed from the line.
#[derive(Debug)]
pub(super) struct Room<'a> {
    left: &'a mut [u8],
}

impl<'a> Room<'a> {
    pub(super) fn new(left: &'a mut [u8]) -> Self {
        Self { left }
    }

    /// Takes what `fill` writes to the beginning of the room, if it fits.
    pub(super) fn take<E>(
        &mut self,
        fill: impl FnOnce(&mut Filling<'_>) -> Result<(), E>,
    ) -> Result<&'a [u8], E> {
        let mut filling = Filling {
            room: self.left,
            len: 0,
        };
        fill(&mut filling)?;
        let len = filling.len;
        let (taken, left) = std::mem::take(&mut self.left).split_at_mut(len);
        self.left = left;
        Ok(taken)
    }
}

/// Room while it is being filled.
#[derive(Debug)]
pub(super) struct Filling<'r> {
    room: &'r mut [u8],
    len: usize,
}

impl Filling<'_> {
    /// Appends bytes. A line never gives more than it has.
    #[inline]
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let room = self.room.get_mut(self.len..self.len + bytes.len());
        room.ok_or(Problem::Length)?.copy_from_slice(bytes);
        self.len += bytes.len();
        Ok(())
    }

    /// Appends the text of a string.
    #[inline]
    pub(super) fn add_string(&mut self, text: &[u8], kind: Kind) -> Result<(), Problem> {
        match kind {
            Kind::Plain => self.add(text),
            Kind::Escaped => self.add_unescaped(text),
            _ => Err(Problem::Type),
        }
    }

    fn add_unescaped(&mut self, mut text: &[u8]) -> Result<(), Problem> {
        while let Some(at) = memchr::memchr(b'\\', text) {
            self.add(&text[..at])?;
            let escape = &text[at + 1..];
            let (&letter, rest) = escape.split_first().ok_or(Problem::Syntax)?;
            text = rest;
            let byte = match letter {
                b'"' | b'\\' | b'/' => letter,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'f' => 12,
                b'r' => b'\r',
                b'u' => {
                    let (character, rest) = by_number(rest).ok_or(Problem::Syntax)?;
                    text = rest;
                    self.add(character.encode_utf8(&mut [0; 4]).as_bytes())?;
                    continue;
                }
                _ => return Err(Problem::Syntax),
            };
            self.add(&[byte])?;
        }
        self.add(text)
    }

    fn add_base64(&mut self, text: &[u8]) -> Result<(), Problem> {
        let most = BASE64.decode_len(text.len()).map_err(|_| Problem::Form)?;
        let room = self.room.get_mut(self.len..self.len + most);
        let room = room.ok_or(Problem::Length)?;
        self.len += BASE64.decode_mut(text, room).map_err(|_| Problem::Form)?;
        Ok(())
    }
}

/// The character of `\u1234`, of which the beginning was taken, and what follows. Beyond the first
/// plane it takes two of them.
fn by_number(text: &[u8]) -> Option<(char, &[u8])> {
    let (high, rest) = unit(text)?;
    if let Some(character) = char::from_u32(high) {
        return Some((character, rest));
    }
    let (low, rest) = unit(rest.strip_prefix(b"\\u")?)?;
    let units = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((character, rest))
}

fn unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    Some((u32::try_from(hexadecimal(digits)?).ok()?, rest))
}

impl<'a> Value<'a> {
    /// Whether there is a value, and not null.
    pub(super) fn is_there(&self) -> bool {
        !matches!(self.kind, Kind::Absent | Kind::Null)
    }

    /// What the value means to `read`; `None` if there is none, or null.
    #[inline]
    pub(super) fn known<R>(
        self,
        read: impl FnOnce(Self) -> Result<R, LineError>,
    ) -> Result<Option<R>, LineError> {
        match self.is_there() {
            true => read(self).map(Some),
            false => Ok(None),
        }
    }

    /// What is wrong with this value.
    #[cold]
    pub(super) fn is_wrong(&self, problem: Problem) -> LineError {
        let problem = match self.kind {
            Kind::Absent => Problem::Missing,
            _ => problem,
        };
        problem.of(Some(self.name), self.text)
    }

    /// A number without sign.
    #[inline]
    pub(super) fn number<N: TryFrom<u64>>(self) -> Result<N, LineError> {
        match self.kind {
            Kind::Number => self.digits(),
            _ => Err(self.is_wrong(Problem::Type)),
        }
    }

    /// A number in a string.
    pub(super) fn decimal(self) -> Result<u64, LineError> {
        match self.kind {
            Kind::Plain => self.digits(),
            _ => Err(self.is_wrong(Problem::Type)),
        }
    }

    #[inline]
    fn digits<N: TryFrom<u64>>(self) -> Result<N, LineError> {
        let number = decimal(self.text).and_then(|number| N::try_from(number).ok());
        number.ok_or_else(|| self.is_wrong(Problem::Range))
    }

    /// A number that may be negative.
    pub(super) fn signed(self) -> Result<i32, LineError> {
        let is_number = self.kind == Kind::Number;
        let text = std::str::from_utf8(self.text).unwrap_or_default();
        match text.parse() {
            Ok(number) if is_number => Ok(number),
            Err(_) if is_number => Err(self.is_wrong(Problem::Range)),
            _ => Err(self.is_wrong(Problem::Type)),
        }
    }

    /// True or false.
    pub(super) fn flag(self) -> Result<bool, LineError> {
        match self.kind {
            Kind::True => Ok(true),
            Kind::False => Ok(false),
            _ => Err(self.is_wrong(Problem::Type)),
        }
    }

    /// True if that is there.
    pub(super) fn is_set(self) -> Result<bool, LineError> {
        Ok(self.known(Self::flag)? == Some(true))
    }

    /// A text.
    #[inline]
    pub(super) fn text(self, room: &mut Room<'a>) -> Result<&'a [u8], LineError> {
        match self.kind {
            Kind::Plain => Ok(self.text),
            Kind::Escaped => room
                .take(|filling| filling.add_string(self.text, self.kind))
                .map_err(|problem| self.is_wrong(problem)),
            _ => Err(self.is_wrong(Problem::Type)),
        }
    }

    /// A text without escapes.
    fn plain(self) -> Result<&'a [u8], LineError> {
        match self.kind {
            Kind::Plain => Ok(self.text),
            _ => Err(self.is_wrong(Problem::Type)),
        }
    }

    /// Bytes in base64.
    pub(super) fn base64(self, room: &mut Room<'a>) -> Result<&'a [u8], LineError> {
        let text = self.plain()?;
        let bytes = room.take(|filling| filling.add_base64(text));
        bytes.map_err(|problem| self.is_wrong(problem))
    }

    /// Appends bytes in base64.
    pub(super) fn add_base64_to(self, filling: &mut Filling<'_>) -> Result<(), LineError> {
        let added = filling.add_base64(self.plain()?);
        added.map_err(|problem| self.is_wrong(problem))
    }

    /// Which of these words it is.
    pub(super) fn word(self, words: &[&str]) -> Result<usize, LineError> {
        if !matches!(self.kind, Kind::Plain | Kind::Escaped) {
            return Err(self.is_wrong(Problem::Type));
        }
        let found = words.iter().position(|word| word.as_bytes() == self.text);
        found.ok_or_else(|| self.is_wrong(Problem::Word))
    }

    /// A time.
    #[inline]
    pub(super) fn time(self, minute: &mut Minute) -> Result<Timestamp, LineError> {
        let text = self.plain()?;
        let time = minute.time(text);
        time.ok_or_else(|| self.is_wrong(Problem::Form))
    }

    /// A process.
    #[inline]
    pub(super) fn process(self) -> Result<ProcessId, LineError> {
        let process = process(self.plain()?);
        process.ok_or_else(|| self.is_wrong(Problem::Form))
    }

    /// Goes through a list or an object.
    pub(super) fn inside(self, kind: Kind) -> Result<Scanner<'a>, LineError> {
        if self.kind != kind {
            return Err(self.is_wrong(Problem::Type));
        }
        let mut scanner = Scanner::new(self.text)?;
        scanner.expect(self.text.first().copied().unwrap_or_default())?;
        Ok(scanner)
    }

    /// Its text, for one that is a name.
    pub(super) fn characters(self, room: &mut Room<'a>) -> Result<&'a str, LineError> {
        let text = self.text(room)?;
        std::str::from_utf8(text).map_err(|_| self.is_wrong(Problem::Form))
    }
}

/// A number of nothing but digits.
#[inline]
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    // Nineteen digits fit whatever they are.
    if text.is_empty() || text.len() > 19 {
        return decimal_of_20(text);
    }
    let mut number = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

#[cold]
fn decimal_of_20(text: &[u8]) -> Option<u64> {
    let is_digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let text: Cow<'_, str> = String::from_utf8_lossy(text);
    text.parse().ok().filter(|_| is_digits)
}

/// A number of nothing but small hexadecimal digits, sixteen at most.
#[inline]
fn hexadecimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    let mut number = 0;
    for byte in text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return None,
        };
        number = number << 4 | u64::from(digit);
    }
    Some(number)
}

/// `4711-9f3a2b`.
#[inline]
fn process(text: &[u8]) -> Option<ProcessId> {
    let dash = text.iter().position(|byte| *byte == b'-')?;
    Some(ProcessId {
        pid: u32::try_from(decimal(&text[..dash])?).ok()?,
        start_ns: hexadecimal(&text[dash + 1..])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: Kind, text: &[u8]) -> Value<'_> {
        Value {
            name: "x",
            kind,
            text,
        }
    }

    /// Numbers up to the largest, and no other.
    #[test]
    fn numbers() {
        let number = |text: &'static [u8]| value(Kind::Number, text).number::<u64>().ok();
        assert_eq!(number(b"0"), Some(0));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(
            number(b"9999999999999999999"),
            Some(9_999_999_999_999_999_999)
        );
        for text in [
            &b"18446744073709551616"[..],
            b"-1",
            b"1.0",
            b"1e3",
            b"",
            b"+1",
            b"+18446744073709551615",
        ] {
            assert_eq!(number(text.to_vec().leak()), None, "{text:?}");
        }
        assert!(value(Kind::Number, b"256").number::<u8>().is_err());
        assert!(value(Kind::Plain, b"25").number::<u8>().is_err());
        assert_eq!(
            value(Kind::Number, b"-2147483648").signed().ok(),
            Some(i32::MIN)
        );
        assert!(value(Kind::Number, b"2147483648").signed().is_err());
    }

    /// Ids as they are written.
    #[test]
    fn processes() {
        for text in ["4711-9f3a2b", "0-0", "4294967295-ffffffffffffffff"] {
            let process = value(Kind::Plain, text.as_bytes())
                .process()
                .expect("an id");
            assert_eq!(process.to_string(), text);
        }
        for text in [
            "",
            "-",
            "1-",
            "-1",
            "1",
            "4294967296-1",
            "1-10000000000000000",
            "1-x",
            "a-1",
        ] {
            assert!(
                value(Kind::Plain, text.as_bytes()).process().is_err(),
                "{text}"
            );
        }
    }

    /// Every escape that JSON has.
    #[test]
    fn escapes() {
        let unescaped = |text: &'static str| {
            let mut bytes = vec![0; text.len()];
            let mut room = Room::new(bytes.as_mut_slice());
            let text = value(Kind::Escaped, text.as_bytes()).text(&mut room).ok();
            text.map(<[u8]>::to_vec)
        };
        let all = r#"a\"\\\/\b\t\n\f\rz\u001b\u00e9\u20ac\ud83d\ude00"#;
        let expected = "a\"\\/\u{8}\t\n\u{c}\rz\u{1b}é€😀";
        assert_eq!(unescaped(all).as_deref(), Some(expected.as_bytes()));
        for broken in [
            r"\",
            r"\x",
            r"\u12",
            r"\u12g4",
            r"\ud83d",
            r"\ud83d\u0041",
            r"\ude00",
        ] {
            assert_eq!(unescaped(broken), None, "{broken}");
        }
    }
}
