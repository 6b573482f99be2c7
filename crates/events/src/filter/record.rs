//! The record of an event, as far as a filter asks for it: collected by serializing it as for JSON, so
//! that a filter sees what is written, and passing over the fields that nobody asked for.

use std::fmt;

use serde::Serialize;
use serde::ser::Error as _;
use serde::ser::Impossible;
use serde::ser::SerializeMap;
use serde::ser::SerializeSeq;
use serde::ser::SerializeStruct;
use serde::ser::Serializer;

use super::compile::Wanted;
use crate::event::Event;
use crate::json;
use crate::json::Annotations;

/// A record's fields, reused from event to event.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// What all texts are parts of.
    text: String,
    /// In the order in which the filter asks for them; `None` for those that the record does not have.
    fields: Vec<Option<Stored>>,
}

/// A value of a record.
#[derive(Debug)]
pub(super) enum Stored {
    Null,
    Bool(bool),
    Int(i64),
    Text(Span),
    List(Vec<Stored>),
    Object(Vec<(Span, Stored)>),
}

/// A part of the record's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Record {
    /// Takes an event in. Returns whether it has a record at all.
    pub(super) fn fill(
        &mut self,
        event: &Event<'_>,
        notes: &Annotations<'_>,
        wanted: &[Wanted],
    ) -> bool {
        self.text.clear();
        self.fields.clear();
        self.fields.resize_with(wanted.len(), || None);
        let record = Top {
            record: self,
            wanted,
            missing: wanted.len(),
        };
        json::serialize(event, notes, record).is_some()
    }

    pub(super) fn field(&self, place: usize) -> Option<&Stored> {
        self.fields.get(place)?.as_ref()
    }

    pub(super) fn text(&self, span: Span) -> &str {
        &self.text[span.start..span.end]
    }
}

/// Serialization ends early: everything that is wanted is there. (Or there is something that records do
/// not have; the field then counts as missing.)
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no more is wanted")
    }
}

impl std::error::Error for Stop {}

impl serde::ser::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Methods of a serializer for what does not occur.
macro_rules! refuse {
    ($($method:ident($($type:ty),*);)*) => {
        $(fn $method(self, $(_: $type),*) -> Result<Self::Ok, Stop> {
            Err(Stop)
        })*
    };
}

/// The kinds of compound values that do not occur.
macro_rules! refuse_compounds {
    () => {
        type SerializeTuple = Impossible<Self::Ok, Stop>;
        type SerializeTupleStruct = Impossible<Self::Ok, Stop>;
        type SerializeTupleVariant = Impossible<Self::Ok, Stop>;
        type SerializeStructVariant = Impossible<Self::Ok, Stop>;

        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Stop> {
            Err(Stop)
        }

        fn serialize_tuple_struct(
            self,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleStruct, Stop> {
            Err(Stop)
        }

        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, Stop> {
            Err(Stop)
        }

        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, Stop> {
            Err(Stop)
        }

        fn serialize_newtype_variant<T: ?Sized + Serialize>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<Self::Ok, Stop> {
            Err(Stop)
        }

        refuse! {
            serialize_bytes(&[u8]);
            serialize_unit_struct(&'static str);
            serialize_unit_variant(&'static str, u32, &'static str);
        }
    };
}

/// Takes the wanted fields of a whole record.
struct Top<'r> {
    record: &'r mut Record,
    wanted: &'r [Wanted],
    /// How many of them have not come yet.
    missing: usize,
}

impl Top<'_> {
    fn place(&self, name: &str) -> Option<usize> {
        let mut names = self.wanted.iter().map(|want| want.field.name);
        names.position(|wanted| wanted == name)
    }

    fn put<T: ?Sized + Serialize>(&mut self, place: usize, value: &T) -> Result<(), Stop> {
        let text = &mut self.record.text;
        self.record.fields[place] = Some(value.serialize(Keep { text })?);
        self.missing -= 1;
        match self.missing {
            0 => Err(Stop),
            _ => Ok(()),
        }
    }
}

impl Serializer for Top<'_> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Impossible<(), Stop>;
    type SerializeMap = Impossible<(), Stop>;
    type SerializeStruct = Self;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Stop> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Stop> {
        Err(Stop)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Stop> {
        Err(Stop)
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        value.serialize(self)
    }

    refuse_compounds!();

    refuse! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_none();
        serialize_unit();
    }
}

impl SerializeStruct for Top<'_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        match self.place(key) {
            Some(place) => self.put(place, value),
            None => Ok(()),
        }
    }

    fn end(self) -> Result<(), Stop> {
        Ok(())
    }
}

