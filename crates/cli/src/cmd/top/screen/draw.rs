//! The screen as a whole.

use execsnoop_events::aggregate::Span;
use ratatui::Frame;
use ratatui::layout::Constraint;
use ratatui::layout::Layout;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::text::Span as Text;
use ratatui::widgets::Paragraph;
use ratatui::widgets::Wrap;

use super::columns::Placed;
use super::columns::fitting;
use super::detail;
use super::detail::Detail;
use super::help;
use super::state::State;
use crate::cmd::top::cells::percent;
use crate::cmd::top::cells::rate;
use crate::cmd::top::text::cut;
use crate::cmd::top::text::idle;
use crate::cmd::top::text::pad;
use crate::cmd::top::view::View;
use crate::cmd::top::view::ViewRow;

/// What the screen shows.
#[derive(Debug)]
pub struct Scene<'a> {
    pub state: &'a State,
    /// `None` before anything is known.
    pub view: Option<&'a View>,
    /// The rows that are shown, in their order.
    pub rows: &'a [&'a ViewRow],
    /// The open row.
    pub detail: Option<&'a Detail>,
    pub is_colored: bool,
}

impl Scene<'_> {
    fn color(&self, color: Color) -> Style {
        match self.is_colored {
            true => Style::new().fg(color),
            false => Style::new(),
        }
    }
}

/// How many rows fit below the head, at most.
pub fn page(height: u16) -> usize {
    usize::from(height.saturating_sub(8)).max(1)
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, scene: &Scene<'_>) {
    let area = frame.area();
    let answer = scene
        .view
        .map_or("Waiting for the first processes...", |view| &view.answer);
    let lines = answer_height(answer, area);
    let parts = [
        Constraint::Length(lines),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
    ];
    let [sentence, bar, numbers, body, keys] = Layout::vertical(parts).areas(area);
    let answer = Paragraph::new(answer).wrap(Wrap { trim: true });
    frame.render_widget(answer.style(Modifier::BOLD), sentence);
    if let Some(view) = scene.view {
        frame.render_widget(bar_line(scene, view, bar.width), bar);
        frame.render_widget(number_line(scene, view), numbers);
        draw_body(frame, scene, view, body);
    }
    frame.render_widget(key_line(scene, keys.width), keys);
}

fn draw_body(frame: &mut Frame<'_>, scene: &Scene<'_>, view: &View, area: Rect) {
    let state = scene.state;
    match scene.detail {
        _ if state.shows_help => frame.render_widget(help::text(), area),
        Some(detail) => {
            let text = detail::text(detail, view, usize::from(area.width));
            let most = text.lines.len().saturating_sub(usize::from(area.height));
            let scrolled = u16::try_from(state.scrolled.min(most)).unwrap_or(u16::MAX);
            frame.render_widget(Paragraph::new(text).scroll((scrolled, 0)), area);
        }
        None => draw_table(frame, scene, view, area),
    }
}

/// How many lines the answer takes: at most a third of the screen.
fn answer_height(answer: &str, area: Rect) -> u16 {
    let mut lines = 1;
    let mut used = 0;
    for word in answer.split(' ') {
        let width = word.chars().count();
        if used > 0 && used + 1 + width > usize::from(area.width) {
            lines += 1;
            used = width;
        } else {
            used += width + usize::from(used > 0);
        }
    }
    lines.min((area.height / 3).max(1))
}

/// `[####====    ] short-lived 48.1 %, long-lived 50.0 %, idle 1.9 %`, shorter where there is less
/// room.
fn bar_line(scene: &Scene<'_>, view: &View, width: u16) -> Line<'static> {
    let report = &view.report;
    let shares = [
        view.percent(report.short.cpu_ns),
        view.percent(report.rest_ns()),
        idle(view),
    ];
    let names = match width >= 80 {
        true => ["short-lived", "long-lived", "idle"],
        false => ["short", "long", "idle"],
    };
    let texts: Vec<String> = names
        .iter()
        .zip(shares)
        .map(|(name, share)| format!("{name} {}%", percent(share)))
        .collect();
    let text = texts.join(" ");
    let room = usize::from(width).saturating_sub(text.len() + 3).min(60);
    let cells = |share: Option<f64>| cells_of(share.unwrap_or(0.0), room);
    let short = cells(shares[0]);
    let long = cells(shares[1]).min(room - short.min(room));
    let gap = room.saturating_sub(short + long);
    Line::from(vec![
        Text::raw("["),
        Text::styled("#".repeat(short), scene.color(Color::Red)),
        Text::styled("=".repeat(long), scene.color(Color::Blue)),
        Text::raw(" ".repeat(gap)),
        Text::raw("] "),
        Text::raw(text),
    ])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a bar is shorter than a line"
)]
fn cells_of(percent: f64, room: usize) -> usize {
    ((percent / 100.0 * room as f64).round() as usize).min(room)
}

