//! JSON into memory: what `serde_json` with [`SafeForTerminals`](super::object::SafeForTerminals)
//! would write, byte for byte, for the values that records have.
//!
//! Nearly every text needs no escapes. One check of the whole text confirms this, and then it is
//! copied.

use std::fmt;
use std::fmt::Write as _;

use serde::Serialize;
use serde::ser::Impossible;
use serde::ser::SerializeMap;
use serde::ser::SerializeSeq;
use serde::ser::SerializeStruct;
use serde::ser::Serializer;

use super::line::Line;
use crate::text::quote;
use crate::text::quote::printable;

/// Writing into memory cannot fail.
#[derive(Debug)]
pub(crate) enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl serde::ser::Error for Never {
    fn custom<T: fmt::Display>(why: T) -> Self {
        unreachable!("records can be serialized: {why}")
    }
}

/// Appends one value.
pub(crate) struct Json<'l, 'o>(pub(crate) &'l mut Line<'o>);

/// Methods for kinds of values that records do not have.
macro_rules! refuse {
    ($($method:ident($($type:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $type),*) -> Result<$ok, Never> {
            unreachable!("no record has such a value")
        })*
    };
}

macro_rules! numbers {
    ($($method:ident($type:ty);)*) => {
        $(#[inline]
        fn $method(self, number: $type) -> Result<(), Never> {
            self.0.number(number);
            Ok(())
        })*
    };
}

impl<'l, 'o> Serializer for Json<'l, 'o> {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Within<'l, 'o>;
    type SerializeMap = Within<'l, 'o>;
    type SerializeStruct = Within<'l, 'o>;
    type SerializeTuple = Impossible<(), Never>;
    type SerializeTupleStruct = Impossible<(), Never>;
    type SerializeTupleVariant = Impossible<(), Never>;
    type SerializeStructVariant = Impossible<(), Never>;

    numbers! {
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Never> {
        let word: &[u8] = if value { b"true" } else { b"false" };
        self.0.append(word);
        Ok(())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), Never> {
        string(self.0, text);
        Ok(())
    }

    fn collect_str<T: ?Sized + fmt::Display>(self, value: &T) -> Result<(), Never> {
        self.0.append(b"\"");
        write!(Escaping(self.0), "{value}").expect("memory takes everything");
        self.0.append(b"\"");
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Never> {
        self.0.append(b"null");
        Ok(())
    }

    #[inline]
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Never> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Never> {
        self.serialize_none()
    }

    #[inline]
    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Within<'l, 'o>, Never> {
        Ok(Within::begin(self.0, b"[", b"]"))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Within<'l, 'o>, Never> {
        Ok(Within::begin(self.0, b"{", b"}"))
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Within<'l, 'o>, Never> {
        Ok(Within::begin(self.0, b"{", b"}"))
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Never> {
        unreachable!("no record has such a value")
    }

    refuse! {
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}

/// A list or an object that is being written.
pub(crate) struct Within<'l, 'o> {
    line: &'l mut Line<'o>,
    first: bool,
    close: &'static [u8; 1],
}

impl<'l, 'o> Within<'l, 'o> {
    #[inline]
    fn begin(line: &'l mut Line<'o>, open: &[u8; 1], close: &'static [u8; 1]) -> Self {
        line.append(open);
        Self {
            line,
            first: true,
            close,
        }
    }

    #[inline]
    fn separate(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.line.append(b",");
        }
    }

    #[inline]
    fn value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        value.serialize(Json(self.line))
    }

    #[inline]
    fn close(self) -> Result<(), Never> {
        self.line.append(self.close);
        Ok(())
    }
}

impl SerializeSeq for Within<'_, '_> {
    type Ok = ();
    type Error = Never;

    #[inline]
    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        self.separate();
        self.value(value)
    }

    #[inline]
    fn end(self) -> Result<(), Never> {
        self.close()
    }
}

/// Maps are the environments of processes: their keys are any texts.
impl SerializeMap for Within<'_, '_> {
    type Ok = ();
    type Error = Never;

    #[inline]
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Never> {
        self.separate();
        key.serialize(Json(self.line))?;
        self.line.append(b":");
        Ok(())
    }

    #[inline]
    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        self.value(value)
    }

    #[inline]
    fn end(self) -> Result<(), Never> {
        self.close()
    }
}

impl SerializeStruct for Within<'_, '_> {
    type Ok = ();
    type Error = Never;

    #[inline(always)]
    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        let first = std::mem::replace(&mut self.first, false);
        self.line.name(first, key);
        self.value(value)
    }

    #[inline]
    fn end(self) -> Result<(), Never> {
        self.close()
    }
}

#[inline]
fn string(line: &mut Line<'_>, text: &str) {
    match plain(text) {
        true => line.quoted(text),
        false => {
            line.append(b"\"");
            escaped_one_by_one(line, text);
            line.append(b"\"");
        }
    }
}

#[inline]
fn plain(text: &str) -> bool {
    quote::each_byte(text.as_bytes(), |byte| {
        matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
    })
}

/// Escapes the text that is written to it.
struct Escaping<'l, 'o>(&'l mut Line<'o>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        match plain(text) {
            true => self.0.append(text.as_bytes()),
            false => escaped_one_by_one(self.0, text),
        }
        Ok(())
    }
}

fn escaped_one_by_one(line: &mut Line<'_>, text: &str) {
    let mut done = 0;
    for (at, c) in text.char_indices() {
        if !printable(c) || matches!(c, '"' | '\\') {
            line.append(&text.as_bytes()[done..at]);
            escape(line, c);
            done = at + c.len_utf8();
        }
    }
    line.append(&text.as_bytes()[done..]);
}

fn escape(line: &mut Line<'_>, c: char) {
    let short = match c {
        '"' | '\\' => c,
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{c}' => 'f',
        '\r' => 'r',
        _ => return by_number(line, c),
    };
    line.append(&[b'\\', short as u8]);
}

fn by_number(line: &mut Line<'_>, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        line.append(b"\\u");
        for shift in [12, 8, 4, 0] {
            line.append(&[b"0123456789abcdef"[usize::from(*unit >> shift & 15)]]);
        }
    }
}
