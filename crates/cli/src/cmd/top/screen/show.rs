//! A consumer that shows the ranking on a screen.

use std::io;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use execsnoop_clikit::Discarded;
use execsnoop_clikit::OutputTarget;
use execsnoop_events::Event;
use execsnoop_events::ProcessId;
use execsnoop_events::aggregate::CulpritDetail;
use execsnoop_events::aggregate::Grouping;
use execsnoop_events::aggregate::Span;
use execsnoop_events::json::Annotations;
use jiff::Timestamp;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use ratatui::crossterm::event;
use ratatui::crossterm::event::Event as Input;
use ratatui::crossterm::event::KeyEventKind;

use super::detail::Detail;
use super::draw::Scene;
use super::draw::draw;
use super::draw::page;
use super::state::Request;
use super::state::State;
use super::terminal;
use crate::cmd::top::cells::Column;
use crate::cmd::top::feed::Feed;
use crate::cmd::top::text;
use crate::cmd::top::view::View;
use crate::cmd::top::view::ViewRow;
use crate::pipeline::Consumer;

/// How often the ranking is made.
const REFRESH: Duration = Duration::from_secs(1);

/// How soon the first one is made.
const FIRST_REFRESH: Duration = Duration::from_millis(250);

/// How soon a key is noticed.
const KEY_WAIT: Duration = Duration::from_millis(50);

/// Shows the ranking.
#[derive(Debug)]
pub struct Screen {
    feed: Feed,
    state: State,
    terminal: Option<terminal::Screen>,
    view: Option<View>,
    /// The views of a pause, by grouping and span.
    frozen: Vec<(Grouping, Span, View)>,
    frozen_culprits: Vec<(Span, CulpritDetail)>,
    detail: Option<Detail>,
    next_refresh: Instant,
    needs_drawing: bool,
    is_colored: bool,
    /// A command runs beside the screen.
    has_command: bool,
    has_ended: bool,
    shown: u64,
}

impl Screen {
    /// A screen of this ranking.
    pub fn new(feed: Feed, by: Grouping, is_colored: bool, has_command: bool) -> Self {
        Self {
            feed,
            state: State::new(by),
            terminal: None,
            view: None,
            frozen: Vec::new(),
            frozen_culprits: Vec::new(),
            detail: None,
            next_refresh: Instant::now() + FIRST_REFRESH,
            needs_drawing: true,
            is_colored,
            has_command,
            has_ended: false,
            shown: 0,
        }
    }

    fn update(&mut self) -> io::Result<()> {
        if let Some(terminal) = &mut self.terminal {
            self.needs_drawing |= terminal.suspend_if_asked()?;
        }
        self.take_input()?;
        if Instant::now() >= self.next_refresh && !self.state.is_paused {
            self.refresh();
        }
        if std::mem::take(&mut self.needs_drawing) {
            self.draw()?;
        }
        Ok(())
    }

    fn refresh(&mut self) {
        self.next_refresh = Instant::now() + REFRESH;
        let (by, span) = (self.state.by, self.state.span);
        self.view = match self.state.is_paused {
            true => self.frozen_view(by, span),
            false => View::of(&mut self.feed, by, span),
        };
        self.open();
        self.needs_drawing = true;
    }

    fn frozen_view(&self, by: Grouping, span: Span) -> Option<View> {
        let is_it = |it: &&(Grouping, Span, View)| it.0 == by && it.1 == span;
        let frozen = self.frozen.iter().find(is_it);
        frozen.map(|(_, _, view)| view.clone())
    }

    /// Everything about the row that is open.
    fn open(&mut self) {
        let Some(name) = &self.state.opened else {
            self.detail = None;
            return;
        };
        let Some(view) = &self.view else {
            return;
        };
        let Some(row) = view.rows.iter().find(|row| row.name == *name) else {
            return; // it is not active now; what was shown stays
        };
        let culprit = row.process.filter(|_| view.by == Grouping::Culprit);
        let culprit = culprit.and_then(|process| self.culprit(process));
        self.detail = Some(Detail::new(row, culprit.as_ref()));
    }

    fn culprit(&self, process: ProcessId) -> Option<CulpritDetail> {
        let span = self.state.span;
        let is_it =
            |it: &&(Span, CulpritDetail)| it.0 == span && it.1.who.starter.process == process;
        match self.state.is_paused {
            true => self
                .frozen_culprits
                .iter()
                .find(is_it)
                .map(|(_, it)| it.clone()),
            false => self.feed.culprit(process, span),
        }
    }

