//! The keys.

use ratatui::style::Modifier;
use ratatui::text::Line;
use ratatui::text::Span;
use ratatui::widgets::Paragraph;

const KEYS: [(&str, &str); 14] = [
    (
        "b, Tab",
        "group by the next: culprit, program, command, ...",
    ),
    ("1 to 7", "group by the first to the last of them"),
    ("< >", "sort by another column"),
    ("r", "reverse the order"),
    ("/", "show rows with a text only; Esc clears it"),
    ("Enter", "open the row, and close it"),
    ("t", "the last seconds, or since start"),
    ("p, Space", "pause"),
    ("w", "write the view to a file"),
    ("j k, arrows", "move; PgUp, PgDn, g, G"),
    ("Ctrl-L", "draw the screen anew"),
    ("Ctrl-Z", "stop; fg continues"),
    ("q, F10", "quit"),
    ("? h F1", "this help"),
];

/// The help.
pub fn text() -> Paragraph<'static> {
    let line = |(key, what): (&'static str, &'static str)| {
        let key = Span::styled(format!("{key:12}"), Modifier::BOLD);
        Line::from(vec![key, Span::raw(what)])
    };
    Paragraph::new(KEYS.map(line).to_vec())
}
