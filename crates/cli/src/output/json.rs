//! JSON lines.

use execsnoop_events::Event;
use execsnoop_events::json;
use execsnoop_events::json::Annotations;

use super::line_output::LineFormat;

/// Formats events as JSON, one object per line.
#[derive(Debug, Default)]
pub struct JsonFormat;

impl LineFormat for JsonFormat {
    fn header(&mut self, _: &mut Vec<u8>) {}

    fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, notes: &Annotations<'_>) {
        json::write_line(out, event, notes);
    }
}