    fn take_input(&mut self) -> io::Result<()> {
        let mut has_input = self.has_input()?;
        while has_input && !self.has_ended {
            self.needs_drawing = true;
            if let Input::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let rows = self.names();
                let page = page(self.height());
                let request = self.state.key(key, &rows, page);
                self.obey(request);
            }
            has_input = event::poll(Duration::ZERO)?; // it may have read more than one
        }
        Ok(())
    }

    fn has_input(&self) -> io::Result<bool> {
        match &self.terminal {
            Some(terminal) => terminal.has_input(),
            None => Ok(false),
        }
    }

    fn height(&mut self) -> u16 {
        let terminal = self.terminal.as_mut();
        terminal.map_or(24, |terminal| terminal.size().height)
    }

    fn names(&self) -> Vec<String> {
        let rows = self
            .view
            .iter()
            .flat_map(|view| shown_rows(view, &self.state));
        rows.map(|row| row.name.clone()).collect()
    }

    fn obey(&mut self, request: Request) {
        match request {
            Request::None => self.open(),
            Request::Refresh => self.refresh(),
            Request::Pause => self.pause(),
            Request::Write => self.state.message = Some(self.write_view()),
            Request::Quit => self.has_ended = true,
            Request::Interrupt => {
                self.has_ended = true;
                let _ = kill(Pid::from_raw(0), Signal::SIGINT);
            }
            Request::Suspend => {
                if let Some(terminal) = &self.terminal {
                    terminal.ask_for_suspension();
                }
            }
        }
    }

    /// A pause keeps the rankings of its moment, by every grouping.
    fn pause(&mut self) {
        self.frozen.clear();
        self.frozen_culprits.clear();
        if !self.state.is_paused {
            return self.refresh();
        }
        for span in [Span::Window, Span::Start] {
            let culprits = self.feed.culprits(span).into_iter();
            self.frozen_culprits.extend(culprits.map(|it| (span, it)));
            for by in Grouping::ALL {
                let view = View::of(&mut self.feed, by, span);
                self.frozen.extend(view.map(|view| (by, span, view)));
            }
        }
    }

    fn write_view(&self) -> String {
        let Some(view) = &self.view else {
            return "there is nothing to write yet".to_owned();
        };
        let name = Timestamp::now().strftime("execsnoop-top-%Y%m%dT%H%M%SZ.txt");
        let name = name.to_string();
        match write_file(&name, view) {
            Ok(()) => format!("written to {name}"),
            Err(error) => format!("cannot write {name}: {error:#}"),
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let rows = self
            .view
            .iter()
            .flat_map(|view| shown_rows(view, &self.state));
        let rows: Vec<&ViewRow> = rows.collect();
        let scene = Scene {
            state: &self.state,
            view: self.view.as_ref(),
            rows: &rows,
            detail: self.detail.as_ref(),
            is_colored: self.is_colored,
        };
        if let Some(terminal) = &mut self.terminal {
            terminal.draw(|frame| draw(frame, &scene))?;
        }
        Ok(())
    }
}

fn write_file(name: &str, view: &View) -> anyhow::Result<()> {
    let mut target = OutputTarget::create_private(name.as_ref())?;
    target.truncate()?;
    let mut out = Vec::new();
    text::write(&mut out, view, usize::MAX, None, false);
    target
        .write(&out, Duration::from_secs(1))
        .map(drop)
        .context("cannot write")
}

/// The rows that have the text of the filter, in the order that the user has chosen.
pub fn shown_rows<'a>(view: &'a View, state: &State) -> Vec<&'a ViewRow> {
    let wanted = state.filter.to_lowercase();
    let has_text = |text: &str| text.to_lowercase().contains(&wanted);
    let is_wanted = |row: &&ViewRow| {
        let texts = [&row.name, &row.owner, &row.starter, &row.program];
        wanted.is_empty() || texts.iter().any(|it| has_text(it)) || has_text(row.command())
    };
    let mut rows: Vec<&ViewRow> = view.rows.iter().filter(is_wanted).collect();
    if state.sorted_by != Column::Cpu {
        rows.sort_by_key(|row| std::cmp::Reverse(state.sorted_by.sort_key(&row.sums)));
    }
    if state.is_reversed {
        rows.reverse();
    }
    rows
}

impl Consumer for Screen {
    fn begin(&mut self) -> anyhow::Result<()> {
        let terminal =
            terminal::Screen::take(self.has_command).context("cannot use the terminal")?;
        self.terminal = Some(terminal);
        self.draw().context("cannot draw on the terminal")
    }

    fn event(&mut self, event: &Event<'_>, notes: &Annotations<'_>, weight: u64) {
        self.feed.event(event, notes, weight);
    }

    fn unselected(&mut self, event: &Event<'_>, notes: &Annotations<'_>) {
        self.feed.unselected(event, notes);
    }

    fn report(&mut self, event: &Event<'_>, _notes: &Annotations<'_>) {
        self.feed.report_of_source(event);
    }

    fn tick(&mut self, now_ns: u64) {
        self.feed.tick(now_ns);
    }

    fn finish(&mut self) {
        self.has_ended = true;
        self.terminal = None; // gives it back
    }

    fn is_done(&self) -> bool {
        self.has_ended
    }

    fn longest_wait(&self) -> Option<Duration> {
        Some(KEY_WAIT)
    }

    fn flush(&mut self, _wait: Duration) -> io::Result<bool> {
        self.shown += self.feed.take_taken();
        if self.terminal.is_some() {
            self.update()?;
        }
        Ok(true)
    }

    fn take_shown(&mut self) -> u64 {
        std::mem::take(&mut self.shown)
    }

    fn discard(&mut self) -> Discarded {
        let events = self.feed.take_taken();
        Discarded { lines: 0, events }
    }

    fn pending_bytes(&self) -> usize {
        0
    }

    fn name(&self) -> String {
        "the terminal".to_owned()
    }
}
