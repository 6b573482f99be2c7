//! When to use colors.

/// The user's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Whether to use colors. <https://no-color.org>: any value of NO_COLOR but an empty one forbids
/// them.
pub fn is_colored(wish: Color, is_terminal: bool) -> bool {
    let is_forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match wish {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !is_forbidden,
    }
}
