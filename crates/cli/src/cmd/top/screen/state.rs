//! What the user has chosen, and what keys change of it.

use execsnoop_events::aggregate::Grouping;
use execsnoop_events::aggregate::Span;
use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;

use crate::cmd::top::cells::Column;

/// By what rows can be sorted.
const SORTED_BY: [Column; 6] = [
    Column::Cpu,
    Column::Rate,
    Column::CpuEach,
    Column::P50,
    Column::Failed,
    Column::Rss,
];

/// The longest text to filter by.
const LONGEST_FILTER: usize = 200;

/// What is to be done outside of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Nothing.
    None,
    /// Show another ranking.
    Refresh,
    /// Freeze the screen, or let it go on.
    Pause,
    /// Write the view to a file.
    Write,
    /// End.
    Quit,
    /// End as Ctrl-C does, the command too.
    Interrupt,
    /// Stop until the shell continues us.
    Suspend,
}

/// What the user has chosen.
#[derive(Debug, Clone)]
pub struct State {
    pub by: Grouping,
    pub span: Span,
    pub sorted_by: Column,
    pub is_reversed: bool,
    /// Rows without this text are not shown.
    pub filter: String,
    /// The filter is being typed.
    pub is_typing: bool,
    /// The number of the row, of those that are shown.
    pub selected: usize,
    /// The row that is open, by its name.
    pub opened: Option<String>,
    /// How far an open row is scrolled.
    pub scrolled: usize,
    pub is_paused: bool,
    pub shows_help: bool,
    /// Something to say, until the next key.
    pub message: Option<String>,
}

impl State {
    /// The state at the begin.
    pub fn new(by: Grouping) -> Self {
        Self {
            by,
            span: Span::Window,
            sorted_by: Column::Cpu,
            is_reversed: false,
            filter: String::new(),
            is_typing: false,
            selected: 0,
            opened: None,
            scrolled: 0,
            is_paused: false,
            shows_help: false,
            message: None,
        }
    }

    /// Takes a key. `rows` are the names of the rows that are shown, and `page` is how many of them
    /// fit.
    pub fn key(&mut self, key: KeyEvent, rows: &[String], page: usize) -> Request {
        self.message = None;
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return control(key.code);
        }
        if self.is_typing {
            self.type_filter(key.code);
            return Request::None;
        }
        if self.shows_help {
            self.shows_help = false;
            return Request::None;
        }
        self.plain(key.code, rows, page)
    }

    fn plain(&mut self, code: KeyCode, rows: &[String], page: usize) -> Request {
        match code {
            KeyCode::Char('q') | KeyCode::F(10) => return Request::Quit,
            KeyCode::Char('p' | ' ') => {
                self.is_paused = !self.is_paused;
                return Request::Pause;
            }
            KeyCode::Char('w') => return Request::Write,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.shows_help = true,
            KeyCode::Char('/') | KeyCode::F(4) => self.is_typing = true,
            KeyCode::Char('<') => self.sort(-1),
            KeyCode::Char('>') | KeyCode::F(6) => self.sort(1),
            KeyCode::Char('r' | 'I') => self.is_reversed = !self.is_reversed,
            KeyCode::Enter => self.open(rows),
            KeyCode::Esc => self.back(),
            code => return self.choose(code, rows.len(), page),
        }
        Request::None
    }

    /// Another ranking, or another row.
    fn choose(&mut self, code: KeyCode, rows: usize, page: usize) -> Request {
        match code {
            KeyCode::Char('b') | KeyCode::Tab => self.group(1),
            KeyCode::Char('B') | KeyCode::BackTab => self.group(-1),
            KeyCode::Char(digit @ '1'..='7') => {
                self.group_by(Grouping::ALL[digit as usize - '1' as usize]);
            }
            KeyCode::Char('t') => {
                self.span = match self.span {
                    Span::Window => Span::Start,
                    Span::Start => Span::Window,
                };
            }
            code => {
                self.go(code, rows, page);
                return Request::None;
            }
        }
        Request::Refresh
    }

    fn go(&mut self, code: KeyCode, rows: usize, page: usize) {
        let place = match self.opened {
            Some(_) => &mut self.scrolled,
            None => &mut self.selected,
        };
        *place = match code {
            KeyCode::Up | KeyCode::Char('k') => place.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => place.saturating_add(1),
            KeyCode::PageUp => place.saturating_sub(page),
            KeyCode::PageDown => place.saturating_add(page),
            KeyCode::Home | KeyCode::Char('g') => 0,
            KeyCode::End | KeyCode::Char('G') => usize::MAX,
            _ => *place,
        };
        self.selected = self.selected.min(rows.saturating_sub(1));
    }

    fn sort(&mut self, step: isize) {
        let at = SORTED_BY.iter().position(|it| *it == self.sorted_by);
        let at = at.unwrap_or(0).saturating_add_signed(step);
        self.sorted_by = SORTED_BY[at.min(SORTED_BY.len() - 1)];
    }

    fn group(&mut self, step: isize) {
        let all = Grouping::ALL;
        let at = all.iter().position(|it| *it == self.by).unwrap_or(0);
        let next = (at + all.len()).saturating_add_signed(step) % all.len();
        self.group_by(all[next]);
    }

    fn group_by(&mut self, by: Grouping) {
        self.by = by;
        self.opened = None;
        self.selected = 0;
    }

    fn open(&mut self, rows: &[String]) {
        self.opened = match self.opened {
            Some(_) => None,
            None => rows.get(self.selected).cloned(),
        };
        self.scrolled = 0;
    }

    /// Leaves what was entered last: the open row, then the filter.
    fn back(&mut self) {
        if self.opened.take().is_none() {
            self.filter.clear();
        }
    }

    fn type_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => {
                self.filter.clear();
                self.is_typing = false;
            }
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Char(c) if self.filter.len() < LONGEST_FILTER => self.filter.push(c),
            _ => {}
        }
        self.selected = 0;
    }
}