/// Keeps a value, and its texts at the end of the record's text.
struct Keep<'t> {
    text: &'t mut String,
}

impl<'t> Keep<'t> {
    fn number<T>(number: T) -> Result<Stored, Stop>
    where
        i64: TryFrom<T>,
    {
        i64::try_from(number).map(Stored::Int).map_err(|_| Stop)
    }

    fn list(self) -> KeepList<'t> {
        KeepList {
            text: self.text,
            elements: Vec::new(),
        }
    }

    fn object(self) -> KeepObject<'t> {
        KeepObject {
            text: self.text,
            entries: Vec::new(),
            key: None,
        }
    }
}

impl<'t> Serializer for Keep<'t> {
    type Ok = Stored;
    type Error = Stop;
    type SerializeSeq = KeepList<'t>;
    type SerializeMap = KeepObject<'t>;
    type SerializeStruct = KeepObject<'t>;

    fn serialize_bool(self, value: bool) -> Result<Stored, Stop> {
        Ok(Stored::Bool(value))
    }

    fn serialize_i8(self, value: i8) -> Result<Stored, Stop> {
        Self::number(value)
    }

    fn serialize_i16(self, value: i16) -> Result<Stored, Stop> {
        Self::number(value)
    }

    fn serialize_i32(self, value: i32) -> Result<Stored, Stop> {
        Self::number(value)
    }

    fn serialize_i64(self, value: i64) -> Result<Stored, Stop> {
        Self::number(value)
    }

    fn serialize_u8(self, value: u8) -> Result<Stored, Stop> {
        Self::number(value)
    }

    fn serialize_u16(self, value: u16) -> Result<Stored, Stop> {
        Self::number(value)
    }

    fn serialize_u32(self, value: u32) -> Result<Stored, Stop> {
        Self::number(value)
    }

    fn serialize_u64(self, value: u64) -> Result<Stored, Stop> {
        Ok(Stored::Int(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn serialize_str(self, value: &str) -> Result<Stored, Stop> {
        let start = self.text.len();
        self.text.push_str(value);
        let end = self.text.len();
        Ok(Stored::Text(Span { start, end }))
    }

    fn collect_str<T: ?Sized + fmt::Display>(self, value: &T) -> Result<Stored, Stop> {
        use fmt::Write as _;
        let start = self.text.len();
        write!(self.text, "{value}").map_err(Stop::custom)?;
        let end = self.text.len();
        Ok(Stored::Text(Span { start, end }))
    }

    fn serialize_none(self) -> Result<Stored, Stop> {
        Ok(Stored::Null)
    }

    fn serialize_unit(self) -> Result<Stored, Stop> {
        Ok(Stored::Null)
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<Stored, Stop> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Stored, Stop> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<KeepList<'t>, Stop> {
        Ok(self.list())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<KeepObject<'t>, Stop> {
        Ok(self.object())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<KeepObject<'t>, Stop> {
        Ok(self.object())
    }

    refuse_compounds!();

    refuse! {
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
    }
}

struct KeepList<'t> {
    text: &'t mut String,
    elements: Vec<Stored>,
}

impl SerializeSeq for KeepList<'_> {
    type Ok = Stored;
    type Error = Stop;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Stop> {
        let text = &mut *self.text;
        self.elements.push(value.serialize(Keep { text })?);
        Ok(())
    }

    fn end(self) -> Result<Stored, Stop> {
        Ok(Stored::List(self.elements))
    }
}

struct KeepObject<'t> {
    text: &'t mut String,
    entries: Vec<(Span, Stored)>,
    key: Option<Span>,
}

impl KeepObject<'_> {
    fn keep<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<Stored, Stop> {
        let text = &mut *self.text;
        value.serialize(Keep { text })
    }
}

impl SerializeMap for KeepObject<'_> {
    type Ok = Stored;
    type Error = Stop;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Stop> {
        match self.keep(key)? {
            Stored::Text(span) => self.key = Some(span),
            _ => return Err(Stop),
        }
        Ok(())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Stop> {
        let key = self.key.take().ok_or(Stop)?;
        let value = self.keep(value)?;
        self.entries.push((key, value));
        Ok(())
    }

    fn end(self) -> Result<Stored, Stop> {
        Ok(Stored::Object(self.entries))
    }
}

impl SerializeStruct for KeepObject<'_> {
    type Ok = Stored;
    type Error = Stop;

    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.serialize_key(key)?;
        self.serialize_value(value)
    }

    fn end(self) -> Result<Stored, Stop> {
        Ok(Stored::Object(self.entries))
    }
}
