//! Values, while a filter is evaluated. They borrow from the record and from the filter; only
//! computed values are owned.

use std::rc::Rc;

use jiff::Timestamp;

use super::node::Literal;
use crate::record::Record;
use crate::record::Span;
use crate::record::Stored;

#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(&'a str),
    MadeText(Rc<str>),
    List(&'a [Stored]),
    MadeList(Rc<[Value<'a>]>),
    Object(&'a [(Span, Stored)]),
    Time(Timestamp),
}

impl<'a> Value<'a> {
    pub(super) fn of(stored: &'a Stored, record: &'a Record) -> Self {
        match stored {
            Stored::Null => Self::Null,
            Stored::Bool(value) => Self::Bool(*value),
            Stored::Int(value) => Self::Int(*value),
            Stored::Text(span) => Self::Text(record.text(*span)),
            Stored::List(elements) => Self::List(elements),
            Stored::Object(entries) => Self::Object(entries),
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::MadeText(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "as CEL compares them")]
            Self::Int(value) => Some(*value as f64),
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }

    /// The range of a loop: elements, or the names of an object's fields.
    pub(super) fn into_elements(self) -> Option<Elements<'a>> {
        match self {
            Self::List(list) => Some(Elements::Stored(list)),
            Self::MadeList(list) => Some(Elements::Made(list)),
            Self::Object(entries) => Some(Elements::Names(entries)),
            _ => None,
        }
    }
}

impl<'a> From<&'a Literal> for Value<'a> {
    fn from(literal: &'a Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Int(value) => Self::Int(*value),
            Literal::Double(value) => Self::Double(*value),
            Literal::Text(text) => Self::Text(text),
        }
    }
}

/// The elements of a list, or the names of an object's fields.
#[derive(Debug)]
pub(super) enum Elements<'a> {
    Stored(&'a [Stored]),
    Made(Rc<[Value<'a>]>),
    Names(&'a [(Span, Stored)]),
}

impl<'a> Elements<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Stored(list) => list.len(),
            Self::Made(list) => list.len(),
            Self::Names(entries) => entries.len(),
        }
    }

    pub(super) fn get(&self, index: usize, record: &'a Record) -> Option<Value<'a>> {
        match self {
            Self::Stored(list) => list.get(index).map(|stored| Value::of(stored, record)),
            Self::Made(list) => list.get(index).cloned(),
            Self::Names(entries) => {
                let (name, _) = entries.get(index)?;
                Some(Value::Text(record.text(*name)))
            }
        }
    }
}
