//! The screen, as it looks.

use execsnoop_events::Argv;
use execsnoop_events::aggregate::Grouping;
use execsnoop_events::aggregate::Interval;
use execsnoop_events::aggregate::Report;
use execsnoop_events::aggregate::Sums;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;
use ratatui::style::Color;

use super::detail::Detail;
use super::draw::Scene;
use super::draw::draw;
use super::show::shown_rows;
use super::state::State;
use crate::cmd::top::label::Labeler;
use crate::cmd::top::label::shown;
use crate::cmd::top::view::View;
use crate::cmd::top::view::ViewRow;

fn sums(cpu_ms: u64, count: u64, failed: u64) -> Sums {
    Sums {
        cpu_ns: Some(cpu_ms * 1_000_000),
        count,
        failed,
        peak_rss: Some(3_900_000),
        p50_ns: Some(3_010_000),
        p99_ns: Some(6_140_000),
    }
}

fn row(name: &str, owner: &str, program: &str, command: &str, sums: Sums) -> ViewRow {
    ViewRow {
        name: name.to_owned(),
        owner: owner.to_owned(),
        starter: name.to_owned(),
        process: None,
        program: program.to_owned(),
        commands: vec![command.to_owned()],
        exit: if sums.failed > 0 {
            "3".to_owned()
        } else {
            String::new()
        },
        has_ended: false,
        sums,
    }
}

fn busy() -> View {
    let mut rows = vec![
        row(
            "burner.sh[4711]",
            "cron.service root",
            "awk",
            "awk 'BEGIN { print 1 }'",
            sums(9_600, 3_102, 0),
        ),
        row(
            "supervisor[812]",
            "web.service www-data",
            "webserver",
            "/usr/sbin/webserver --config /etc/webserver/production.conf",
            sums(300, 50, 50),
        ),
        row(
            "bash[2201]",
            "session-3.scope ann",
            "git",
            "git status",
            sums(42, 7, 1),
        ),
    ];
    rows[2].has_ended = true;
    let short = sums(9_942, 3_159, 51);
    View {
        answer: "50 % of the CPU (0.99 of 2 CPUs) went to 3,159 processes that lived 3.01ms \
                 (median). 98 % of them were started by burner.sh (pid 4711, cron.service, root). \
                 Most of it is awk."
            .to_owned(),
        by: Grouping::Culprit,
        report: Report {
            interval: Interval {
                from_ns: 0,
                to_ns: 10_000_000_000,
            },
            cpus: 2,
            busy_ns: Some(19_000_000_000),
            short,
            ended: 3_162,
            failed_execs: Some(50),
            rows: Vec::new(),
            others: sums(10, 3, 0),
            fallen: 0,
        },
        rows,
        lost: 0,
    }
}

fn empty() -> View {
    let mut view = busy();
    view.answer = "No short-lived process ended in 10.0s.".to_owned();
    view.rows.clear();
    view.report.short = Sums {
        cpu_ns: Some(0),
        ..Sums::default()
    };
    view.report.failed_execs = None;
    view.report.ended = 0;
    view
}

/// The screen of a view, after some keys.
fn screen(view: Option<&View>, keys: &[KeyCode], width: u16, height: u16) -> Terminal<TestBackend> {
    let mut state = State::new(view.map_or(Grouping::Culprit, |view| view.by));
    for key in keys {
        let rows = view
            .map(|view| shown_rows(view, &state))
            .unwrap_or_default();
        let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
        state.key(KeyEvent::new(*key, KeyModifiers::NONE), &names, 10);
    }
    let rows = view
        .map(|view| shown_rows(view, &state))
        .unwrap_or_default();
    let opened = state.opened.as_ref();
    let opened = opened.and_then(|name| rows.iter().find(|row| row.name == *name));
    let detail = opened.map(|row| detail(row));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    let scene = Scene {
        state: &state,
        view,
        rows: &rows,
        detail: detail.as_ref(),
        is_colored: true,
    };
    terminal.draw(|frame| draw(frame, &scene)).expect("drawn");
    terminal
}

