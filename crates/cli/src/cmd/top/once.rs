//! A ranking that is printed once, at the end.

use std::io;
use std::time::Duration;

use execsnoop_clikit::BufferedOutput;
use execsnoop_clikit::Discarded;
use execsnoop_clikit::OutputTarget;
use execsnoop_events::Event;
use execsnoop_events::aggregate::Grouping;
use execsnoop_events::aggregate::Span;
use execsnoop_events::json::Annotations;

use super::csv;
use super::feed::Feed;
use super::json;
use super::text;
use super::view::View;
use crate::args::Format;
use crate::pipeline::Consumer;

/// How the ranking is printed.
#[derive(Debug, Clone, Copy)]
pub struct OnceSettings {
    pub by: Grouping,
    pub format: Format,
    pub rows: usize,
    pub is_colored: bool,
}

/// Collects, and prints at the end.
#[derive(Debug)]
pub struct Once {
    feed: Feed,
    settings: OnceSettings,
    output: BufferedOutput,
    /// Events that are in the ranking and were not reported as shown yet.
    shown: u64,
}

impl Once {
    /// A ranking for this target.
    pub fn new(feed: Feed, settings: OnceSettings, target: OutputTarget) -> Self {
        Self {
            feed,
            settings,
            output: BufferedOutput::new(target),
            shown: 0,
        }
    }
}

impl Consumer for Once {
    fn begin(&mut self) -> anyhow::Result<()> {
        self.output.target().truncate()
    }

    fn event(&mut self, event: &Event<'_>, notes: &Annotations<'_>, weight: u64) {
        self.feed.event(event, notes, weight);
    }

    fn unselected(&mut self, event: &Event<'_>, notes: &Annotations<'_>) {
        self.feed.unselected(event, notes);
    }

    fn report(&mut self, event: &Event<'_>, _: &Annotations<'_>) {
        self.feed.report_of_source(event);
    }

    fn tick(&mut self, now_ns: u64) {
        self.feed.tick(now_ns);
    }

    fn finish(&mut self) {
        drop(View::of(&mut self.feed, self.settings.by, Span::Start)); // it asks for names
        self.feed.await_names();
        let Some(view) = View::of(&mut self.feed, self.settings.by, Span::Start) else {
            return;
        };
        let width = self.output.target().width();
        let OnceSettings {
            rows, is_colored, ..
        } = self.settings;
        let out = self.output.buffer();
        match self.settings.format {
            Format::Text => text::write(out, &view, rows, width, is_colored),
            Format::Json => json::write(out, &view, rows),
            Format::Csv => csv::write(out, &view, rows),
        }
    }

    fn flush(&mut self, wait: Duration) -> io::Result<bool> {
        self.shown += self.feed.take_taken();
        self.output.flush(wait)
    }

    fn take_shown(&mut self) -> u64 {
        std::mem::take(&mut self.shown)
    }

    fn discard(&mut self) -> Discarded {
        let lines = self.output.discard().lines;
        let events = self.feed.take_taken();
        Discarded { lines, events }
    }

    fn pending_bytes(&self) -> usize {
        self.output.pending_bytes()
    }

    fn name(&self) -> String {
        self.output.target().name()
    }
}
