//! Numbers, times and process ids as short texts, without the cost of a formatter: they occur in
//! every line.

use std::fmt;
use std::fmt::Write as _;

use jiff::Timestamp;

use crate::event::ProcessId;

/// The longest: a time before the year 0, to the nanosecond.
const LONGEST: usize = 40;

const SECONDS_A_DAY: u64 = 86_400;

/// A short text, stored inline.
#[derive(Clone, Copy)]
pub struct InlineText {
    bytes: [u8; LONGEST],
    len: usize,
}

impl InlineText {
    /// A number.
    pub fn decimal(number: u64) -> Self {
        let mut text = Self::empty();
        text.add_decimal(number);
        text
    }

    /// A process, as its [`Display`](fmt::Display) shows it: `4711-9f3a2b`.
    pub fn process(process: ProcessId) -> Self {
        let mut text = Self::empty();
        text.add_decimal(process.pid.into());
        text.add(b'-');
        text.add_hex(process.start_ns);
        text
    }

    /// A time to the nanosecond, UTC: `2026-11-23T09:49:07.123456789Z`.
    pub fn time(time: Timestamp) -> Self {
        let nanosecond = u64::try_from(time.subsec_nanosecond());
        match (u64::try_from(time.as_second()), nanosecond) {
            (Ok(second), Ok(nanosecond)) => Self::time_since_1970(second, nanosecond),
            _ => Self::written(format_args!("{time:.9}")),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).expect("only ASCII was added")
    }

    fn empty() -> Self {
        Self {
            bytes: [0; LONGEST],
            len: 0,
        }
    }

    fn written(text: fmt::Arguments<'_>) -> Self {
        let mut inline = Self::empty();
        inline.write_fmt(text).expect("the text is short enough");
        inline
    }

    fn time_since_1970(second: u64, nanosecond: u64) -> Self {
        let (year, month, day) = date(second / SECONDS_A_DAY);
        let of_day = second % SECONDS_A_DAY;
        let mut text = Self::empty();
        for (number, digits, after) in [
            (year, 4, b'-'),
            (month, 2, b'-'),
            (day, 2, b'T'),
            (of_day / 3600, 2, b':'),
            (of_day / 60 % 60, 2, b':'),
            (of_day % 60, 2, b'.'),
            (nanosecond, 9, b'Z'),
        ] {
            text.add_padded(number, digits);
            text.add(after);
        }
        text
    }

    fn add(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn add_all(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn add_decimal(&mut self, number: u64) {
        self.add_all(itoa::Buffer::new().format(number).as_bytes());
    }

    fn add_padded(&mut self, mut number: u64, digits: usize) {
        let end = self.len + digits;
        for byte in self.bytes[self.len..end].iter_mut().rev() {
            *byte = digit(number % 10);
            number /= 10;
        }
        self.len = end;
    }

    fn add_hex(&mut self, number: u64) {
        let nibbles = (64 - number.leading_zeros()).div_ceil(4).max(1);
        for nibble in (0..nibbles).rev() {
            self.add(digit(number >> (4 * nibble) & 15));
        }
    }
}

impl fmt::Write for InlineText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = self.len + text.len() <= LONGEST;
        fits.then(|| self.add_all(text.as_bytes()))
            .ok_or(fmt::Error)
    }
}

impl fmt::Debug for InlineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InlineText").field(&self.as_str()).finish()
    }
}

/// Appends a number.
pub fn decimal(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn digit(number: u64) -> u8 {
    b"0123456789abcdef"[(number & 15) as usize]
}

/// Year, month and day of a day since 1970 in the Gregorian calendar: Howard Hinnant's
/// `civil_from_days`. Its years begin in March, so the leap day is the last day of a year.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leaps = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The calendar's corners.
    #[test]
    fn times() {
        for text in [
            "1970-01-01T00:00:00.000000000Z",
            "1999-12-31T23:59:59.999999999Z",
            "2000-02-29T00:00:00.000000001Z",
            "2000-03-01T00:00:00.000000000Z",
            "2100-02-28T12:34:56.000000000Z",
            "2100-03-01T00:00:00.000000000Z",
        ] {
            let time: Timestamp = text.parse().expect("a time");
            assert_eq!(InlineText::time(time).as_str(), text);
        }
    }

    proptest! {
        /// They are what their formatters write, to the last second that there is.
        #[test]
        fn as_formatted(
            second in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(),
            nanosecond in 0..1_000_000_000i32,
            pid: u32,
            number: u64,
            bits in 0..64u32,
        ) {
            let start_ns = number >> bits;
            let process = ProcessId { pid, start_ns };
            let time = Timestamp::new(second, nanosecond).unwrap_or(Timestamp::MIN);
            let text = |digits: InlineText| digits.as_str().to_owned();
            prop_assert_eq!(text(InlineText::time(time)), format!("{time:.9}"));
            prop_assert_eq!(text(InlineText::process(process)), process.to_string());
            prop_assert_eq!(text(InlineText::decimal(number)), number.to_string());
        }
    }
}
