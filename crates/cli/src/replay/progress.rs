//! A progress bar for a long replay.

use std::io::IsTerminal as _;
use std::time::Duration;
use std::time::Instant;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

/// What takes less time needs no bar.
const SHORT: Duration = Duration::from_secs(1);

/// The steps of the bar.
const STEPS: u64 = 1000;

/// Shows how much is read, on a terminal, after a while.
#[derive(Debug)]
pub struct Progress {
    begun: Instant,
    is_shown: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// The bar, unless events are shown on the terminal (`has_terminal`), or there is none.
    pub fn new(has_terminal: bool) -> Self {
        Self {
            begun: Instant::now(),
            is_shown: !has_terminal && std::io::stderr().is_terminal(),
            bar: None,
        }
    }

    /// Shows this part of the whole, from 0 to 1.
    pub fn show(&mut self, fraction: f64) {
        if self.is_shown && self.begun.elapsed() >= SHORT {
            let bar = self.bar.get_or_insert_with(new_bar);
            bar.set_position((fraction * STEPS as f64) as u64);
        }
    }

    /// Removes the bar.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{wide_bar} {percent} %, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
