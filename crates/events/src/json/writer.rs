//! JSON into memory: what `serde_json` with [`SafeForTerminals`](super::SafeForTerminals) would write, byte
//! for byte, for the values that records have.
//!
//! Nearly every text is one that shows as it is. One look at all of it says so, and then it is copied.

use std::fmt;
use std::fmt::Write as _;

use serde::Serialize;
use serde::ser::Impossible;
use serde::ser::SerializeMap;
use serde::ser::SerializeSeq;
use serde::ser::SerializeStruct;
use serde::ser::Serializer;

use crate::digits;
use crate::quote;
use crate::quote::printable;

/// Memory takes everything.
#[derive(Debug)]
pub(super) enum Never {}

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
pub(super) struct Json<'o>(pub(super) &'o mut Vec<u8>);

/// Methods for what records do not have.
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
            digits::decimal(self.0, number);
            Ok(())
        })*
    };
}

impl<'o> Serializer for Json<'o> {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Within<'o>;
    type SerializeMap = Within<'o>;
    type SerializeStruct = Within<'o>;
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
        self.0.extend_from_slice(word);
        Ok(())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), Never> {
        string(self.0, text);
        Ok(())
    }

    fn collect_str<T: ?Sized + fmt::Display>(self, value: &T) -> Result<(), Never> {
        self.0.push(b'"');
        write!(Escaping(self.0), "{value}").expect("memory takes everything");
        self.0.push(b'"');
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Never> {
        self.0.extend_from_slice(b"null");
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
    fn serialize_seq(self, _: Option<usize>) -> Result<Within<'o>, Never> {
        Ok(Within::begin(self.0, b'[', b']'))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Within<'o>, Never> {
        Ok(Within::begin(self.0, b'{', b'}'))
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Within<'o>, Never> {
        Ok(Within::begin(self.0, b'{', b'}'))
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

/// A list or an object that is being written. A comma follows each of its values, so that none has to ask
/// whether it is the first; the end takes the place of the last.
pub(super) struct Within<'o> {
    out: &'o mut Vec<u8>,
    close: u8,
}

impl<'o> Within<'o> {
    #[inline]
    fn begin(out: &'o mut Vec<u8>, open: u8, close: u8) -> Self {
        out.push(open);
        Self { out, close }
    }

    #[inline]
    fn value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        value.serialize(Json(self.out))?;
        self.out.push(b',');
        Ok(())
    }

    #[inline]
    fn close(self) -> Result<(), Never> {
        match self.out.last_mut() {
            Some(last) if *last == b',' => *last = self.close,
            _ => self.out.push(self.close),
        }
        Ok(())
    }
}

impl SerializeSeq for Within<'_> {
    type Ok = ();
    type Error = Never;

    #[inline]
    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        self.value(value)
    }

    #[inline]
    fn end(self) -> Result<(), Never> {
        self.close()
    }
}

/// Records with flattened parts come as maps. All their keys are texts.
impl SerializeMap for Within<'_> {
    type Ok = ();
    type Error = Never;

    #[inline]
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Never> {
        key.serialize(Json(self.out))?;
        self.out.push(b':');
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

impl SerializeStruct for Within<'_> {
    type Ok = ();
    type Error = Never;

    #[inline]
    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        self.serialize_key(key)?;
        self.value(value)
    }

    #[inline]
    fn end(self) -> Result<(), Never> {
        self.close()
    }
}

#[inline]
fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// Escapes what is written to it.
struct Escaping<'o>(&'o mut Vec<u8>);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escaped(self.0, text);
        Ok(())
    }
}

#[inline]
fn escaped(out: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\');
    match quote::each_byte(text.as_bytes(), plain) {
        true => out.extend_from_slice(text.as_bytes()),
        false => escaped_one_by_one(out, text),
    }
}

fn escaped_one_by_one(out: &mut Vec<u8>, text: &str) {
    let mut done = 0;
    for (at, c) in text.char_indices() {
        if !printable(c) || matches!(c, '"' | '\\') {
            out.extend_from_slice(&text.as_bytes()[done..at]);
            escape(out, c);
            done = at + c.len_utf8();
        }
    }
    out.extend_from_slice(&text.as_bytes()[done..]);
}

fn escape(out: &mut Vec<u8>, c: char) {
    let short = match c {
        '"' | '\\' => c,
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{c}' => 'f',
        '\r' => 'r',
        _ => return by_number(out, c),
    };
    out.extend_from_slice(&[b'\\', short as u8]);
}

fn by_number(out: &mut Vec<u8>, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(b"\\u");
        for shift in [12, 8, 4, 0] {
            out.push(b"0123456789abcdef"[usize::from(*unit >> shift & 15)]);
        }
    }
}
