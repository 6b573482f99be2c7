//! When to use colors.

use std::ffi::OsString;

/// The user's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// On a terminal that has colors, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Whether to use colors.
pub fn is_colored(wish: Color, is_terminal: bool) -> bool {
    match wish {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && environment_has_colors(|name| std::env::var_os(name)),
    }
}

/// Whether the environment leaves room for colors. <https://no-color.org>: any value of NO_COLOR
/// but an empty one forbids them. A terminal of type `dumb`, or of none, prints escape sequences as
/// text.
fn environment_has_colors(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let value = |name| variable(name).unwrap_or_default();
    let term = value("TERM");
    value("NO_COLOR").is_empty() && !term.is_empty() && term != "dumb"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Terminals that have no colors get none, and NO_COLOR forbids them everywhere.
    #[test]
    fn environments() {
        for (term, no_color, expected) in [
            (Some("xterm"), None, true),
            (Some("xterm"), Some(""), true),
            (Some("xterm"), Some("1"), false),
            (Some("dumb"), None, false),
            (Some(""), None, false),
            (None, None, false),
        ] {
            let variable = |name: &str| match name {
                "TERM" => term.map(OsString::from),
                _ => no_color.map(OsString::from),
            };
            let has_colors = environment_has_colors(variable);
            assert_eq!(has_colors, expected, "{term:?} {no_color:?}");
        }
    }

    /// The user's wish goes before the environment.
    #[test]
    fn wishes() {
        assert!(is_colored(Color::Always, false));
        assert!(!is_colored(Color::Never, true));
        assert!(!is_colored(Color::Auto, false));
    }
}