/// `312 processes/s  5.0 failed execs/s  3 lost  10 s  by culprit`.
fn number_line(scene: &Scene<'_>, view: &View) -> Line<'static> {
    let report = &view.report;
    let mut parts = vec![Text::raw(format!(
        "{} processes/s",
        rate(view.per_second(report.ended))
    ))];
    if let Some(failed) = report.failed_execs {
        let failed = rate(view.per_second(failed));
        parts.push(Text::raw(format!("{failed} failed execs/s")));
    }
    if view.lost > 0 {
        let style = scene.color(Color::Red).add_modifier(Modifier::BOLD);
        parts.push(Text::styled(format!("{} LOST", view.lost), style));
    }
    if scene.state.is_paused {
        parts.push(Text::styled("PAUSED", Modifier::REVERSED));
    }
    let span = match scene.state.span {
        Span::Window => format!("last {:.0} s", view.seconds()),
        Span::Start => format!("since start, {:.0} s", view.seconds()),
    };
    parts.push(Text::raw(span));
    parts.push(Text::raw(format!("by {}", view.by.name())));
    if !scene.state.filter.is_empty() {
        parts.push(Text::raw(format!("filter: {}", scene.state.filter)));
    }
    let blank = || Text::raw("  ");
    let parts = parts.into_iter().flat_map(|part| [part, blank()]);
    Line::from(parts.collect::<Vec<_>>())
}

fn draw_table(frame: &mut Frame<'_>, scene: &Scene<'_>, view: &View, area: Rect) {
    let columns = fitting(view.by, area.width);
    let mut lines = vec![title_line(scene, view, &columns)];
    let room = usize::from(area.height).saturating_sub(2).max(1);
    let first = scene.state.selected.saturating_sub(room - 1);
    for (at, row) in scene.rows.iter().enumerate().skip(first).take(room) {
        let is_selected = at == scene.state.selected;
        lines.push(row_line(scene, view, row, &columns, is_selected));
    }
    lines.push(rest_line(scene, view, first + room));
    frame.render_widget(Paragraph::new(lines), area);
}

fn title_line(scene: &Scene<'_>, view: &View, columns: &[Placed]) -> Line<'static> {
    let titles = columns.iter().map(|(column, width)| {
        let is_sorted = *column == scene.state.sorted_by;
        let style = match is_sorted {
            true => Modifier::REVERSED | Modifier::BOLD | Modifier::UNDERLINED,
            false => Modifier::REVERSED,
        };
        let title = column.title(view.by);
        Text::styled(pad(title, usize::from(*width), column.is_number()), style)
    });
    spaced(titles.collect(), Modifier::REVERSED.into())
}

fn row_line(
    scene: &Scene<'_>,
    view: &View,
    row: &ViewRow,
    columns: &[Placed],
    is_selected: bool,
) -> Line<'static> {
    let style = match (is_selected, row.has_ended) {
        (true, _) => Style::new().add_modifier(Modifier::REVERSED),
        (false, true) => Style::new().add_modifier(Modifier::DIM),
        (false, false) => Style::new(),
    };
    let fails = row.sums.failed * 2 > row.sums.count;
    let cells = columns.iter().map(|(column, width)| {
        let text = column.cell(row, view);
        let is_failure = column.is_failure() && fails && !is_selected;
        let style = match is_failure {
            true => style.patch(scene.color(Color::Red)),
            false => style,
        };
        Text::styled(pad(&text, usize::from(*width), column.is_number()), style)
    });
    spaced(cells.collect(), style)
}

/// A blank of this style between the cells.
fn spaced(cells: Vec<Text<'static>>, style: Style) -> Line<'static> {
    let mut spans = Vec::new();
    for cell in cells {
        if !spans.is_empty() {
            spans.push(Text::styled(" ", style));
        }
        spans.push(cell);
    }
    Line::from(spans)
}

/// What is in none of the rows above.
fn rest_line(scene: &Scene<'_>, view: &View, shown: usize) -> Line<'static> {
    let report = &view.report;
    let mut parts = Vec::new();
    if scene.rows.is_empty() {
        let why = match view.rows.is_empty() {
            true => "No short-lived processes in this time.",
            false => "No row has the text of the filter.",
        };
        parts.push(why.to_owned());
    }
    let below = scene.rows.len().saturating_sub(shown);
    if below > 0 {
        parts.push(format!("{below} more rows below"));
    }
    if report.fallen > 0 {
        let cpu = percent(view.percent(report.others.cpu_ns));
        parts.push(format!("{} other rows: {cpu} %", report.fallen));
    }
    Line::styled(parts.join("; "), Modifier::DIM)
}

fn key_line(scene: &Scene<'_>, width: u16) -> Line<'static> {
    let state = scene.state;
    if let Some(message) = &state.message {
        return Line::styled(cut(message, usize::from(width)), Modifier::BOLD);
    }
    if state.is_typing {
        let text = format!("filter: {}_  (Enter keeps it, Esc clears it)", state.filter);
        return Line::raw(cut(&text, usize::from(width)));
    }
    let keys: &[(&str, &str)] = match (state.opened.is_some(), width >= 80) {
        (true, _) => &[("Esc", "back"), ("p", "pause"), ("q", "quit")],
        (false, true) => &[
            ("?", "help"),
            ("b", "group"),
            ("<>", "sort"),
            ("/", "filter"),
            ("Enter", "open"),
            ("t", "time"),
            ("p", "pause"),
            ("w", "write"),
            ("q", "quit"),
        ],
        (false, false) => &[
            ("?", "help"),
            ("b", "group"),
            ("Enter", "open"),
            ("q", "quit"),
        ],
    };
    let parts = keys.iter().flat_map(|(key, what)| {
        let key = Text::styled((*key).to_owned(), Modifier::BOLD);
        [key, Text::raw(format!(" {what}  "))]
    });
    Line::from(parts.collect::<Vec<_>>())
}
