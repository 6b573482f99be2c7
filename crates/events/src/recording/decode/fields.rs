//! The fields of one record, by name.

use std::marker::PhantomData;

use super::error::LineError;
use super::scan::Place;
use super::scan::Scanner;
use super::tables::MOST;
use super::tables::Table;
use super::value::Value;

/// The fields of a record that has those of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'l, 'p, T> {
    line: &'l [u8],
    places: &'p [Place],
    table: PhantomData<T>,
}

impl<'l, 'p, T: Table> Fields<'l, 'p, T> {
    /// Finds the fields of an object.
    #[inline]
    pub(super) fn scan(line: &'l [u8], places: &'p mut [Place; MOST]) -> Result<Self, LineError> {
        let places = &mut places[..T::NAMES.len()];
        Scanner::new(line)?.object(T::NAMES, places)?;
        Ok(Self {
            line,
            places,
            table: PhantomData,
        })
    }

    /// The value at this index of the table.
    #[inline]
    pub(super) fn at(&self, index: usize) -> Value<'l> {
        let place = self.places[index];
        Value {
            name: T::NAMES[index],
            kind: place.kind,
            text: &self.line[place.start as usize..place.end as usize],
        }
    }
}

/// A value by its name: `field!(fields: T, "uid")`.
macro_rules! field {
    ($fields:expr, $T:ty, $name:literal) => {
        $fields.at(const {
            $crate::recording::decode::tables::index_of(
                <$T as $crate::recording::decode::tables::Table>::NAMES,
                $name,
            )
        })
    };
}

pub(super) use field;
