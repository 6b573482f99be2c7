//! Any text as a filter gives an answer or an error, never a crash.

use proptest::prelude::*;

use super::*;

/// Texts that are nearly filters.
fn soup() -> impl Strategy<Value = String> {
    let words = [
        "comm",
        "uid",
        "args",
        "container",
        ".",
        ".id",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "==",
        "!=",
        "<",
        "&&",
        "||",
        "!",
        "-",
        "?",
        ":",
        ",",
        "in",
        "has(",
        ".exists(a, ",
        ".matches(",
        "\"x\"",
        "'",
        "\"",
        "\"\"\"",
        "r'",
        "b'",
        "\\",
        "\\u12",
        "0",
        "1",
        "0x",
        "1u",
        "1e9",
        ".5",
        "null",
        "true",
        "a",
        "@",
        "`",
        "\n",
        "\t",
        "// ",
        "größe",
        "\u{1f600}",
        "\0",
        "%",
        "+",
        "*",
        "/",
        "size(",
        "timestamp(",
        "string(",
        "&",
        "|",
        "=",
        "M{",
        "x:",
        "9999999999999999999999",
    ];
    let word = proptest::sample::select(words.to_vec());
    proptest::collection::vec(word, 0..24).prop_map(|words| words.join(" "))
}

fn try_it(text: &str) {
    let Ok(mut filter) = CelFilter::compile(text) else {
        return;
    };
    for data in [EventData::Exec(exec()), EventData::Fork(fork())] {
        filter.matches(&event(data), &Annotations::default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn survives_soup(text in soup()) {
        try_it(&text);
        try_it(&text.replace(' ', ""));
    }

    #[test]
    fn survives_any_text(text in any::<String>()) {
        try_it(&text);
    }
}

/// Deep and long filters are refused, or small enough: here with the stack of a test's thread, a
/// quarter of a program's.
#[test]
fn deep_and_long() {
    let forms: &[(&str, &str, &str)] = &[
        ("(", "true", ")"),
        ("!", "true", ""),
        ("! ", "true", ""),
        ("-", "1", ""),
        ("[", "", "]"),
        ("{1:", "1", "}"),
        ("1+", "1", ""),
        ("1==", "1", ""),
        ("true&&", "true", ""),
        ("true||", "true", ""),
        ("", "container", ".id"),
        ("", "args", "[0]"),
        ("", "args", ".size()"),
        ("true?true:", "true", ""),
        ("(true?", "true", ":true)"),
        ("size(", "args", ")"),
        ("args.all(a,", "true", ")"),
        ("(", "", ""),
        ("$", "", ""),
        ("\"", "", ""),
        ("true ", "", ""),
    ];
    for (before, middle, after) in forms {
        for count in [10, 90, 100, 400, 1_000, 4_000, 100_000] {
            let text = before.repeat(count) + middle + &after.repeat(count);
            try_it(&text);
        }
    }
}

/// Nothing in an error can command a terminal.
#[test]
fn errors_are_safe_to_show() {
    let error = refused("comm == \u{1b}[2J \u{202e}");
    assert!(
        error
            .chars()
            .all(|c| c == '\n' || crate::text::quote::printable(c)),
        "{error:?}"
    );
}
