//! Text with the escape sequences of colors, as tmux captures it.

/// How a text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// One of the terminal's first eight colors.
    pub(super) color: Option<u8>,
    pub(super) is_bold: bool,
    pub(super) is_dim: bool,
    pub(super) is_reversed: bool,
    pub(super) is_underlined: bool,
}

/// Texts of one look each.
pub(super) type Line = Vec<(String, Look)>;

/// The lines of a capture.
pub(super) fn parse(capture: &str) -> Vec<Line> {
    let mut look = Look::default();
    capture
        .lines()
        .map(|line| parse_line(line, &mut look))
        .collect()
}

fn parse_line(line: &str, look: &mut Look) -> Line {
    let mut parts = Vec::new();
    let mut pieces = line.split("\x1b[");
    let first = pieces.next().unwrap_or_default();
    push(&mut parts, first, *look);
    for piece in pieces {
        let (codes, text) = piece.split_once('m').unwrap_or((piece, ""));
        // `38;5;1` is another way to write `31`.
        match codes
            .strip_prefix("38;5;")
            .and_then(|color| color.parse().ok())
        {
            Some(color @ 0..8) => look.color = Some(color),
            _ => codes.split(';').for_each(|code| apply(look, code)),
        }
        push(&mut parts, text, *look);
    }
    parts
}

fn push(parts: &mut Line, text: &str, look: Look) {
    if !text.is_empty() {
        parts.push((text.to_owned(), look));
    }
}

fn apply(look: &mut Look, code: &str) {
    match code.parse() {
        Err(_) | Ok(0) => *look = Look::default(),
        Ok(1) => look.is_bold = true,
        Ok(2) => look.is_dim = true,
        Ok(4) => look.is_underlined = true,
        Ok(7) => look.is_reversed = true,
        Ok(color @ 30..=37) => look.color = Some(color - 30),
        Ok(39) => look.color = None,
        Ok(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks last until they are reset, also over the end of a line.
    #[test]
    fn looks() {
        let lines = parse("a\x1b[1m\x1b[38;5;1mb\nc\x1b[0md");
        let red = Look {
            color: Some(1),
            is_bold: true,
            ..Look::default()
        };
        let plain = Look::default();
        let text = |text: &str, look| (text.to_owned(), look);
        assert_eq!(
            lines,
            [
                vec![text("a", plain), text("b", red)],
                vec![text("c", red), text("d", plain)]
            ]
        );
    }
}
