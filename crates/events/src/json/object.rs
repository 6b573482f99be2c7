//! JSON of anything that is not an event.

use std::io;

use serde::Serialize;
use serde_json::ser::CompactFormatter;
use serde_json::ser::Formatter;

use crate::text::quote::printable;

/// Appends anything that is not an event to `out` as one line, with its newline, and as safe to
/// look at.
pub fn write_object(out: &mut Vec<u8>, object: &impl Serialize) -> serde_json::Result<()> {
    let mut json = serde_json::Serializer::with_formatter(&mut *out, SafeForTerminals);
    object.serialize(&mut json)?;
    out.push(b'\n');
    Ok(())
}

/// JSON as `serde_json` writes it, but with every character escaped that does not show as itself.
pub(super) struct SafeForTerminals;

impl Formatter for SafeForTerminals {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(|c| !printable(c)) {
            let (shown, from) = rest.split_at(at);
            writer.write_all(shown.as_bytes())?;
            let c = from.chars().next().expect("find gave the start of one");
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &from[c.len_utf8()..];
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}
