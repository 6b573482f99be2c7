//! From a record's bytes to values.
//!
//! Any bytes give a value: what a record is too short for is absent, and a record gives at most
//! [`MAX_VALUES`] values whatever its type says.

use crate::object::type_layout::Field;
use crate::object::type_layout::Layout;
use crate::object::type_layout::MAX_DEPTH;
use crate::object::type_layout::TextLength;
use crate::object::type_layout::TypeNode;
use crate::object::value::Value;

/// No record has more values than this: a type may claim arrays of billions of nothing.
const MAX_VALUES: usize = 1 << 16;

impl Layout {
    /// What a record of this type holds. Bytes behind the type are ignored: samples are padded.
    pub(crate) fn decode<'a>(&'a self, record: &'a [u8]) -> Value<'a> {
        let decoder = &mut Decoder {
            layout: self,
            record,
            left: MAX_VALUES,
            depth: 0,
        };
        let whole = Place { bit: 0, bits: 0 };
        decoder.value(self.root(), whole, TextLength::FirstNul, &[])
    }
}

struct Decoder<'a> {
    layout: &'a Layout,
    record: &'a [u8],
    left: usize,
    depth: usize,
}

/// Where a value lies: its first bit, and how many it has when it is a bit-field.
#[derive(Clone, Copy)]
struct Place {
    bit: u64,
    bits: u8,
}

impl Place {
    fn byte(self) -> Option<usize> {
        let aligned = self.bit.is_multiple_of(8) && self.bits == 0;
        aligned.then(|| usize::try_from(self.bit / 8).ok())?
    }
}

/// The fields that come before a value in its record.
type Earlier<'a> = [(&'a str, Value<'a>)];

impl<'a> Decoder<'a> {
    fn value(
        &mut self,
        node: &'a TypeNode,
        place: Place,
        extent: TextLength,
        siblings: &Earlier<'a>,
    ) -> Value<'a> {
        let Some(left) = self.left.checked_sub(1) else {
            return Value::Absent;
        };
        self.left = left;
        match node {
            TypeNode::Record { .. } | TypeNode::Array { .. } => self.nested(node, place),
            TypeNode::Text { bytes } => self
                .some_of(place, *bytes)
                .map_or(Value::Absent, |bytes| text(bytes, extent, siblings)),
            TypeNode::Bytes { bytes } => self
                .some_of(place, *bytes)
                .map_or(Value::Absent, Value::Bytes),
            scalar => self.scalar(scalar, place).unwrap_or(Value::Absent),
        }
    }

    fn nested(&mut self, node: &'a TypeNode, place: Place) -> Value<'a> {
        if self.depth >= MAX_DEPTH {
            return Value::Absent;
        }
        self.depth += 1;
        let value = match node {
            TypeNode::Record { fields } => self.record(fields, place),
            TypeNode::Array {
                element,
                count,
                stride,
            } => self.array(*element, *count, *stride, place),
            _ => Value::Absent,
        };
        self.depth -= 1;
        value
    }

    /// Fields in their order. A text whose size stands in another field is read when that is known.
    fn record(&mut self, fields: &'a [Field], place: Place) -> Value<'a> {
        let mut values: Vec<(&str, Value<'_>)> = Vec::with_capacity(fields.len().min(self.left));
        for field in fields {
            if self.left == 0 {
                break;
            }
            let value = match field.extent {
                TextLength::FirstNul | TextLength::All => self.field(field, place, &[]),
                _ => Value::Absent,
            };
            values.push((&field.name, value));
        }
        for (at, field) in fields.iter().enumerate().take(values.len()) {
            if !matches!(field.extent, TextLength::FirstNul | TextLength::All) {
                values[at].1 = self.field(field, place, &values);
            }
        }
        Value::Record(values)
    }

    fn field(&mut self, field: &'a Field, record: Place, siblings: &Earlier<'a>) -> Value<'a> {
        let place = Place {
            bit: record.bit.saturating_add(field.bit_offset),
            bits: field.bits,
        };
        let node = self.layout.node(field.node);
        self.value(node, place, field.extent, siblings)
    }

    /// Elements, as many as the record has bytes for. Elements without bytes are not counted out.
    fn array(&mut self, element: usize, count: u32, stride: u64, place: Place) -> Value<'a> {
        let Some(at) = place.byte() else {
            return Value::Absent;
        };
        let there = self.record.len().saturating_sub(at) as u64;
        if count > 0 && there == 0 {
            return Value::Absent;
        }
        let whole = there.checked_div(stride).unwrap_or(0);
        let node = self.layout.node(element);
        let mut values = Vec::new();
        for index in 0..whole.min(u64::from(count)) {
            if self.left == 0 {
                break;
            }
            let bit = place.bit.saturating_add(index * stride * 8);
            let place = Place { bit, bits: 0 };
            values.push(self.value(node, place, TextLength::FirstNul, &[]));
        }
        Value::Array(values)
    }

    fn scalar(&self, node: &'a TypeNode, place: Place) -> Option<Value<'a>> {
        match node {
            TypeNode::Int {
                bytes,
                signed,
                boolean,
                bit_offset,
                bits,
            } => {
                let place = part_of(place, *bit_offset, *bits);
                let raw = self.raw(place, *bytes)?;
                Some(int(raw, *signed, *boolean))
            }
            TypeNode::Enum {
                bytes,
                signed,
                names,
            } => {
                let raw = self.raw(place, *bytes)?;
                Some(enumerator(raw, *bytes, *signed, names))
            }
            TypeNode::Pointer => {
                let raw = self.raw(place, 8)?;
                Some(Value::Pointer(u64::try_from(raw.value).ok()?))
            }
            TypeNode::Float { bytes } => self.float(place, *bytes),
            _ => None,
        }
    }

    fn float(&self, place: Place, bytes: u32) -> Option<Value<'a>> {
        let at = place.byte()?;
        let there = self.record.get(at..)?;
        Some(Value::Float(match bytes {
            4 => f64::from(f32::from_ne_bytes(*there.first_chunk()?)),
            8 => f64::from_ne_bytes(*there.first_chunk()?),
            _ => return None,
        }))
    }

    /// Up to `bytes` of the record; nothing when it ends before them.
    fn some_of(&self, place: Place, bytes: u64) -> Option<&'a [u8]> {
        let from = self.record.get(place.byte()?..)?;
        let len = usize::try_from(bytes).map_or(from.len(), |bytes| bytes.min(from.len()));
        if from.is_empty() && bytes > 0 {
            return None;
        }
        Some(&from[..len])
    }

    /// The bits of a number.
    fn raw(&self, place: Place, bytes: u32) -> Option<Raw> {
        match place.byte() {
            Some(at) => whole(self.record.get(at..)?, bytes),
            None => self.bit_field(place, bytes),
        }
    }

    /// Bits that need not begin or end with a byte. The bytes in which they lie must all be there.
    fn bit_field(&self, place: Place, bytes: u32) -> Option<Raw> {
        let bits = match place.bits {
            0 => bytes.checked_mul(8)?,
            bits => u32::from(bits),
        };
        if bits > 64 {
            return None; // nor does C have them
        }
        let first = usize::try_from(place.bit / 8).ok()?;
        let shift = u32::try_from(place.bit % 8).ok()?;
        let there = self
            .record
            .get(first..)?
            .get(..(shift + bits).div_ceil(8) as usize)?;
        let mut value = 0u128;
        for (at, byte) in (0..).zip(there) {
            value |= u128::from(*byte) << (8 * at);
        }
        if cfg!(target_endian = "big") {
            return None; // bits are numbered the other way round there; not supported yet
        }
        let value = value >> shift & ((1 << bits) - 1);
        Some(Raw { value, bits })
    }
}

