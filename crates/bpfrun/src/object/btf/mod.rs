//! BTF, the description of types in a BPF object, read from whatever bytes there are.
//!
//! The format is the kernel's (Documentation/bpf/btf.rst). Nothing here trusts it: an object file
//! may come from a stranger. What is read takes memory in proportion to the bytes that are there.

mod read;

/// The number of a type in its object. 0 is `void`.
pub(crate) type TypeId = u32;

/// Where a name stands among the strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name(u32);

/// The longest chain of typedefs and qualifiers that is followed: a damaged one could be a circle.
const MAX_ALIASES: usize = 64;

/// All types of an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Btf {
    types: Vec<Type>,
    strings: Vec<u8>,
}

/// A type, with what decoding needs.
#[derive(Debug, Clone)]
pub(crate) enum Type {
    /// `void`, a function, a forward declaration: nothing that has bytes.
    Bodiless,
    Int(Int),
    Float {
        bytes: u32,
    },
    Pointer {
        to: TypeId,
    },
    Array {
        element: TypeId,
        count: u32,
    },
    /// A struct or a union.
    Record(Record),
    Enum(Enum),
    /// A typedef, or a qualifier (which has no name).
    Alias {
        name: Name,
        to: TypeId,
    },
    Variable {
        name: Name,
        of: TypeId,
    },
    /// A section with variables.
    Section {
        name: Name,
        variables: Vec<TypeId>,
    },
    /// A word put on a type, or on one of its members.
    Tag {
        name: Name,
        on: TypeId,
        member: Option<u32>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Int {
    pub(crate) name: Name,
    pub(crate) bytes: u32,
    pub(crate) signed: bool,
    pub(crate) boolean: bool,
    /// Where in its bytes it begins and how many bits it has, when they are not all.
    pub(crate) bit_offset: u8,
    pub(crate) bits: u8,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) name: Name,
    pub(crate) bytes: u32,
    pub(crate) members: Vec<Member>,
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: Name,
    pub(crate) of: TypeId,
    pub(crate) bit_offset: u32,
    /// Of a bit-field, how many bits it has; else 0.
    pub(crate) bits: u8,
}

#[derive(Debug, Clone)]
pub(crate) struct Enum {
    pub(crate) name: Name,
    pub(crate) bytes: u32,
    pub(crate) signed: bool,
    /// Values as they are stored, the sign cut off with the bytes that are not.
    pub(crate) values: Vec<(Name, u64)>,
}

/// Why bytes are not BTF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BtfError {
    #[error("it is shorter than it says")]
    Short,
    #[error("it does not begin as BTF does")]
    NotBtf,
    #[error("it was made for a machine with another byte order")]
    ByteOrder,
    #[error("it holds a kind of type ({0}) that is not known")]
    Kind(u32),
}

impl Btf {
    /// A type by its number.
    pub(crate) fn get(&self, id: TypeId) -> &Type {
        self.types.get(id as usize).unwrap_or(&Type::Bodiless)
    }

    /// All types with their numbers.
    pub(crate) fn all(&self) -> impl Iterator<Item = (TypeId, &Type)> {
        (0..).zip(&self.types)
    }

    /// The type behind typedefs and qualifiers; 0 when there is none.
    pub(crate) fn resolve(&self, id: TypeId) -> TypeId {
        let mut id = id;
        for _ in 0..MAX_ALIASES {
            match self.types.get(id as usize) {
                Some(Type::Alias { to, .. }) => id = *to,
                Some(_) => return id,
                None => return 0,
            }
        }
        0
    }

    /// A name's bytes; none for one that is not there.
    pub(crate) fn bytes(&self, name: Name) -> &[u8] {
        let from = self.strings.get(name.0 as usize..).unwrap_or_default();
        let end = from.iter().position(|byte| *byte == 0);
        &from[..end.unwrap_or(0)]
    }

    /// A name as text.
    pub(crate) fn text(&self, name: Name) -> String {
        String::from_utf8_lossy(self.bytes(name)).into_owned()
    }

    /// What a type is called: the first typedef's name, else its own.
    pub(crate) fn type_name(&self, id: TypeId) -> String {
        let mut id = id;
        for _ in 0..MAX_ALIASES {
            match self.get(id) {
                Type::Alias { name, to } => {
                    if !self.bytes(*name).is_empty() {
                        return self.text(*name);
                    }
                    id = *to;
                }
                Type::Record(Record { name, .. })
                | Type::Enum(Enum { name, .. })
                | Type::Int(Int { name, .. }) => return self.text(*name),
                _ => break,
            }
        }
        String::new()
    }

    /// A type by what it is called in C, with or without `struct` and `union` before it.
    pub(crate) fn find(&self, c_name: &str) -> Option<TypeId> {
        let (tag, word) = match c_name.trim().split_once(char::is_whitespace) {
            Some(("struct" | "union", word)) => (true, word.trim()),
            _ => (false, c_name.trim()),
        };
        let is_it = |ty: &Type| match ty {
            Type::Record(Record { name, .. }) => self.bytes(*name) == word.as_bytes(),
            Type::Alias { name, .. }
            | Type::Int(Int { name, .. })
            | Type::Enum(Enum { name, .. }) => !tag && self.bytes(*name) == word.as_bytes(),
            _ => false,
        };
        if word.is_empty() {
            return None;
        }
        self.all().find(|(_, ty)| is_it(ty)).map(|(id, _)| id)
    }

    /// The variables of a section: their names and the numbers of their types.
    pub(crate) fn section(&self, wanted: &str) -> Vec<(String, TypeId)> {
        let is_it = |name: Name| self.bytes(name) == wanted.as_bytes();
        let sections = self.all().filter_map(|(_, ty)| match ty {
            Type::Section { name, variables } if is_it(*name) => Some(variables),
            _ => None,
        });
        sections
            .flatten()
            .filter_map(|id| self.variable(*id))
            .collect()
    }

    /// A variable's name and the number of its type.
    pub(crate) fn variable(&self, id: TypeId) -> Option<(String, TypeId)> {
        match self.get(id) {
            Type::Variable { name, of } => Some((self.text(*name), *of)),
            _ => None,
        }
    }

    /// What a pointer points to.
    pub(crate) fn pointee(&self, id: TypeId) -> Option<TypeId> {
        match self.get(self.resolve(id)) {
            Type::Pointer { to } => Some(*to),
            _ => None,
        }
    }

    /// How many bytes a type has; 0 for what has none or cannot be told.
    pub(crate) fn size_of(&self, id: TypeId) -> u64 {
        let mut id = self.resolve(id);
        let mut times = 1u64;
        for _ in 0..MAX_ALIASES {
            let bytes = match self.get(id) {
                Type::Array { element, count } => {
                    times = times.saturating_mul(u64::from(*count));
                    id = self.resolve(*element);
                    continue;
                }
                Type::Int(Int { bytes, .. })
                | Type::Float { bytes }
                | Type::Record(Record { bytes, .. })
                | Type::Enum(Enum { bytes, .. }) => *bytes,
                Type::Pointer { .. } => 8, // in every BPF object
                _ => 0,
            };
            return times.saturating_mul(u64::from(bytes));
        }
        0
    }
}

#[cfg(test)]
pub(crate) mod tests;
