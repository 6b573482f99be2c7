//! Events as JSON lines: a contract with the programs that read them.
//!
//! Fields are added, never renamed or removed. What a source cannot know is null, never left out
//! (except `errno` and `args_b64`, which belong to some records only). Numbers that may reach 2^53
//! are strings, but for times: those do after 104 days. Text that is not UTF-8 shows U+FFFD; of
//! arguments, `args_b64` then holds the exact bytes. Characters that could command a terminal are
//! escaped, so that a line can be looked at.

mod annotations;
pub(crate) mod line;
mod object;
pub(crate) mod record_macros;
pub(crate) mod records;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod values;
pub(crate) mod writer;

use crate::event::Event;
use line::Line;
use writer::Json;

pub use annotations::Annotations;
pub use object::write_object;
pub(crate) use records::serialize;

/// Appends an event to `out` as one line, with its newline. Allocates nothing unless `out` must
/// grow or something in the event is not UTF-8.
pub fn write_line(out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
    let mut line = Line::new(out);
    match serialize(event, notes, Json(&mut line)) {
        Some(Ok(())) => {
            line.append(b"\n");
            line.end();
        }
        None => {} // no line of their own: they only complete others
    }
}