fn control(code: KeyCode) -> Request {
    match code {
        KeyCode::Char('c') => Request::Interrupt,
        KeyCode::Char('z') => Request::Suspend,
        KeyCode::Char('l') => Request::Refresh,
        _ => Request::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(state: &mut State, keys: &str) -> Vec<Request> {
        let rows = ["a", "b", "c"].map(str::to_owned);
        keys.chars()
            .map(|c| {
                let code = match c {
                    '\n' => KeyCode::Enter,
                    '\x1b' => KeyCode::Esc,
                    '\x08' => KeyCode::Backspace,
                    c => KeyCode::Char(c),
                };
                state.key(KeyEvent::new(code, KeyModifiers::NONE), &rows, 2)
            })
            .collect()
    }

    /// Keys move, open and close, and never leave the rows.
    #[test]
    fn moving_and_opening() {
        let mut state = State::new(Grouping::Culprit);
        press(&mut state, "jjjjj");
        assert_eq!(state.selected, 2);
        press(&mut state, "k\n");
        assert_eq!(state.opened.as_deref(), Some("b"));
        press(&mut state, "jj\x1b");
        assert_eq!((state.opened.as_deref(), state.selected), (None, 1));
        press(&mut state, "Gg");
        assert_eq!(state.selected, 0);
    }

    /// What is typed into the filter is no command.
    #[test]
    fn filter_as_you_type() {
        let mut state = State::new(Grouping::Culprit);
        let requests = press(&mut state, "/qwx\x08");
        assert!(requests.iter().all(|it| *it == Request::None));
        assert_eq!((state.filter.as_str(), state.is_typing), ("qw", true));
        press(&mut state, "\n");
        assert!(!state.is_typing);
        assert_eq!(press(&mut state, "w"), [Request::Write]);
        press(&mut state, "\x1b");
        assert_eq!(state.filter, "");
    }

    /// Groupings go around, by steps or by number; sorting has two ends.
    #[test]
    fn groupings_and_sorting() {
        let mut state = State::new(Grouping::Culprit);
        assert_eq!(press(&mut state, "B"), [Request::Refresh]);
        assert_eq!(state.by, Grouping::User);
        press(&mut state, "b3");
        assert_eq!(state.by, Grouping::Command);
        press(&mut state, "<>>");
        assert_eq!(state.sorted_by, Column::CpuEach);
        assert_eq!(
            press(&mut state, "t q"),
            [Request::Refresh, Request::Pause, Request::Quit]
        );
    }
}
