//! A consumer that writes a line for each event.

use std::fmt;
use std::io;
use std::time::Duration;

use execsnoop_clikit::BufferedOutput;
use execsnoop_clikit::Discarded;
use execsnoop_clikit::OutputTarget;
use execsnoop_events::Event;
use execsnoop_events::json::Annotations;

use crate::pipeline::Consumer;

/// How events become lines.
pub trait LineFormat: fmt::Debug {
    /// Appends what comes before all events.
    fn header(&mut self, out: &mut Vec<u8>);

    /// Says how wide lines may be from now on.
    fn set_width(&mut self, _width: Option<usize>) {}

    /// Appends an event; nothing for an event that has no line.
    fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>);
}

/// Writes events in a format to a target. Lines collect in a buffer, and are written together.
#[derive(Debug)]
pub struct LineOutput<F> {
    format: F,
    output: BufferedOutput,
    /// Lines are to fit the terminal.
    fits_terminal: bool,
}

impl<F> LineOutput<F> {
    /// Lines in this format, written to this target.
    pub fn new(format: F, target: OutputTarget) -> Self {
        Self {
            format,
            output: BufferedOutput::new(target),
            fits_terminal: false,
        }
    }

    /// The same; if the target is a terminal, lines are to fit it.
    pub fn fitting_terminal(self) -> Self {
        Self {
            fits_terminal: true,
            ..self
        }
    }
}

impl<F: LineFormat> LineOutput<F> {
    /// A terminal can change its width at any time.
    fn measure(&mut self) {
        if self.fits_terminal {
            self.format.set_width(self.output.target().width());
        }
    }
}

impl<F: LineFormat> Consumer for LineOutput<F> {
    /// Empties the file and begins with the header. If tracing cannot begin, an earlier trace in
    /// that file is not lost.
    fn begin(&mut self) -> anyhow::Result<()> {
        self.output.target().truncate()?;
        self.measure();
        self.format.header(self.output.buffer());
        self.output.end_header();
        Ok(())
    }

    fn event(&mut self, event: &Event<'_>, notes: &Annotations<'_>, weight: u64) {
        self.format.event(self.output.buffer(), event, notes);
        self.output.end_events(weight);
    }

    fn flush(&mut self, wait: Duration) -> io::Result<bool> {
        self.measure();
        self.output.flush(wait)
    }

    fn take_shown(&mut self) -> u64 {
        self.output.take_written()
    }

    fn discard(&mut self) -> Discarded {
        self.output.discard()
    }

    fn pending_bytes(&self) -> usize {
        self.output.pending_bytes()
    }

    fn name(&self) -> String {
        self.output.target().name()
    }
}
