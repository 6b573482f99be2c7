//! The kernel's BTF, read in place: which types there are, and what they are made of.

use std::collections::HashMap;

/// A BTF blob and where its types begin. Type 0 is void.
#[derive(Debug)]
pub(crate) struct Btf {
    data: Vec<u8>,
    strings: usize,
    starts: Vec<u32>,
}

/// The kinds of types that matter here, numbered as in the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Struct,
    Union,
    Enum,
    Enum64,
    Forward,
    Typedef,
    Pointer,
    Array,
    /// const, volatile, restrict, type tag.
    Qualifier,
    Other,
}

/// A member of a struct or union, or an enumerator (whose `type_id` means nothing).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member<'a> {
    pub name: &'a [u8],
    pub type_id: u32,
}

const HEADER: usize = 24;
const MAGIC: u16 = 0xeb9f;

impl Btf {
    /// Reads a blob; `None` when it is not whole.
    pub fn parse(data: Vec<u8>) -> Option<Self> {
        let header = data.get(..HEADER)?;
        if u16::from_le_bytes([header[0], header[1]]) != MAGIC {
            return None;
        }
        let word = |at| read(&data, at).map(|value| value as usize);
        let length = word(4)?;
        let types = length.checked_add(word(8)?)?;
        let end = types.checked_add(word(12)?)?;
        let strings = length.checked_add(word(16)?)?;
        data.get(types..end)?;
        data.get(strings..)?;
        let starts = starts(&data, types, end)?;
        Some(Self {
            data,
            strings,
            starts,
        })
    }

    /// The blob.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// Whether any type has a name.
    pub fn has(&self, name: &[u8]) -> bool {
        self.ids().any(|id| self.name(id) == name)
    }

    /// Whether an enum of this name has this enumerator.
    pub fn has_enumerator(&self, of: &[u8], name: &[u8]) -> bool {
        let mut enums = self.ids().filter(|&id| self.name(id) == of);
        enums.any(|id| self.members(id).any(|one| one.name == name))
    }

    /// Every type's number.
    pub fn ids(&self) -> std::ops::Range<u32> {
        1..self.starts.len() as u32
    }

    /// What a type is.
    pub fn kind(&self, id: u32) -> Kind {
        match self.word(id, 4) >> 24 & 0x1f {
            2 => Kind::Pointer,
            3 => Kind::Array,
            4 => Kind::Struct,
            5 => Kind::Union,
            6 => Kind::Enum,
            7 => Kind::Forward,
            8 => Kind::Typedef,
            9..=11 | 18 => Kind::Qualifier,
            19 => Kind::Enum64,
            _ => Kind::Other,
        }
    }

    /// A type's name, empty when it has none.
    pub fn name(&self, id: u32) -> &[u8] {
        self.string(self.word(id, 0))
    }

    /// What a pointer, typedef, array or qualifier is of.
    pub fn target(&self, id: u32) -> u32 {
        match self.kind(id) {
            Kind::Array => self.word(id, 12),
            _ => self.word(id, 8),
        }
    }

    /// The members of a struct or union, or the enumerators of an enum.
    pub fn members(&self, id: u32) -> impl Iterator<Item = Member<'_>> {
        let size = if self.kind(id) == Kind::Enum { 8 } else { 12 };
        (0..self.word(id, 4) & 0xffff).map(move |index| {
            let at = 12 + index * size;
            Member {
                name: self.string(self.word(id, at)),
                type_id: self.word(id, at + 4),
            }
        })
    }

    /// The values of enumerators, for array sizes in tracepoint formats.
    pub fn enumerators(&self) -> HashMap<&[u8], u32> {
        let enums = self.ids().filter(|&id| self.kind(id) == Kind::Enum);
        enums
            .flat_map(|id| self.members(id))
            .map(|member| (member.name, member.type_id))
            .collect()
    }

    fn word(&self, id: u32, at: u32) -> u32 {
        let start = self.starts.get(id as usize).copied().unwrap_or(0);
        match start {
            0 => 0,
            _ => read(&self.data, (start + at) as usize).unwrap_or(0),
        }
    }

    fn string(&self, at: u32) -> &[u8] {
        let from = self.strings + at as usize;
        let rest = self.data.get(from..).unwrap_or_default();
        rest.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

fn read(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// Where each type begins; 0 for void.
fn starts(data: &[u8], mut at: usize, end: usize) -> Option<Vec<u32>> {
    let mut starts = vec![0];
    while at < end {
        starts.push(u32::try_from(at).ok()?);
        let info = read(data, at + 4)?;
        at += 12 + trailing(info >> 24 & 0x1f, (info & 0xffff) as usize);
    }
    Some(starts)
}

/// How many bytes follow a type's first twelve.
fn trailing(kind: u32, count: usize) -> usize {
    match kind {
        1 | 14 | 17 => 4,              // int, variable, declaration tag
        3 => 12,                       // array
        4 | 5 | 15 | 19 => 12 * count, // struct, union, section, enum64
        6 | 13 => 8 * count,           // enum, function prototype
        _ => 0,
    }
}
