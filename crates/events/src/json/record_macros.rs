//! How a record is put together: its fields in their order, and those of a part that several
//! records have.
//!
//! serde can flatten a part, too, but hands its fields on one by one under names that are only
//! known when the program runs. Here all names are constants: a writer copies them whole, a filter
//! compares them at once.

use serde::ser::SerializeStruct;

/// Fields that stand among those of a record.
pub(crate) trait Part {
    /// Adds them.
    fn add<S: SerializeStruct>(&self, record: &mut S) -> Result<(), S::Error>;
}

/// Defines a struct that is a [`Part`]. A field with `#[flatten]` is itself one; one with
/// `#[optional]` is left out when it is `None`.
macro_rules! part {
    ($(#[$meta:meta])* $vis:vis struct $Part:ident $(<$life:lifetime>)? {
        $($(#[$how:ident])? $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        $vis struct $Part $(<$life>)? {
            $($field: $type,)*
        }

        impl $(<$life>)? $crate::json::record_macros::Part for $Part $(<$life>)? {
            fn add<S: serde::ser::SerializeStruct>(&self, record: &mut S) -> Result<(), S::Error> {
                $(add_field!(record, stringify!($field), &self.$field $(, $how)?);)*
                Ok(())
            }
        }
    };
}

/// Defines a [`part!`] that is a record by itself, of this type.
macro_rules! record {
    ($kind:literal: $vis:vis struct $Record:ident $(<$life:lifetime>)? { $($fields:tt)* }) => {
        part! { $vis struct $Record $(<$life>)? { $($fields)* } }

        impl $(<$life>)? serde::Serialize for $Record $(<$life>)? {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;

                // Optional fields may be missing, and the number is not used; but 0 would mean
                // that there are none.
                let mut record = serializer.serialize_struct(stringify!($Record), 1)?;
                record.serialize_field("type", $kind)?;
                $crate::json::record_macros::Part::add(self, &mut record)?;
                record.end()
            }
        }
    };
}

macro_rules! add_field {
    ($record:ident, $name:expr, $value:expr) => {
        $record.serialize_field($name, $value)?
    };
    ($record:ident, $name:expr, $value:expr, flatten) => {
        $crate::json::record_macros::Part::add($value, $record)?
    };
    ($record:ident, $name:expr, $value:expr, optional) => {
        if let Some(value) = $value {
            $record.serialize_field($name, value)?;
        }
    };
}

pub(crate) use add_field;
pub(crate) use part;
pub(crate) use record;
