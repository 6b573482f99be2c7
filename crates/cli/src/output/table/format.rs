//! The lines of a table.

use execsnoop_events::Ancestor;
use execsnoop_events::Argv;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::fastfmt::decimal;
use execsnoop_events::json::Annotations;
use execsnoop_events::quote;

use super::arguments::Called;
use super::arguments::argument;
use super::arguments::join;
use super::arguments::whole_characters;
use super::cells::Column;
use super::context::Context;
use super::context::write_to;
use super::line::Line;
use super::line_width;
use super::options::TableOptions;
use super::table_column::TableColumn;
use crate::output::line_output::LineFormat;
use crate::output::record_cells::RecordCells;

/// On a terminal, an argument longer than this is shortened.
const LONG_ARGUMENT: usize = 1024;

/// How much of it is shown.
const SHOWN_OF_LONG: usize = 256;

/// Arguments that bcc's and libbpf-tools' execsnoop show by default, including the file name.
const COMPAT_MAX_ARGS: usize = 20;

const BOLD: &[u8] = b"\x1b[1m";
const RED: &[u8] = b"\x1b[31m";
const DIM: &[u8] = b"\x1b[2m";
const REVERSE: &[u8] = b"\x1b[7m";
const RESET: &[u8] = b"\x1b[0m";

type Quote = fn(&mut Vec<u8>, &[u8]);

/// Formats events as lines of a table.
#[derive(Debug)]
pub struct Table {
    columns: Vec<TableColumn>,
    /// The values of columns that show a field.
    cells: RecordCells,
    /// The widest line; `None` for any.
    max_width: Option<usize>,
    /// Each line ends with the arguments.
    has_args: bool,
    quote: Quote,
    max_args: usize,
    abridge: bool,
    is_colored: bool,
    pub(super) context: Context,
}

impl Table {
    /// A table with these columns, and with the arguments after them if `has_args`.
    pub fn new(options: &TableOptions, columns: Vec<TableColumn>, has_args: bool) -> Self {
        let default_max = options.compat.map_or(usize::MAX, |_| COMPAT_MAX_ARGS);
        let quote: Quote = match (options.double_quotes, options.compat) {
            (true, _) => quote::double,
            (false, None) => quote::shell,
            (false, Some(_)) => quote::loose,
        };
        let fields = columns.iter().filter_map(|column| match column {
            TableColumn::Own(_) => None,
            TableColumn::Field(field) => Some(*field),
        });
        Self {
            cells: RecordCells::new(fields.collect()),
            max_width: options.max_width,
            columns,
            has_args,
            quote,
            max_args: options.max_args.unwrap_or(default_max),
            abridge: options.abridge && options.compat.is_none(),
            is_colored: options.is_colored,
            context: Context::new(options.compat),
        }
    }

    fn line(&self, out: &mut Vec<u8>, line: &Line<'_>) {
        let begin = out.len();
        let mut fields = 0..;
        for column in &self.columns {
            match column {
                TableColumn::Own(own) => self.own_column(out, column, own, line),
                TableColumn::Field(_) => column.pad(out, |cell| {
                    let fill = |cell: &mut Vec<u8>, at| self.cells.write(cell, at);
                    or_dash(cell, |cell| {
                        fields.next().into_iter().for_each(|at| fill(cell, at))
                    });
                }),
            }
        }
        if self.has_args {
            self.what_ran(out, line);
        }
        if let Some(tries) = line.notes.tries.filter(|tries| *tries > 1) {
            out.push(b' ');
            self.note(out, format_args!("<{tries} tries>"));
        }
        self.ancestors(out, line.notes.ancestors.unwrap_or_default());
        self.fit(out, begin);
        out.push(b'\n');
    }

    /// Cuts the line that begins here if it is too wide. No argument looks like the mark, since `>`
    /// is quoted.
    fn fit(&self, out: &mut Vec<u8>, begin: usize) {
        let end = self
            .max_width
            .and_then(|width| line_width::end_within(&out[begin..], width));
        if let Some(end) = end {
            out.truncate(begin + end);
            self.color(out, RESET);
            self.color(out, REVERSE);
            out.push(b'>');
            self.color(out, RESET);
        }
    }

    /// A column of the table's own, in red if its value deserves attention.
    fn own_column(&self, out: &mut Vec<u8>, column: &TableColumn, own: &Column, line: &Line<'_>) {
        let is_bad = (own.is_bad)(line);
        if is_bad {
            self.color(out, RED);
        }
        column.pad(out, |cell| {
            or_dash(cell, |cell| (own.fill)(&self.context, cell, line))
        });
        if is_bad {
            self.color(out, RESET);
        }
    }

