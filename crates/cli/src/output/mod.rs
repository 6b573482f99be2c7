//! From events to bytes, and from there to a file or a terminal.

mod csv;
mod layout;
mod line;
mod text;
mod units;

use std::io;
use std::time::Duration;

use execsnoop_clikit::OutputTarget;
use execsnoop_events::Event;
use execsnoop_events::json;
use execsnoop_events::json::Annotations;

use crate::args::Args;
use crate::args::Color;
use crate::output::csv::CsvFormat;
use crate::output::text::TextFormat;

pub use crate::output::layout::Layout;
pub use crate::output::layout::Needs;
pub use crate::output::layout::field_of_column;

/// Where events go, and in which form. Lines collect in a buffer that is used over and over, and are
/// written together.
#[derive(Debug)]
pub struct Output {
    form: Form,
    buffer: Vec<u8>,
    /// How much of the buffer is written already.
    written: usize,
    target: OutputTarget,
}

#[derive(Debug)]
enum Form {
    Text(Box<TextFormat>),
    Json,
    Csv(CsvFormat),
}

impl Output {
    /// Opens what `args` name: a file; else stderr when a command has stdout; else stdout.
    pub fn open(args: &Args, layout: Layout) -> anyhow::Result<Self> {
        let target = match &args.output {
            Some(path) => OutputTarget::create_private(path)?,
            None if args.command.is_empty() => OutputTarget::stream(io::stdout())?,
            None => OutputTarget::stream(io::stderr())?,
        };
        Ok(Self {
            form: Form::new(args, layout, target.is_terminal()),
            buffer: Vec::new(),
            written: 0,
            target,
        })
    }

    /// Makes the file empty, and begins with the header. To be called when tracing has begun: if it
    /// cannot, an earlier trace in that file is not lost.
    pub fn begin(&mut self) -> anyhow::Result<()> {
        self.target.truncate()?;
        self.header();
        Ok(())
    }

    /// The output's name for a message.
    pub fn name(&self) -> String {
        self.target.name()
    }

    fn header(&mut self) {
        match &mut self.form {
            Form::Text(text) => text.header(&mut self.buffer),
            Form::Csv(csv) => csv.header(&mut self.buffer),
            Form::Json => {}
        }
    }

    /// Formats an event into the buffer.
    pub fn format(&mut self, event: &Event<'_>, notes: &Annotations<'_>) {
        match &mut self.form {
            Form::Text(text) => text.event(&mut self.buffer, event, notes),
            Form::Csv(csv) => csv.event(&mut self.buffer, event, notes),
            Form::Json => json::write_line(&mut self.buffer, event, notes),
        }
    }

    /// Writes what can be written without blocking; waits for the reader at most `wait`. Returns whether
    /// all is written.
    pub fn flush(&mut self, wait: Duration) -> io::Result<bool> {
        if !self.buffer.is_empty() {
            self.written += self.target.write(&self.buffer[self.written..], wait)?;
        }
        let all = self.written == self.buffer.len();
        if all {
            self.buffer.clear();
            self.written = 0;
        }
        Ok(all)
    }

    /// Whether people look at it as it is written.
    pub fn is_terminal(&self) -> bool {
        self.target.is_terminal()
    }

    /// How many bytes wait to be written.
    pub fn waiting(&self) -> usize {
        self.buffer.len() - self.written
    }
}

impl Form {
    fn new(args: &Args, layout: Layout, terminal: bool) -> Self {
        match layout {
            Layout::Text {
                columns,
                args: shows_args,
            } => {
                let colored = colored(args.color, terminal);
                let text = TextFormat::new(args, columns, shows_args, terminal, colored);
                Self::Text(Box::new(text))
            }
            Layout::Json => Self::Json,
            Layout::Csv { columns, .. } => Self::Csv(CsvFormat::new(columns)),
        }
    }
}

/// <https://no-color.org>: any value but an empty one.
pub fn colored(wish: Color, terminal: bool) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match wish {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !refused,
    }
}