fn detail(row: &ViewRow) -> Detail {
    Detail {
        row: row.clone(),
        command: "/bin/sh /usr/local/bin/burner.sh".to_owned(),
        ancestors: "cron[801] < systemd[1]".to_owned(),
        programs: vec![
            (0, "sh".to_owned(), sums(9_600, 3_102, 0)),
            (1, "awk".to_owned(), sums(9_000, 2_000, 0)),
            (1, "grep".to_owned(), sums(500, 1_000, 0)),
        ],
    }
}

macro_rules! assert_screen {
    ($name:expr, $terminal:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $terminal.backend());
        });
    };
}

/// Before anything is known, and when nothing happens.
#[test]
fn nothing_happens() {
    assert_screen!("waiting", screen(None, &[], 80, 24));
    assert_screen!("empty", screen(Some(&empty()), &[], 80, 24));
}

/// A busy machine, in windows of all sizes.
#[test]
fn busy_machine() {
    let view = busy();
    for (name, width, height) in [("narrow", 40, 12), ("usual", 80, 24), ("wide", 200, 30)] {
        assert_screen!(name, screen(Some(&view), &[], width, height));
    }
}

/// What needs attention is said in words: losses, a pause, a filter that is being typed.
#[test]
fn words() {
    let mut view = busy();
    view.lost = 812;
    view.report.fallen = 40;
    assert_screen!("lossy", screen(Some(&view), &[], 80, 24));
    let pause = [KeyCode::Char('p')];
    assert_screen!("paused", screen(Some(&busy()), &pause, 80, 24));
    let typing = "/web".chars().map(KeyCode::Char).collect::<Vec<_>>();
    assert_screen!("filter", screen(Some(&busy()), &typing, 80, 24));
    assert_screen!("help", screen(Some(&busy()), &[KeyCode::Char('?')], 80, 24));
}

/// An open row: its programs as a tree, its ancestors, its last command lines.
#[test]
fn opened_row() {
    assert_screen!("opened", screen(Some(&busy()), &[KeyCode::Enter], 80, 24));
    let second = [KeyCode::Down, KeyCode::Enter];
    assert_screen!("opened-narrow", screen(Some(&busy()), &second, 40, 12));
}

/// Names of hostile processes are harmless in every view and at every width.
#[test]
fn hostile_text() {
    let name = "\x1b[2J\x07\u{4e16}\u{754c}\u{202e}e\u{301}\u{200b}\n\u{1f600}";
    let long = format!("{name}\0{}\0", "\x1b]0;x\x07".repeat(20_000));
    let command = Labeler::new(None).label(&Argv::whole(long.as_bytes()));
    let mut view = busy();
    view.rows[0].name = shown(name.as_bytes());
    view.rows[0].program = shown(name.as_bytes());
    view.rows[0].owner = shown(b"\xff\xfe\x9b31m");
    view.rows[0].commands = vec![command.to_string()];
    for width in [1, 5, 20, 40, 80, 120, 200] {
        for keys in [
            &[][..],
            &[KeyCode::Enter],
            &[KeyCode::Char('/'), KeyCode::Char('x')],
        ] {
            for height in [1, 3, 12, 24] {
                let terminal = screen(Some(&view), keys, width, height);
                let content = &terminal.backend().buffer().content;
                let symbols = content.iter().flat_map(|cell| cell.symbol().chars());
                let is_harmful = |c: char| c.is_control() || "\u{202e}\u{200b}".contains(c);
                assert!(!symbols.clone().any(is_harmful), "{width} {keys:?}");
            }
        }
    }
    assert_screen!("hostile", screen(Some(&view), &[], 80, 24));
}

/// Nothing is said by color alone, and all colors are the terminal's own.
#[test]
fn colors() {
    let terminal = screen(Some(&busy()), &[], 120, 24);
    let content = &terminal.backend().buffer().content;
    let own = [Color::Reset, Color::Red, Color::Blue];
    assert!(
        content
            .iter()
            .all(|cell| own.contains(&cell.fg) && cell.bg == Color::Reset)
    );
    assert!(
        content
            .iter()
            .any(|cell| cell.fg == Color::Red && cell.symbol() == "#")
    );
    assert!(
        content
            .iter()
            .any(|cell| cell.fg == Color::Blue && cell.symbol() == "=")
    );
}
