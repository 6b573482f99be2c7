//! Values as people read them.

use std::io::Write as _;

use bpfrun::Value;
use execsnoop_events::quote;

/// What stands where there is no value.
const ABSENT: &[u8] = b"-";

/// Appends a value as it stands in a cell of a table. No bytes of it can command a terminal or
/// break a line.
pub fn cell(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Absent => out.extend_from_slice(ABSENT),
        Value::Text(bytes) => quote::plain(out, bytes),
        Value::Texts(_) => joined(out, value.texts(), b" ", |out, text| {
            quote::shell(out, text)
        }),
        Value::Bytes(bytes) => hex(out, bytes),
        Value::Enum(Some(name), _) => quote::plain(out, name.as_bytes()),
        Value::Array(values) => {
            out.push(b'[');
            joined(out, values.iter(), b" ", cell);
            out.push(b']');
        }
        Value::Record(fields) => joined(out, fields.iter(), b" ", |out, (name, value)| {
            quote::plain(out, name.as_bytes());
            out.push(b'=');
            cell(out, value);
        }),
        number => scalar(out, number),
    }
}

fn scalar(out: &mut Vec<u8>, value: &Value<'_>) {
    let written = match value {
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Uint(value) => write!(out, "{value}"),
        Value::Int128(value) => write!(out, "{value}"),
        Value::Uint128(value) => write!(out, "{value}"),
        Value::Float(value) => write!(out, "{value}"),
        Value::Pointer(value) => write!(out, "{value:#x}"),
        Value::Enum(_, value) => write!(out, "{value}"),
        _ => Ok(()),
    };
    written.expect("writing to memory");
}

/// Appends bytes in hexadecimal.
pub fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

fn joined<T>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    separator: &[u8],
    mut each: impl FnMut(&mut Vec<u8>, T),
) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        each(out, item);
    }
}

/// Visits the fields of a struct, and those of structs in it, in their order; else the value
/// itself.
pub fn leaves<'v, 'a>(value: &'v Value<'a>, each: &mut impl FnMut(&'v Value<'a>)) {
    match value {
        Value::Record(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(_, value)| leaves(value, each));
        }
        other => each(other),
    }
}

/// The paths of the same, each behind `name`; of what is no struct, `name` itself.
pub fn leaf_names(name: &str, value: &Value<'_>, into: &mut Vec<String>) {
    match value {
        Value::Record(fields) if !fields.is_empty() => {
            for (field, value) in fields {
                let path = match name {
                    "" => (*field).to_owned(),
                    name => format!("{name}.{field}"),
                };
                leaf_names(&path, value, into);
            }
        }
        _ => into.push(if name.is_empty() { "value" } else { name }.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &Value<'_>) -> String {
        let mut out = Vec::new();
        cell(&mut out, value);
        String::from_utf8(out).expect("UTF-8")
    }

    /// Every kind of value.
    #[test]
    fn cells() {
        let inner = Value::Record(vec![("a", Value::Int(-1)), ("b", Value::Bool(true))]);
        for (value, expected) in [
            (Value::Absent, "-"),
            (Value::Uint(7), "7"),
            (Value::Pointer(0xffff), "0xffff"),
            (Value::Enum(Some("UP"), 1), "UP"),
            (Value::Enum(None, 9), "9"),
            (Value::Text(b"a\x1b[2J"), "a\\x1b[2J"),
            (Value::Texts(b"ls\0two words\0"), "ls 'two words'"),
            (Value::Bytes(b"\x0a\xff"), "0aff"),
            (Value::Array(vec![Value::Uint(1), inner]), "[1 a=-1 b=true]"),
        ] {
            assert_eq!(shown(&value), expected);
        }
    }

    /// Fields and their names go together.
    #[test]
    fn names_of_leaves() {
        let inner = Value::Record(vec![("pid", Value::Uint(1)), ("tid", Value::Uint(2))]);
        let value = Value::Record(vec![("key", inner), ("n", Value::Uint(3))]);
        let mut names = Vec::new();
        leaf_names("", &value, &mut names);
        assert_eq!(names, ["key.pid", "key.tid", "n"]);
        let mut values = Vec::new();
        leaves(&value, &mut |leaf| values.push(leaf.as_u64()));
        assert_eq!(values, [Some(1), Some(2), Some(3)]);
    }
}
