//! Chosen fields of an event's record, for filters and for CSV.
//!
//! They are collected by serializing the event as for JSON. So a filter sees what is written, and a
//! row of CSV has the values of the JSON record. Fields that were not chosen are skipped.

use std::fmt;

use serde::Serialize;
use serde::ser::Error as _;
use serde::ser::Impossible;
use serde::ser::SerializeMap;
use serde::ser::SerializeSeq;
use serde::ser::SerializeStruct;
use serde::ser::Serializer;

use crate::event::Event;
use crate::json;
use crate::json::Annotations;

/// The chosen fields of a record. Reused from event to event.
#[derive(Debug, Default)]
pub struct Record {
    /// All texts are parts of it.
    text: String,
    /// In the order in which they were chosen; `None` for those that the record does not have.
    fields: Vec<Option<Stored>>,
}

/// A value of a record.
#[derive(Debug)]
pub enum Stored {
    /// Not known, or there is none.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A string: a part of the record's text.
    Text(Span),
    /// A list.
    List(Vec<Stored>),
    /// An object: names and values, in their order.
    Object(Vec<(Span, Stored)>),
}

/// A part of the record's text: see [`Record::text`].
#[derive(Debug, Clone, Copy)]
pub struct Span {
    start: usize,
    end: usize,
}

impl Record {
    /// Collects the fields `names` of an event's record. Returns whether the event has a record.
    pub fn fill(
        &mut self,
        event: &Event<'_>,
        notes: &Annotations<'_>,
        names: &[&'static str],
    ) -> bool {
        self.text.clear();
        self.fields.clear();
        self.fields.resize_with(names.len(), || None);
        let chosen = ChosenFields {
            record: self,
            names,
            next: 0,
            missing: names.len(),
        };
        json::serialize(event, notes, chosen).is_some()
    }

    /// The value of the field at this index of the chosen names; `None` if the record has no such
    /// field.
    pub fn field(&self, index: usize) -> Option<&Stored> {
        self.fields.get(index)?.as_ref()
    }

    /// The characters of a string.
    pub fn text(&self, span: Span) -> &str {
        &self.text[span.start..span.end]
    }
}

/// Serialization ends early: all chosen fields are there. (Or there is something that records do
/// not have; the field then counts as missing.)
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no more fields are wanted")
    }
}

impl std::error::Error for Stop {}

impl serde::ser::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Serializer methods for kinds of values that do not occur.
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

/// Takes the chosen fields of a whole record.
struct ChosenFields<'r> {
    record: &'r mut Record,
    names: &'r [&'static str],
    /// The index after the last match: names are mostly chosen in the order of the record.
    next: usize,
    /// The number of names that were not matched yet.
    missing: usize,
}

impl ChosenFields<'_> {
    fn index_of(&self, name: &str) -> Option<usize> {
        let find = |names: &[&str]| names.iter().position(|chosen| *chosen == name);
        let (before, after) = self.names.split_at(self.next);
        find(after)
            .map(|index| self.next + index)
            .or_else(|| find(before))
    }

    fn put<T: ?Sized + Serialize>(&mut self, index: usize, value: &T) -> Result<(), Stop> {
        let text = &mut self.record.text;
        self.record.fields[index] = Some(value.serialize(Keep { text })?);
        self.next = index + 1;
        self.missing -= 1;
        match self.missing {
            0 => Err(Stop),
            _ => Ok(()),
        }
    }
}

impl Serializer for ChosenFields<'_> {
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

impl SerializeStruct for ChosenFields<'_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        match self.index_of(key) {
            Some(index) => self.put(index, value),
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
