//! From bytes to types.

use super::Btf;
use super::BtfError;
use super::Enum;
use super::Int;
use super::Member;
use super::Name;
use super::Record;
use super::Type;

const MAGIC: u16 = 0xEB9F;

/// Flags in the word that follows an integer type.
const SIGNED: u32 = 1;
const BOOL: u32 = 4;

/// Bytes of the smallest type.
const TYPE_HEADER: usize = 12;

impl Btf {
    /// Reads the contents of a `.BTF` section.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BtfError> {
        let mut header = Cursor(bytes);
        match header.u16()? {
            MAGIC => {}
            other if other.swap_bytes() == MAGIC => return Err(BtfError::ByteOrder),
            _ => return Err(BtfError::NotBtf),
        }
        header.u16()?; // version and flags
        let after_header = bytes.get(header.u32()? as usize..).ok_or(BtfError::Short)?;
        let (types_at, types_len) = (header.u32()?, header.u32()?);
        let (strings_at, strings_len) = (header.u32()?, header.u32()?);
        Ok(Self {
            types: types(part(after_header, types_at, types_len)?)?,
            strings: part(after_header, strings_at, strings_len)?.to_vec(),
        })
    }
}

fn part(bytes: &[u8], at: u32, len: u32) -> Result<&[u8], BtfError> {
    let from = bytes.get(at as usize..).ok_or(BtfError::Short)?;
    from.get(..len as usize).ok_or(BtfError::Short)
}

fn types(bytes: &[u8]) -> Result<Vec<Type>, BtfError> {
    let mut cursor = Cursor(bytes);
    let mut types = Vec::with_capacity(bytes.len() / TYPE_HEADER + 1);
    types.push(Type::Bodiless); // void has number 0 and is not written down
    while !cursor.0.is_empty() {
        types.push(cursor.one_type()?);
    }
    Ok(types)
}

/// What is left to be read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BtfError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(BtfError::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u16(&mut self) -> Result<u16, BtfError> {
        self.take().map(u16::from_ne_bytes)
    }

    fn u32(&mut self) -> Result<u32, BtfError> {
        self.take().map(u32::from_ne_bytes)
    }

    fn name(&mut self) -> Result<Name, BtfError> {
        self.u32().map(Name)
    }

    /// `count` things, of which each takes `N` bytes: they must be there before room is made for
    /// them.
    fn list<const N: usize, T>(
        &mut self,
        count: usize,
        mut each: impl FnMut([u32; 3]) -> T,
    ) -> Result<Vec<T>, BtfError> {
        if self.0.len() < count * N {
            return Err(BtfError::Short);
        }
        (0..count)
            .map(|_| {
                let mut words = [0; 3];
                for word in words.iter_mut().take(N / 4) {
                    *word = self.u32()?;
                }
                Ok(each(words))
            })
            .collect()
    }

    fn one_type(&mut self) -> Result<Type, BtfError> {
        let name = self.name()?;
        let info = self.u32()?;
        let size_or_type = self.u32()?;
        let count = (info & 0xffff) as usize;
        let flag = info >> 31 != 0;
        match info >> 24 & 0x1f {
            1 => self.int(name, size_or_type),
            2 => Ok(Type::Pointer { to: size_or_type }),
            3 => self.array(),
            4 | 5 => self.record(name, size_or_type, count, flag),
            6 => self.enumeration(name, size_or_type, count, flag),
            7 | 12 => Ok(Type::Bodiless),
            8..=11 | 18 => Ok(self.alias(name, info, size_or_type)),
            13 => self.list::<8, _>(count, |_| ()).map(|_| Type::Bodiless),
            14 => self.u32().map(|_linkage| Type::Variable {
                name,
                of: size_or_type,
            }),
            15 => self.section(name, count),
            16 => Ok(Type::Float {
                bytes: size_or_type,
            }),
            17 => self.tag(name, size_or_type),
            19 => self.enumeration64(name, size_or_type, count, flag),
            other => Err(BtfError::Kind(other)),
        }
    }

    fn alias(&self, name: Name, info: u32, to: u32) -> Type {
        let is_typedef = info >> 24 & 0x1f == 8;
        Type::Alias {
            name: if is_typedef { name } else { Name(u32::MAX) },
            to,
        }
    }

    fn int(&mut self, name: Name, bytes: u32) -> Result<Type, BtfError> {
        let [bits, _, bit_offset, flags] = self.u32()?.to_le_bytes();
        Ok(Type::Int(Int {
            name,
            bytes,
            signed: u32::from(flags) & SIGNED != 0,
            boolean: u32::from(flags) & BOOL != 0,
            bit_offset,
            bits,
        }))
    }

    fn array(&mut self) -> Result<Type, BtfError> {
        let (element, _index, count) = (self.u32()?, self.u32()?, self.u32()?);
        Ok(Type::Array { element, count })
    }

    fn record(
        &mut self,
        name: Name,
        bytes: u32,
        count: usize,
        with_bits: bool,
    ) -> Result<Type, BtfError> {
        let members = self.list::<12, _>(count, |[name, of, offset]| Member {
            name: Name(name),
            of,
            bit_offset: if with_bits {
                offset & 0xff_ffff
            } else {
                offset
            },
            bits: if with_bits {
                offset.to_le_bytes()[3]
            } else {
                0
            },
        })?;
        Ok(Type::Record(Record {
            name,
            bytes,
            members,
        }))
    }

    fn enumeration(
        &mut self,
        name: Name,
        bytes: u32,
        count: usize,
        signed: bool,
    ) -> Result<Type, BtfError> {
        let values = self.list::<8, _>(count, |[name, value, _]| (Name(name), u64::from(value)))?;
        Ok(Type::Enum(Enum {
            name,
            bytes,
            signed,
            values,
        }))
    }

    fn enumeration64(
        &mut self,
        name: Name,
        bytes: u32,
        count: usize,
        signed: bool,
    ) -> Result<Type, BtfError> {
        let values = self.list::<12, _>(count, |[name, low, high]| {
            (Name(name), u64::from(high) << 32 | u64::from(low))
        })?;
        Ok(Type::Enum(Enum {
            name,
            bytes,
            signed,
            values,
        }))
    }

    fn section(&mut self, name: Name, count: usize) -> Result<Type, BtfError> {
        let variables = self.list::<12, _>(count, |[id, _offset, _size]| id)?;
        Ok(Type::Section { name, variables })
    }

    fn tag(&mut self, name: Name, on: u32) -> Result<Type, BtfError> {
        let member = self.u32()?;
        Ok(Type::Tag {
            name,
            on,
            member: (member != u32::MAX).then_some(member),
        })
    }
}