    /// The arguments, or what is known instead of them.
    fn what_ran(&self, out: &mut Vec<u8>, line: &Line<'_>) {
        match &line.event.data {
            EventData::Fork(fork) => {
                out.extend_from_slice(if fork.vfork == Some(true) {
                    b"vfork"
                } else {
                    b"-"
                });
            }
            EventData::Exec(exec) => self.arguments(out, &Called::by_exec(exec)),
            _ => match line.image.filter(|image| !image.args.is_unknown()) {
                Some(image) => self.arguments(out, &Called::by_image(&image)),
                None => self.name_only(out, line.comm.unwrap_or_default()),
            },
        }
    }

    /// The name in brackets, as ps shows a process whose arguments are not known.
    fn name_only(&self, out: &mut Vec<u8>, comm: &[u8]) {
        out.push(b'[');
        quote::plain(out, if comm.is_empty() { b"-" } else { comm });
        out.push(b']');
    }

    /// Puts the ancestors at the end of the line. An argument `<` would be quoted, so that this
    /// cannot be mistaken for one.
    fn ancestors(&self, out: &mut Vec<u8>, ancestors: &[Ancestor<'_>]) {
        if ancestors.is_empty() {
            return;
        }
        self.color(out, DIM);
        for ancestor in ancestors {
            out.extend_from_slice(b" <- ");
            quote::shell(out, ancestor.comm);
            out.push(b'(');
            decimal(out, ancestor.process.pid);
            out.push(b')');
        }
        self.color(out, RESET);
    }

    fn arguments(&self, out: &mut Vec<u8>, called: &Called<'_>) {
        // The file name of a failed exec matters most: it tells which file was not found.
        let by_file = self.context.compat.is_some() || called.failed;
        let args: &mut dyn Iterator<Item = Option<&[u8]>> = match by_file {
            true => &mut called.as_called(),
            false => &mut called.args.iter(),
        };
        let mut rest = args.peekable();
        join(out, rest.by_ref().take(self.max_args), |out, arg| {
            self.argument(out, arg)
        });
        if rest.peek().is_some() {
            out.extend_from_slice(b" ...");
        }
        if called.args.is_shortened() {
            let (known, total) = (called.args.known_bytes(), called.args.total_bytes());
            out.push(b' ');
            self.note(out, format_args!("<cut: {known} of {total} bytes>"));
        }
        if !called.args.is_complete() {
            self.incomplete(out, &called.args);
        }
    }

    fn argument(&self, out: &mut Vec<u8>, arg: Option<&[u8]>) {
        match arg {
            Some(long) if self.abridge && long.len() > LONG_ARGUMENT => {
                (self.quote)(out, whole_characters(&long[..SHOWN_OF_LONG]));
                self.note(out, format_args!("…<{} bytes>", long.len()));
            }
            _ => argument(out, arg, self.quote),
        }
    }

    fn incomplete(&self, out: &mut Vec<u8>, args: &Argv<'_>) {
        let (known, total) = (args.known_bytes(), args.total_bytes());
        out.push(b' ');
        if args.is_unknown() {
            self.note(out, format_args!("<arguments unreadable>"));
        } else if known < total && !args.is_shortened() {
            self.note(out, format_args!("<incomplete: {known} of {total} bytes>"));
        } else {
            self.note(out, format_args!("<incomplete>"));
        }
    }

    /// A remark of the tracer. No argument looks like it, since `<` is quoted; except in the
    /// columns of other tools, which have no quotes.
    fn note(&self, out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
        self.color(out, DIM);
        write_to(out, text);
        self.color(out, RESET);
    }

    fn color(&self, out: &mut Vec<u8>, code: &[u8]) {
        if self.is_colored {
            out.extend_from_slice(code);
        }
    }
}

/// Fills a cell; a dash if there is no value.
fn or_dash(cell: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let begin = cell.len();
    fill(cell);
    if cell.len() == begin {
        cell.push(b'-');
    }
}

impl LineFormat for Table {
    /// Appends the headings.
    fn header(&mut self, out: &mut Vec<u8>) {
        self.color(out, BOLD);
        let begin = out.len();
        for column in &self.columns {
            column.heading(out);
        }
        if self.has_args {
            out.extend_from_slice(b"ARGS");
        }
        self.fit(out, begin);
        self.color(out, RESET);
        out.push(b'\n');
    }

    fn set_width(&mut self, width: Option<usize>) {
        self.max_width = width;
    }

    fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
        if let EventData::Clock(_) = event.data {
            self.context.begin_ns.get_or_insert(event.boot_ns);
        }
        if let Some(line) = Line::of(event, notes) {
            self.cells.fill(event, notes);
            self.line(out, &line);
        }
    }
}
