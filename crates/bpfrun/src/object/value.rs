//! What an event's field or a map's entry holds, whatever its type.

/// A value, as its type in the program's BTF describes it. Text and names are borrowed from the
/// record and from the type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// The record ends before it, or its type has nothing to show.
    Absent,
    /// A `bool`.
    Bool(bool),
    /// A signed integer of at most 64 bits. A single `char` is one too.
    Int(i64),
    /// An unsigned integer of at most 64 bits.
    Uint(u64),
    /// A signed integer of 128 bits.
    Int128(i128),
    /// An unsigned integer of 128 bits.
    Uint128(u128),
    /// A floating-point number.
    Float(f64),
    /// An enum's value, with its name if it has one.
    Enum(Option<&'a str>, i64),
    /// An address.
    Pointer(u64),
    /// A `char` array, up to its first NUL. Any bytes.
    Text(&'a [u8]),
    /// A `char` array that holds several strings, each ended by a NUL: all bytes of it that are
    /// used.
    Texts(&'a [u8]),
    /// Bytes that are not text: an array of `unsigned char`, or a record of unknown type.
    Bytes(&'a [u8]),
    /// An array.
    Array(Vec<Value<'a>>),
    /// A struct or a union: names and values, in the order of the declaration.
    Record(Vec<(&'a str, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// A field of a struct by its name, and fields of structs in it by dots: `key.pid`.
    pub fn get(&self, path: &str) -> Option<&Self> {
        let Self::Record(fields) = self else {
            return None;
        };
        let named = |name: &str| fields.iter().find(|(known, _)| *known == name);
        if let Some((_, value)) = named(path) {
            return Some(value);
        }
        let (first, rest) = path.split_once('.')?;
        named(first)?.1.get(rest)
    }

    /// As an unsigned number, if it is one that fits.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Self::Bool(value) => Some(u64::from(value)),
            Self::Uint(value) | Self::Pointer(value) => Some(value),
            Self::Int(value) | Self::Enum(_, value) => u64::try_from(value).ok(),
            Self::Int128(value) => u64::try_from(value).ok(),
            Self::Uint128(value) => u64::try_from(value).ok(),
            _ => None,
        }
    }

    /// As a signed number, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::Int(value) | Self::Enum(_, value) => Some(value),
            Self::Int128(value) => i64::try_from(value).ok(),
            _ => i64::try_from(self.as_u64()?).ok(),
        }
    }

    /// The bytes of a text (of several: those of the first).
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        match *self {
            Self::Text(bytes) | Self::Bytes(bytes) => Some(bytes),
            Self::Texts(_) => self.texts().next(),
            _ => None,
        }
    }

    /// A text as Rust knows it; what is not UTF-8 becomes U+FFFD.
    pub fn to_text(&self) -> Option<String> {
        let bytes = self.as_bytes()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The strings of a text; several when it holds several.
    pub fn texts(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (bytes, several) = match *self {
            Self::Texts(bytes) => (Some(bytes), true),
            Self::Text(bytes) => (Some(bytes), false),
            _ => (None, false),
        };
        let bytes = bytes.map(|bytes| match bytes {
            [all @ .., 0] if several => all, // the last one's end
            all => all,
        });
        // No bytes at all are no strings, but a single NUL is an empty one.
        let none = several && matches!(*self, Self::Texts(b""));
        let bytes = bytes.filter(|_| !none);
        bytes
            .into_iter()
            .flat_map(move |bytes| bytes.split(move |byte| several && *byte == 0))
    }

    /// The text up to its first NUL.
    pub(crate) fn text(bytes: &'a [u8]) -> Self {
        let end = bytes.iter().position(|byte| *byte == 0);
        Self::Text(&bytes[..end.unwrap_or(bytes.len())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields are found by their names, through nested structs.
    #[test]
    fn fields_by_path() {
        let inner = Value::Record(vec![("pid", Value::Uint(7))]);
        let value = Value::Record(vec![("key", inner), ("n", Value::Int(-1))]);
        assert_eq!(value.get("key.pid").and_then(Value::as_u64), Some(7));
        assert_eq!(value.get("n").and_then(Value::as_i64), Some(-1));
        assert_eq!(value.get("n").and_then(Value::as_u64), None);
        assert_eq!(value.get("key.none"), None);
    }

    /// Each string ends with a NUL, the last one perhaps with the array. Empty ones count.
    #[test]
    fn several_texts() {
        let texts = |bytes| Value::Texts(bytes).texts().collect::<Vec<_>>();
        assert_eq!(texts(b"ls\0-l\0"), [&b"ls"[..], b"-l"]);
        assert_eq!(texts(b"ls\0\0-l"), [&b"ls"[..], b"", b"-l"]);
        assert_eq!(texts(b"\0"), [b""]);
        assert!(texts(b"").is_empty());
        assert_eq!(Value::Text(b"a\0b").texts().count(), 1);
    }
}
