//! Durations and sizes as people read them: three figures, and a unit.

use std::io::Write as _;

/// Appends a duration: `812ns`, `3.21ms`, `1m05s`, `2h03m`, `3d04h`.
pub fn duration(out: &mut Vec<u8>, ns: u64) {
    const SECOND: u64 = 1_000_000_000;
    let seconds = ns / SECOND;
    match ns {
        0..1_000 => write(out, format_args!("{ns}ns")),
        1_000..1_000_000 => figures(out, ns, 1_000, "µs"),
        1_000_000..SECOND => figures(out, ns, 1_000_000, "ms"),
        _ => match seconds {
            0..60 => figures(out, ns, SECOND, "s"),
            60..3_600 => pair(out, seconds, 60, 'm', 's'),
            3_600..86_400 => pair(out, seconds / 60, 60, 'h', 'm'),
            _ => pair(out, seconds / 3_600, 24, 'd', 'h'),
        },
    }
}

/// Appends a size: `812B`, `712K`, `4.20M`, `1.30G`.
pub fn size(out: &mut Vec<u8>, bytes: u64) {
    match bytes {
        0..0x400 => write(out, format_args!("{bytes}B")),
        0x400..0x10_0000 => figures(out, bytes, 1 << 10, "K"),
        0x10_0000..0x4000_0000 => figures(out, bytes, 1 << 20, "M"),
        _ => figures(out, bytes, 1 << 30, "G"),
    }
}

/// `number` in units, with three figures; more are cut off, not rounded up to the next unit.
fn figures(out: &mut Vec<u8>, number: u64, unit: u64, name: &str) {
    let whole = number / unit;
    let part = number % unit;
    match whole {
        0..10 => write(
            out,
            format_args!("{whole}.{:02}{name}", hundredths(part, unit)),
        ),
        10..100 => write(
            out,
            format_args!("{whole}.{}{name}", hundredths(part, unit) / 10),
        ),
        _ => write(out, format_args!("{whole}{name}")),
    }
}

fn hundredths(part: u64, unit: u64) -> u64 {
    part * 100 / unit
}

fn pair(out: &mut Vec<u8>, number: u64, unit: u64, large: char, small: char) {
    write(
        out,
        format_args!("{}{large}{:02}{small}", number / unit, number % unit),
    );
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: fn(&mut Vec<u8>, u64), number: u64) -> String {
        let mut out = Vec::new();
        write(&mut out, number);
        String::from_utf8(out).expect("text")
    }

    /// At the borders of the units.
    #[test]
    fn durations() {
        for (ns, expected) in [
            (0, "0ns"),
            (999, "999ns"),
            (1_000, "1.00µs"),
            (999_999, "999µs"),
            (3_214_567, "3.21ms"),
            (45_678_901, "45.6ms"),
            (999_999_999, "999ms"),
            (59_990_000_000, "59.9s"),
            (65_000_000_000, "1m05s"),
            (7_380_000_000_000, "2h03m"),
            (273_600_000_000_000, "3d04h"),
            (u64::MAX, "213503d23h"),
        ] {
            assert_eq!(text(duration, ns), expected);
        }
    }

    /// At the borders of the units.
    #[test]
    fn sizes() {
        for (bytes, expected) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.00K"),
            (729_088, "712K"),
            (4_404_019, "4.19M"),
            (1 << 30, "1.00G"),
            (1 << 42, "4096G"),
        ] {
            assert_eq!(text(size, bytes), expected);
        }
    }
}
