//! Untrusted bytes, made safe to show.
//!
//! An argument can contain a newline that forges a line of output, an escape sequence that controls
//! the terminal, a bidirectional control character, or a character that looks like a blank or like
//! nothing at all, so that two names look the same. All of these are escaped.

use unicode_properties::GeneralCategory;
use unicode_properties::UnicodeGeneralCategory as _;

/// Whether a character is printable: not a control, format or private-use character, not a line
/// separator, and nothing but the ordinary blank that shows as a blank or not at all.
pub fn printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    !is_blank_or_invisible(c) && is_graphic(c)
}

/// Characters without a visible shape whose category says nothing about it: those that Unicode
/// calls default-ignorable (fillers, variation selectors, a joiner), and the ones whose shape is
/// empty (the braille pattern without dots, the null notehead). Blanks and format characters have
/// categories of their own.
fn is_blank_or_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{1d159}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

fn is_graphic(c: char) -> bool {
    !matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::Surrogate
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
            | GeneralCategory::SpaceSeparator
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    )
}

/// Whether all of the text is printable.
pub fn all_printable(bytes: &[u8]) -> bool {
    if each_byte(bytes, |byte: u8| matches!(byte, b' '..=b'~')) {
        return true;
    }
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(printable))
}

/// Whether `fits` holds for each byte. `fits` should have no branches: 16 bytes are checked
/// together.
#[inline]
pub(crate) fn each_byte(bytes: &[u8], fits: impl Fn(u8) -> bool + Copy) -> bool {
    let together = |chunk: &[u8]| chunk.iter().fold(true, |all, &byte| all & fits(byte));
    if let Some(last) = bytes.last_chunk::<16>() {
        let (chunks, _) = bytes.as_chunks::<16>();
        return chunks.iter().all(|chunk| together(chunk)) && together(last);
    }
    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => together(first) & together(last),
        _ => bytes.iter().all(|&byte| fits(byte)),
    }
}

/// Appends `bytes` for a cell of a table: as they are, except that what does not show as itself is
/// written as an escape (`\n`, `\x1b`), and a backslash is doubled.
pub fn plain(out: &mut Vec<u8>, bytes: &[u8]) {
    match each_byte(bytes, |byte: u8| {
        matches!(byte, b' '..=b'~') & (byte != b'\\')
    }) {
        true => out.extend_from_slice(bytes),
        false => escaped(out, bytes, |c| c == '\\'),
    }
}

/// Appends `bytes` as [`plain`] does, but with single backslashes, for readers that expect this
/// form.
pub fn loose(out: &mut Vec<u8>, bytes: &[u8]) {
    escaped(out, bytes, |_| false);
}

/// Appends `bytes` as a POSIX shell would need them: bare when that is safe, else in single quotes,
/// or in `$'...'` when something in them does not show as itself. Bash, zsh and ksh read every form
/// back as the same bytes.
pub fn shell(out: &mut Vec<u8>, bytes: &[u8]) {
    if bare_in_shell(bytes) {
        out.extend_from_slice(bytes);
    } else if all_printable(bytes) {
        single_quoted(out, bytes);
    } else {
        out.extend_from_slice(b"$'");
        escaped(out, bytes, |c| matches!(c, '\\' | '\''));
        out.push(b'\'');
    }
}

/// Appends `bytes` in double quotes, with a backslash before quotes and backslashes, and escapes
/// for what does not show as itself.
pub fn double(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    escaped(out, bytes, |c| matches!(c, '\\' | '"'));
    out.push(b'"');
}

/// Whether every shell reads this text literally. (`=` at the beginning is special in zsh, `~` in
/// all shells.)
fn bare_in_shell(bytes: &[u8]) -> bool {
    let ours = bytes == b"..."; // means that arguments are left out
    !bytes.is_empty()
        && bytes[0] != b'='
        && !ours
        && bytes.iter().all(|&byte| BARE[usize::from(byte)])
}

const BARE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'_' | b'-' | b'.' | b'/' | b':' | b',' | b'@' | b'%' | b'+' | b'='
            );
        byte += 1;
    }
    table
};

fn single_quoted(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'\'');
    for &byte in bytes {
        if byte == b'\'' {
            out.extend_from_slice(b"'\\''");
        } else {
            out.push(byte);
        }
    }
    out.push(b'\'');
}

/// Appends `bytes` with escapes; `with_backslash` says which characters get one before them.
fn escaped(out: &mut Vec<u8>, bytes: &[u8], with_backslash: impl Fn(char) -> bool) {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if with_backslash(c) {
                out.push(b'\\');
            }
            character(out, c);
        }
        chunk.invalid().iter().for_each(|&byte| hex(out, byte));
    }
}

