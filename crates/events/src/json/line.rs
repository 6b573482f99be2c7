//! A line of JSON while it is being written.

/// The minimum room in the buffer, so that short pieces need no check of their own.
const SHORT: usize = 64;

/// The step by which the buffer grows: the length of most lines.
const STEP: usize = 1024;

/// Appends a line to a buffer.
///
/// The buffer is longer than the line, so that a piece takes one look at the room, a few moves, and
/// one new length. What is marked `inline(always)` is so for the names of fields: they are
/// constants, and become moves of constants only where the compiler knows which name it is.
pub(crate) struct Line<'o> {
    out: &'o mut Vec<u8>,
    /// Where the line ends so far.
    at: usize,
}

impl<'o> Line<'o> {
    /// A new line at the end of the buffer.
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        let at = out.len();
        Self { out, at }
    }

    /// Ends the line.
    pub(crate) fn end(self) {
        self.out.truncate(self.at);
    }

    /// Appends a text without change.
    #[inline]
    pub(crate) fn append(&mut self, text: &[u8]) {
        copy(self.room(text.len()), text);
        self.at += text.len();
    }

    /// Appends a number.
    #[inline]
    pub(crate) fn number(&mut self, number: impl itoa::Integer) {
        self.append(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Appends a text that needs no escapes, in quotes.
    #[inline]
    pub(crate) fn quoted(&mut self, text: &str) {
        let n = text.len();
        let room = self.room(n + 2);
        room[0] = b'"';
        copy(&mut room[1..], text.as_bytes());
        room[n + 1] = b'"';
        self.at += n + 2;
    }

    /// Appends the name of a field, which needs no escapes, and the punctuation around it.
    #[inline(always)]
    pub(crate) fn name(&mut self, first: bool, name: &str) {
        let (n, start) = (name.len(), usize::from(!first));
        let room = self.room(n + 4);
        room[0] = b',';
        room[start] = b'"'; // of the first field in the place of the comma
        copy(&mut room[start + 1..], name.as_bytes());
        room[start + n + 1..start + n + 3].copy_from_slice(b"\":");
        self.at += start + n + 3;
    }

    /// The room behind the line: at least this many bytes.
    #[inline(always)]
    fn room(&mut self, n: usize) -> &mut [u8] {
        if self.out.len() < self.at + n + SHORT {
            self.grow(n);
        }
        &mut self.out[self.at..]
    }

    #[cold]
    fn grow(&mut self, n: usize) {
        self.out.resize(self.at + n + SHORT + STEP, 0);
    }
}

/// Copies a text to the beginning of `room`. To call a function for that takes longer than the
/// moves that a short text needs: its first and its last bytes, which may overlap.
#[inline(always)]
fn copy(room: &mut [u8], text: &[u8]) {
    match text.len() {
        0 => {}
        1 => room[0] = text[0],
        2..4 => copy_ends::<2>(room, text),
        4..8 => copy_ends::<4>(room, text),
        8..16 => copy_ends::<8>(room, text),
        16..=32 => copy_ends::<16>(room, text),
        n => room[..n].copy_from_slice(text),
    }
}

#[inline(always)]
fn copy_ends<const N: usize>(room: &mut [u8], text: &[u8]) {
    if let (Some(first), Some(last)) = (text.first_chunk::<N>(), text.last_chunk::<N>()) {
        room[..N].copy_from_slice(first);
        room[text.len() - N..text.len()].copy_from_slice(last);
    }
}
