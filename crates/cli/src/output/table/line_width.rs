//! How wide a line is on a terminal.

use std::ops::RangeInclusive;

/// Characters that take two columns: East Asian ones, and pictures.
const WIDE: [RangeInclusive<char>; 10] = [
    '\u{1100}'..='\u{115f}',
    '\u{2e80}'..='\u{a4cf}',
    '\u{ac00}'..='\u{d7a3}',
    '\u{f900}'..='\u{faff}',
    '\u{fe30}'..='\u{fe6f}',
    '\u{ff00}'..='\u{ff60}',
    '\u{ffe0}'..='\u{ffe6}',
    '\u{1f300}'..='\u{1f64f}',
    '\u{1f680}'..='\u{1faff}',
    '\u{20000}'..='\u{3fffd}',
];

/// Where to cut a line, so that it has room for a mark of one column within `width`; `None` if it
/// is not wider than that. Colors take no room.
pub(super) fn end_within(line: &[u8], width: usize) -> Option<usize> {
    let text = std::str::from_utf8(line).unwrap_or_default();
    let (mut used, mut end) = (0, 0);
    let mut is_color = false;
    for (at, c) in text.char_indices() {
        match (is_color, c) {
            (false, '\x1b') => is_color = true,
            (true, c) => is_color = c != 'm',
            (false, c) => {
                used += columns(c);
                if used > width {
                    return Some(end);
                }
                if used < width {
                    end = at + c.len_utf8();
                }
            }
        }
    }
    None
}

fn columns(c: char) -> usize {
    match c.is_ascii() || !WIDE.iter().any(|range| range.contains(&c)) {
        true => 1,
        false => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cut leaves one column for the mark.
    #[test]
    fn cuts() {
        for (line, width, expected) in [
            ("12345", 5, None),
            ("123456", 5, Some("1234")),
            ("\x1b[31m123456\x1b[0m", 6, None),
            ("\x1b[31m123456\x1b[0m", 5, Some("\x1b[31m1234")),
            ("ab\u{4e16}\u{754c}", 6, None),
            ("ab\u{4e16}\u{754c}", 5, Some("ab\u{4e16}")),
            ("ab\u{4e16}\u{754c}", 4, Some("ab")),
            ("äöü", 2, Some("ä")),
            ("x", 0, Some("")),
        ] {
            let end = end_within(line.as_bytes(), width);
            assert_eq!(end.map(|end| &line[..end]), expected, "{line:?} {width}");
        }
    }
}