/// A number's bits, and how many they are.
struct Raw {
    value: u128,
    bits: u32,
}

impl Raw {
    fn signed(&self) -> i128 {
        let unused = 128 - self.bits;
        (self.value << unused).cast_signed() >> unused
    }
}

fn whole(there: &[u8], bytes: u32) -> Option<Raw> {
    let value = match bytes {
        1 => u128::from(*there.first()?),
        2 => u128::from(u16::from_ne_bytes(*there.first_chunk()?)),
        4 => u128::from(u32::from_ne_bytes(*there.first_chunk()?)),
        8 => u128::from(u64::from_ne_bytes(*there.first_chunk()?)),
        16 => u128::from_ne_bytes(*there.first_chunk()?),
        _ => return None,
    };
    Some(Raw {
        value,
        bits: 8 * bytes,
    })
}

/// Old compilers write bit-fields as integers of few bits.
fn part_of(place: Place, bit_offset: u8, bits: u8) -> Place {
    match bits {
        0 => place,
        bits => Place {
            bit: place.bit.saturating_add(u64::from(bit_offset)),
            bits: if place.bits == 0 { bits } else { place.bits },
        },
    }
}

fn int(raw: Raw, signed: bool, boolean: bool) -> Value<'static> {
    if boolean {
        return Value::Bool(raw.value != 0);
    }
    match (signed, u64::try_from(raw.value)) {
        (false, Ok(value)) if raw.bits <= 64 => Value::Uint(value),
        (false, _) => Value::Uint128(raw.value),
        (true, _) => match i64::try_from(raw.signed()) {
            Ok(value) if raw.bits <= 64 => Value::Int(value),
            _ => Value::Int128(raw.signed()),
        },
    }
}

fn enumerator(raw: Raw, bytes: u32, signed: bool, names: &[(u64, String)]) -> Value<'_> {
    let value = match signed {
        true => i64::try_from(raw.signed()).unwrap_or(0),
        false => u64::try_from(raw.value).unwrap_or(0).cast_signed(),
    };
    // They are kept with as many bytes as they are stored with: 4, or 8.
    let stored = match bytes {
        8 => value.cast_unsigned(),
        _ => value.cast_unsigned() & u64::from(u32::MAX),
    };
    let found = names.binary_search_by_key(&stored, |(value, _)| *value);
    Value::Enum(found.ok().map(|at| names[at].1.as_str()), value)
}

fn text<'a>(bytes: &'a [u8], extent: TextLength, siblings: &Earlier<'a>) -> Value<'a> {
    let number = |at: usize| {
        let (_, value) = siblings.get(at)?;
        usize::try_from(value.as_i64()?.max(0)).ok()
    };
    let first = |count: Option<usize>| &bytes[..count.unwrap_or(bytes.len()).min(bytes.len())];
    match extent {
        TextLength::FirstNul => Value::text(bytes),
        TextLength::Length(at) => Value::text(first(number(at))),
        TextLength::Size(at) => Value::Texts(first(number(at))),
        TextLength::Count(at) => Value::Texts(so_many(bytes, number(at))),
        TextLength::All => {
            let end = bytes.iter().rposition(|byte| *byte != 0);
            Value::Texts(&bytes[..end.map_or(0, |end| end + 1)])
        }
    }
}

/// As many bytes as `count` strings have.
fn so_many(bytes: &[u8], count: Option<usize>) -> &[u8] {
    let Some(count) = count else {
        return bytes;
    };
    let mut ends = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == 0)
        .map(|(at, _)| at + 1);
    match count.checked_sub(1) {
        None => &[],
        Some(before) => &bytes[..ends.nth(before).unwrap_or(bytes.len())],
    }
}

#[cfg(test)]
mod tests;
