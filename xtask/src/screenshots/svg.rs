//! A screen as an SVG picture.

use std::fmt::Write as _;

use super::ansi::Line;
use super::ansi::Look;

const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 12.0;
const BACKGROUND: &str = "#1e1e1e";
const FOREGROUND: &str = "#d4d4d4";
const COLORS: [&str; 8] = [
    "#3a3a3a", "#f14c4c", "#23d18b", "#e5e510", "#3b8eea", "#d670d6", "#29b8db", "#e5e5e5",
];

/// The picture of a screen with this number of columns.
pub(super) fn render(lines: &[Line], width: u16) -> String {
    let size = (
        f64::from(width) * CELL.0 + 2.0 * MARGIN,
        as_f64(lines.len()) * CELL.1 + 2.0 * MARGIN,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0}\" height=\"{:.0}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{BACKGROUND}\"/>\n",
        size.0, size.1
    );
    for (number, line) in lines.iter().enumerate() {
        render_line(&mut svg, line, MARGIN + as_f64(number) * CELL.1);
    }
    svg.push_str("</svg>\n");
    svg
}

fn render_line(svg: &mut String, line: &Line, top: f64) {
    let mut column = 0;
    for (text, look) in line {
        let count = text.chars().count();
        let (left, width) = (MARGIN + as_f64(column) * CELL.0, as_f64(count) * CELL.0);
        render_part(svg, text, *look, (left, top), width);
        column += count;
    }
}

fn render_part(svg: &mut String, text: &str, look: Look, (left, top): (f64, f64), width: f64) {
    let own = look
        .color
        .map_or(FOREGROUND, |color| COLORS[usize::from(color)]);
    let fill = if look.is_reversed { BACKGROUND } else { own };
    if look.is_reversed {
        let height = CELL.1;
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height}\" \
             fill=\"{own}\"/>"
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let mut style = format!("fill=\"{fill}\"");
    if look.is_bold {
        style.push_str(" font-weight=\"bold\"");
    }
    if look.is_dim {
        style.push_str(" opacity=\"0.6\"");
    }
    if look.is_underlined {
        style.push_str(" text-decoration=\"underline\"");
    }
    let base = top + 13.5;
    let text = escape(text);
    let _ = writeln!(
        svg,
        "<text x=\"{left:.1}\" y=\"{base:.1}\" textLength=\"{width:.1}\" xml:space=\"preserve\" \
         {style}>{text}</text>"
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[expect(clippy::cast_precision_loss, reason = "a screen has few lines")]
fn as_f64(number: usize) -> f64 {
    number as f64
}
