//! From events to bytes, and from there to a file or a terminal.

mod csv;
mod text;

use std::fs::File;
use std::io;
use std::io::IsTerminal as _;
use std::io::Write;

use anyhow::Context as _;
use execsnoop_events::Event;
use execsnoop_events::json;

use crate::args::Args;
use crate::args::Color;
use crate::args::Format;
use crate::output::csv::CsvFormat;
use crate::output::text::TextFormat;

/// Where events go, and in which form. Lines collect in a buffer that is used over and over, and are
/// written together.
pub struct Output {
    form: Form,
    buffer: Vec<u8>,
    target: Box<dyn Write>,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output")
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Form {
    Text(Box<TextFormat>),
    Json,
    Csv(CsvFormat),
}

impl Output {
    /// Opens what `args` name: a file; else stderr when a command has stdout; else stdout.
    pub fn open(args: &Args) -> anyhow::Result<Self> {
        let (target, terminal): (Box<dyn Write>, bool) = match &args.output {
            Some(path) => {
                let file = File::create(path);
                let file = file.with_context(|| format!("cannot write to {path:?}"))?;
                let terminal = file.is_terminal();
                (Box::new(file), terminal)
            }
            None if args.command.is_empty() => {
                (Box::new(io::stdout().lock()), io::stdout().is_terminal())
            }
            None => (Box::new(io::stderr().lock()), io::stderr().is_terminal()),
        };
        let mut output = Self {
            form: Form::new(args, terminal),
            buffer: Vec::new(),
            target,
        };
        output.header();
        Ok(output)
    }

    fn header(&mut self) {
        match &mut self.form {
            Form::Text(text) => text.header(&mut self.buffer),
            Form::Csv(csv) => csv.header(&mut self.buffer),
            Form::Json => {}
        }
    }

    /// Formats an event into the buffer.
    pub fn format(&mut self, event: &Event<'_>) {
        match &mut self.form {
            Form::Text(text) => text.event(&mut self.buffer, event),
            Form::Csv(csv) => csv.event(&mut self.buffer, event),
            Form::Json => json::write_line(&mut self.buffer, event),
        }
    }

    /// Writes the buffer out.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.target.write_all(&self.buffer);
        self.buffer.clear();
        written.and_then(|()| self.target.flush())
    }
}

impl Form {
    fn new(args: &Args, terminal: bool) -> Self {
        match args.format {
            Format::Text => Self::Text(Box::new(TextFormat::new(
                args,
                terminal,
                colored(args, terminal),
            ))),
            Format::Json => Self::Json,
            Format::Csv => Self::Csv(CsvFormat::default()),
        }
    }
}

/// <https://no-color.org>: any value but an empty one.
fn colored(args: &Args, terminal: bool) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match args.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !refused,
    }
}
