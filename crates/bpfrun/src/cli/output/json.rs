//! JSON lines. docs/bpfrun.md describes them; they are a contract.

use std::io::Write as _;

use bpfrun::Event;
use bpfrun::Value;
use execsnoop_events::quote::printable;

use crate::cli::output::show::hex;

/// Readers that take all numbers for floating-point ones know integers exactly up to here.
const EXACT: u64 = 1 << 53;

/// Appends one line, which `fields` fills.
pub fn line(out: &mut Vec<u8>, kind: &str, time: &str, fields: impl FnOnce(&mut Fields<'_>)) {
    out.extend_from_slice(b"{\"type\":");
    string(out, kind.as_bytes());
    let mut object = Fields { out };
    object.text("time", time);
    fields(&mut object);
    out.extend_from_slice(b"}\n");
}

/// Appends an event.
pub fn event(out: &mut Vec<u8>, time: &str, event: &Event<'_>) {
    line(out, "event", time, |object| {
        object.text("map", event.map);
        match event.type_name {
            "" => object.raw("event", b"null"),
            name => object.text("event", name),
        }
        object.value(
            "cpu",
            &event
                .cpu
                .map_or(Value::Absent, |cpu| Value::Uint(u64::from(cpu))),
        );
        object.value("fields", &event.value);
    });
}

/// The fields of an object that is being written.
pub struct Fields<'o> {
    out: &'o mut Vec<u8>,
}

impl Fields<'_> {
    fn name(&mut self, name: &str) {
        self.out.push(b',');
        string(self.out, name.as_bytes());
        self.out.push(b':');
    }

    /// A field that is text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        string(self.out, text.as_bytes());
    }

    /// A field with any value. Of `fields` also what is no struct becomes an object.
    pub fn value(&mut self, name: &str, of: &Value<'_>) {
        self.name(name);
        match (name, of) {
            ("fields", Value::Record(_)) => value(self.out, of),
            ("fields", _) => {
                self.out.extend_from_slice(b"{\"value\":");
                value(self.out, of);
                self.out.push(b'}');
            }
            _ => value(self.out, of),
        }
    }

    /// A field whose JSON is there already.
    pub fn raw(&mut self, name: &str, json: &[u8]) {
        self.name(name);
        self.out.extend_from_slice(json);
    }
}

/// Appends a value.
pub fn value(out: &mut Vec<u8>, of: &Value<'_>) {
    match of {
        Value::Text(bytes) => string(out, bytes),
        Value::Texts(_) => list(out, of.texts(), string),
        Value::Enum(Some(name), _) => string(out, name.as_bytes()),
        Value::Bytes(bytes) => {
            out.push(b'"');
            hex(out, bytes);
            out.push(b'"');
        }
        Value::Array(values) => list(out, values.iter(), value),
        Value::Record(fields) => record(out, fields),
        scalar => number(out, scalar),
    }
}

fn record(out: &mut Vec<u8>, fields: &[(&str, Value<'_>)]) {
    out.push(b'{');
    for (index, (name, field)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(out, name.as_bytes());
        out.push(b':');
        value(out, field);
    }
    out.push(b'}');
}

fn list<T>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    mut each: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        each(out, item);
    }
    out.push(b']');
}

/// A number; one that not every reader knows exactly, as a string.
fn number(out: &mut Vec<u8>, of: &Value<'_>) {
    let written = match of {
        Value::Bool(value) => write!(out, "{value}"),
        Value::Uint(value) if *value <= EXACT => write!(out, "{value}"),
        Value::Uint(value) => write!(out, "\"{value}\""),
        Value::Int(value) | Value::Enum(_, value) if value.unsigned_abs() <= EXACT => {
            write!(out, "{value}")
        }
        Value::Int(value) | Value::Enum(_, value) => write!(out, "\"{value}\""),
        Value::Int128(value) => write!(out, "\"{value}\""),
        Value::Uint128(value) => write!(out, "\"{value}\""),
        Value::Pointer(value) => write!(out, "\"{value:#x}\""),
        Value::Float(value) if value.is_finite() => write!(out, "{value}"),
        _ => write!(out, "null"),
    };
    written.expect("writing to memory");
}

/// A string. What is not UTF-8 becomes U+FFFD; what does not show as itself is escaped, so that a
/// line can be looked at.
fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| character(out, c));
        if !chunk.invalid().is_empty() {
            character(out, char::REPLACEMENT_CHARACTER);
        }
    }
    out.push(b'"');
}

fn character(out: &mut Vec<u8>, c: char) {
    let mut buffer = [0; 4];
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\t' => out.extend_from_slice(b"\\t"),
        c if printable(c) => out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
        c => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("writing to memory");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(of: &Value<'_>) -> serde_json::Value {
        let mut out = Vec::new();
        value(&mut out, of);
        serde_json::from_slice(&out).expect("JSON")
    }

    /// An event is one flat line.
    #[test]
    fn an_event() {
        let fields = Value::Record(vec![("pid", Value::Uint(7)), ("comm", Value::Text(b"sh"))]);
        let mut out = Vec::new();
        let of = Event {
            map: "events",
            type_name: "event",
            cpu: Some(1),
            value: fields,
        };
        event(&mut out, "T", &of);
        let expected = "{\"type\":\"event\",\"time\":\"T\",\"map\":\"events\",\"event\":\"event\",\
                        \"cpu\":1,\"fields\":{\"pid\":7,\"comm\":\"sh\"}}\n";
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    }

    /// Large numbers keep all their digits.
    #[test]
    fn numbers() {
        assert_eq!(parsed(&Value::Uint(EXACT)), 9_007_199_254_740_992_u64);
        assert_eq!(parsed(&Value::Uint(u64::MAX)), "18446744073709551615");
        assert_eq!(parsed(&Value::Int(i64::MIN)), "-9223372036854775808");
        assert_eq!(parsed(&Value::Pointer(255)), "0xff");
        assert!(parsed(&Value::Float(f64::NAN)).is_null());
        assert_eq!(parsed(&Value::Float(1.5)), 1.5);
        assert!(parsed(&Value::Absent).is_null());
    }

    proptest! {
        /// Whatever bytes there are: valid JSON, in one line, without anything for a terminal.
        #[test]
        fn any_text(bytes: Vec<u8>) {
            let mut out = Vec::new();
            value(&mut out, &Value::Text(&bytes));
            let text = String::from_utf8(out).expect("UTF-8");
            prop_assert!(text.chars().all(printable));
            let back: String = serde_json::from_str(&text).expect("JSON");
            prop_assert_eq!(back, String::from_utf8_lossy(&bytes));
        }
    }
}