fn character(out: &mut Vec<u8>, c: char) {
    let mut buffer = [0; 4];
    let bytes = c.encode_utf8(&mut buffer).as_bytes();
    match c {
        '\n' => out.extend_from_slice(b"\\n"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\r' => out.extend_from_slice(b"\\r"),
        _ if printable(c) => out.extend_from_slice(bytes),
        _ => bytes.iter().for_each(|&byte| hex(out, byte)),
    }
}

fn hex(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\x");
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 15)]);
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;
    use proptest::strategy::ValueTree as _;

    use super::*;

    fn quoted(quote: impl Fn(&mut Vec<u8>, &[u8]), bytes: &[u8]) -> String {
        let mut out = Vec::new();
        quote(&mut out, bytes);
        String::from_utf8(out).expect("quoted text is UTF-8")
    }

    /// Ordinary words stay as they are, the rest is quoted as little as possible.
    #[test]
    fn shell_quotes_what_needs_it() {
        for (bytes, expected) in [
            (&b"-l"[..], "-l"),
            (b"/usr/bin/cc1", "/usr/bin/cc1"),
            (b"--color=auto", "--color=auto"),
            (b"=ls", "'=ls'"),
            (b"", "''"),
            (b"two words", "'two words'"),
            (b"it's", r"'it'\''s'"),
            (b"a\nb", r"$'a\nb'"),
            (b"\x1b[31m", r"$'\x1b[31m'"),
            (b"back\\slash\x07", r"$'back\\slash\x07'"),
            (b"\xff\xfe", r"$'\xff\xfe'"),
            ("größe".as_bytes(), "'größe'"),
            ("\u{202e}gnp.exe".as_bytes(), r"$'\xe2\x80\xaegnp.exe'"),
            ("\u{9b}1m".as_bytes(), r"$'\xc2\x9b1m'"),
            ("rm\u{a0}-rf".as_bytes(), r"$'rm\xc2\xa0-rf'"),
            ("größe\u{200b}".as_bytes(), r"$'größe\xe2\x80\x8b'"),
        ] {
            assert_eq!(quoted(shell, bytes), expected);
        }
    }

    /// `-q` always quotes, and no argument can end its quotes.
    #[test]
    fn double_quotes_are_closed() {
        assert_eq!(quoted(double, b"ls"), r#""ls""#);
        assert_eq!(quoted(double, b"a\"b\\c\n"), r#""a\"b\\c\n""#);
    }

    /// Only the ordinary blank is shown as a blank, and nothing is shown as nothing: not the blanks
    /// of other scripts, not what has no width, not fillers and selectors.
    #[test]
    fn blanks_and_the_invisible_are_escaped() {
        let blanks = "\u{a0}\u{1680}\u{2000}\u{2003}\u{200a}\u{202f}\u{205f}\u{3000}\u{2800}";
        let without_width = "\u{ad}\u{200b}\u{200d}\u{200f}\u{2060}\u{2063}\u{feff}\u{fff9}";
        let breaks = "\u{85}\u{2028}\u{2029}";
        let fillers = "\u{34f}\u{115f}\u{1160}\u{17b4}\u{180b}\u{180e}\u{3164}\u{ffa0}\u{fe0f}";
        let tags = "\u{1d159}\u{1d173}\u{e0001}\u{e0041}\u{e0100}\u{e01ef}";
        for c in [blanks, without_width, breaks, fillers, tags]
            .join("")
            .chars()
        {
            assert!(!printable(c), "U+{:04X}", u32::from(c));
            assert!(!quoted(plain, c.to_string().as_bytes()).contains(c));
        }
        for c in " ßé字あ한ไ😀−–…\u{301}".chars() {
            assert!(printable(c), "U+{:04X}", u32::from(c));
        }
    }

    proptest! {
        /// Nothing that any of the forms writes can command a terminal or break a line.
        #[test]
        fn nothing_unprintable_gets_out(bytes: Vec<u8>) {
            for quote in [plain, loose, shell, double] {
                prop_assert!(quoted(quote, &bytes).chars().all(printable));
            }
        }
    }

    /// What bash makes of the quoted words is what was quoted.
    #[test]
    fn bash_reads_it_back() {
        if Command::new("bash").arg("-c").arg("true").status().is_err() {
            eprintln!("SKIPPED: bash_reads_it_back: there is no bash on this machine");
            return;
        }
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let words = proptest::collection::vec(proptest::collection::vec(1u8.., 0..40), 200);
        let words = words.new_tree(&mut runner).expect("a list").current();
        let mut script = b"printf '%s\\0'".to_vec();
        for word in &words {
            script.push(b' ');
            shell(&mut script, word);
        }
        let script = String::from_utf8(script).expect("UTF-8");
        let output = Command::new("bash")
            .arg("-c")
            .arg(script)
            .output()
            .expect("bash runs");
        let expected: Vec<u8> = words
            .iter()
            .flat_map(|word| [word, &b"\0"[..]].concat())
            .collect();
        assert_eq!(output.stdout, expected);
    }
}
