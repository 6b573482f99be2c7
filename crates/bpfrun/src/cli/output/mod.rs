//! From events and maps to bytes, and from there to a file or a terminal.

pub mod csv;
pub mod json;
pub mod show;
pub mod table;
mod text;

use std::io;
use std::time::Duration;

use bpfrun::Event;
use bpfrun::Schema;
use execsnoop_clikit::BufferedOutput;
use execsnoop_clikit::Discarded;
use execsnoop_clikit::OutputTarget;

use crate::cli::args::Args;
use crate::cli::args::Format;
use crate::cli::clock::timestamp;
use crate::cli::output::csv::CsvFormat;
use crate::cli::output::text::TextFormat;

/// Where everything goes, and in which form. Lines collect in a buffer that is used over and over,
/// and are written together.
#[derive(Debug)]
pub struct Output {
    form: Form,
    output: BufferedOutput,
    /// When the events at hand were read.
    now: String,
}

/// The form of the output.
#[derive(Debug)]
pub enum Form {
    Text(TextFormat),
    Json,
    Csv(CsvFormat),
}

impl Output {
    /// Opens what `args` name: a file, or stdout.
    pub fn open(args: &Args) -> anyhow::Result<Self> {
        let target = match &args.output {
            Some(path) => OutputTarget::create_private(path)?,
            None => OutputTarget::stdout()?,
        };
        Ok(Self {
            form: Form::new(args.format, &[]),
            output: BufferedOutput::new(target),
            now: String::new(),
        })
    }

    /// Makes the file empty, and begins with the header. To be called when everything is attached:
    /// if it cannot be, what is in that file is not lost.
    pub fn begin(&mut self, format: Format, schemas: &[Schema]) -> anyhow::Result<()> {
        self.output.target().truncate()?;
        self.form = Form::new(format, schemas);
        match &self.form {
            Form::Text(text) => text.header(self.output.buffer()),
            Form::Csv(csv) => csv.header(self.output.buffer()),
            Form::Json => {}
        }
        Ok(())
    }

    /// The output's name for a message.
    pub fn name(&self) -> String {
        self.output.target().name()
    }

    /// What is formatted from here on was read now.
    pub fn tick(&mut self) {
        self.now.clear();
    }

    /// Formats an event into the buffer.
    pub fn event(&mut self, event: &Event<'_>) {
        if self.now.is_empty() {
            self.now = timestamp();
        }
        match &mut self.form {
            Form::Text(text) => text.event(self.output.buffer(), event),
            Form::Csv(csv) => csv.event(self.output.buffer(), &self.now, event),
            Form::Json => json::event(self.output.buffer(), &self.now, event),
        }
        self.output.end_events(1);
    }

    /// The form and the buffer, for what is no event.
    pub fn parts(&mut self) -> (&Form, &mut Vec<u8>) {
        (&self.form, self.output.buffer())
    }

    /// Writes what can be written without blocking; waits for the reader at most `wait`. Returns
    /// whether all is written.
    pub fn flush(&mut self, wait: Duration) -> io::Result<bool> {
        self.output.flush(wait)
    }

    /// The events that were written since the last call.
    pub fn take_shown(&mut self) -> u64 {
        self.output.take_written()
    }

    /// Gives up what is not written, and says how much that is.
    pub fn discard(&mut self) -> Discarded {
        self.output.discard()
    }

    /// How many bytes wait to be written.
    pub fn waiting(&self) -> usize {
        self.output.pending_bytes()
    }
}

impl Form {
    fn new(format: Format, schemas: &[Schema]) -> Self {
        match format {
            Format::Text => Self::Text(TextFormat::new(schemas)),
            Format::Json => Self::Json,
            Format::Csv => Self::Csv(CsvFormat::new(schemas)),
        }
    }
}
