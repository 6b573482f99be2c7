//! Times, most of which are in the minute of the one before.

use jiff::Timestamp;

/// `2026-11-23T09:49:`, the part of a time before its seconds.
const PREFIX: usize = 17;

/// A time as records have it.
const WHOLE: usize = "2026-11-23T09:49:07.123456789Z".len();

/// The minute of the last time that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Minute {
    prefix: [u8; PREFIX],
    /// Since 1970.
    second: i64,
}

impl Minute {
    /// The time that a text is; `None` if it is none.
    #[inline]
    pub(super) fn time(&mut self, text: &[u8]) -> Option<Timestamp> {
        let prefix = text.first_chunk::<PREFIX>()?;
        if *prefix != self.prefix {
            return self.other_minute(text, prefix);
        }
        match seconds(text) {
            Some((second, nanosecond)) => {
                Timestamp::new(self.second + i64::from(second), nanosecond).ok()
            }
            None => parse(text),
        }
    }

    #[cold]
    fn other_minute(&mut self, text: &[u8], prefix: &[u8; PREFIX]) -> Option<Timestamp> {
        let time = parse(text)?;
        if let Some((second, _)) = seconds(text)
            && time.as_second() >= 0
        {
            self.prefix = *prefix;
            self.second = time.as_second() - i64::from(second);
        }
        Some(time)
    }
}

/// The seconds of a minute, and their nanoseconds, of a time as records have it.
#[inline]
fn seconds(text: &[u8]) -> Option<(i32, i32)> {
    if text.len() != WHOLE || text[PREFIX + 2] != b'.' || text[WHOLE - 1] != b'Z' {
        return None;
    }
    let second = digits(&text[PREFIX..PREFIX + 2])?;
    let nanosecond = digits(&text[PREFIX + 3..WHOLE - 1])?;
    (second < 60).then_some((second, nanosecond))
}

/// A number of nine digits at most.
#[inline]
fn digits(text: &[u8]) -> Option<i32> {
    let mut number = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i32::from(digit);
    }
    Some(number)
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::fastfmt::InlineText;

    proptest! {
        /// Times come back, one after the other, in the same minute or not.
        #[test]
        fn times_come_back(
            begin in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(),
            offsets in prop::collection::vec((-100..100i64, 0..1_000_000_000i32), 1..10),
        ) {
            let mut minute = Minute::default();
            for (offset, nanosecond) in offsets {
                if let Ok(time) = Timestamp::new(begin.saturating_add(offset), nanosecond) {
                    let text = InlineText::time(time);
                    prop_assert_eq!(minute.time(text.as_str().as_bytes()), Some(time));
                }
            }
        }
    }

    /// What is no time is none, after one that was.
    #[test]
    fn no_times() {
        let mut minute = Minute::default();
        assert!(minute.time(b"2026-11-23T09:49:07.123456789Z").is_some());
        for text in [
            &b""[..],
            b"2026-11-23T09:49:",
            b"2026-11-23T09:49:07.12345678xZ",
            b"2026-11-23T09:49:61.123456789Z",
            b"2026-11-23T09:49:0\xff.123456789Z",
            b"2026-11-23T25:49:07.123456789Z",
        ] {
            assert_eq!(minute.time(text), None, "{text:?}");
        }
        let second = minute.time(b"2026-11-23T09:49:08Z").expect("a time");
        assert_eq!(second.subsec_nanosecond(), 0);
    }
}
