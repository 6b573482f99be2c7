//! A row of comma-separated values.

/// A row at the end of `out` while it is being written.
pub struct CsvRow<'a> {
    writer: &'a mut csv_core::Writer,
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> CsvRow<'a> {
    /// A row at the end of `out`.
    pub fn new(writer: &'a mut csv_core::Writer, out: &'a mut Vec<u8>) -> Self {
        Self {
            writer,
            out,
            is_empty: true,
        }
    }

    /// Adds a value.
    pub fn field(&mut self, value: &[u8]) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.append(0, |writer, room| writer.delimiter(room).1);
        }
        self.append(value.len(), |writer, room| writer.field(value, room).2);
    }

    /// Ends the row.
    pub fn end(mut self) {
        self.append(0, |writer, room| writer.terminator(room).1);
    }

    /// Appends what `write` makes of a value of `len` bytes: each byte can become two, and there
    /// are quotes and a separator besides.
    fn append(
        &mut self,
        len: usize,
        write: impl FnOnce(&mut csv_core::Writer, &mut [u8]) -> usize,
    ) {
        let start = self.out.len();
        self.out.resize(start + 2 * len + 4, 0);
        let written = write(self.writer, &mut self.out[start..]);
        self.out.truncate(start + written);
    }
}
