//! Aligned columns.

use crate::cli::output::show::cell;

/// No column is made wider than this for the sake of one long value.
const WIDEST: usize = 32;

/// Where all rows are known before, more is worth it.
const WIDEST_FITTED: usize = 60;

/// A table whose rows come one by one: a column grows when a longer value needs it.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    scratch: Vec<u8>,
}

#[derive(Debug)]
struct Column {
    title: String,
    width: usize,
    /// At the right of its column.
    number: bool,
}

impl Table {
    /// A table with these columns: titles, whether there are numbers in them, and their least
    /// widths.
    pub fn new(columns: impl IntoIterator<Item = (String, bool, usize)>) -> Self {
        let column = |(path, number, width): (String, bool, usize)| {
            let title = path.to_uppercase();
            Column {
                width: width.max(title.chars().count()),
                title,
                number,
            }
        };
        Self {
            columns: columns.into_iter().map(column).collect(),
            scratch: Vec::new(),
        }
    }

    /// Makes room for a row that will come.
    pub fn fit<'v, 'a: 'v>(&mut self, values: impl Iterator<Item = &'v bpfrun::Value<'a>>) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            self.scratch.clear();
            cell(&mut self.scratch, value);
            column.width = column.width.max(width(&self.scratch).min(WIDEST_FITTED));
        }
    }

    /// Appends the titles.
    pub fn header(&self, out: &mut Vec<u8>) {
        let last = self.columns.len().saturating_sub(1);
        for (index, column) in self.columns.iter().enumerate() {
            column.pad(out, column.title.as_bytes(), index, last);
        }
        out.push(b'\n');
    }

    /// Appends a row. Columns without a value stay empty.
    pub fn row<'v, 'a: 'v>(
        &mut self,
        out: &mut Vec<u8>,
        mut values: impl Iterator<Item = &'v bpfrun::Value<'a>>,
    ) {
        let last = self.columns.len().saturating_sub(1);
        for (index, column) in self.columns.iter_mut().enumerate() {
            self.scratch.clear();
            if let Some(value) = values.next() {
                cell(&mut self.scratch, value);
            }
            column.grow(width(&self.scratch));
            column.pad(out, &self.scratch, index, last);
        }
        out.push(b'\n');
    }
}

impl Column {
    fn grow(&mut self, width: usize) {
        self.width = self.width.max(width.min(WIDEST));
    }

    /// Appends a cell and the gap before it. Nothing follows the last one, so it needs no room.
    fn pad(&self, out: &mut Vec<u8>, text: &[u8], index: usize, last: usize) {
        if index > 0 {
            out.push(b' ');
        }
        let missing = self.width.saturating_sub(width(text));
        let spaces = |out: &mut Vec<u8>| out.resize(out.len() + missing, b' ');
        if self.number {
            spaces(out);
        }
        out.extend_from_slice(text);
        if !self.number && index < last {
            spaces(out);
        }
    }
}

/// How many columns of a terminal it takes. (Of what East Asian scripts need, half.)
fn width(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    String::from_utf8_lossy(text).chars().count()
}

#[cfg(test)]
mod tests {
    use bpfrun::Value;

    use super::*;

    /// Numbers stand at the right, text at the left, and a long value moves only what comes later.
    #[test]
    fn alignment() {
        let columns = [("pid", true, 7), ("comm", false, 14), ("args", false, 0)];
        let columns = columns.map(|(path, number, width)| (path.to_owned(), number, width));
        let mut table = Table::new(columns);
        let mut out = Vec::new();
        table.header(&mut out);
        for comm in [&b"sh"[..], b"a-rather-long-name", b"ls"] {
            let row = [Value::Uint(7), Value::Text(comm), Value::Text(b"x")];
            table.row(&mut out, row.iter());
        }
        let expected = "    PID COMM           ARGS\n\
                        \x20     7 sh             x\n\
                        \x20     7 a-rather-long-name x\n\
                        \x20     7 ls                 x\n";
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    }
}
