//! How a type lies in memory, worked out once so that decoding an event is only reading.
//!
//! Types may nest and repeat without end in a hostile object. A layout has at most [`MAX_NODES`]
//! nodes, and records in it at most [`MAX_FIELDS`] fields; what goes beyond that is shown as bytes.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::object::btf::Btf;
use crate::object::btf::Enum;
use crate::object::btf::Int;
use crate::object::btf::Member;
use crate::object::btf::Record;
use crate::object::btf::Type;
use crate::object::btf::TypeId;

const MAX_NODES: usize = 4096;
const MAX_FIELDS: usize = 4096;
/// A struct may hold itself, says a hostile object. So deep is everything followed, and no deeper.
pub(crate) const MAX_DEPTH: usize = 32;

/// Marks a `char` array that holds several strings: `__attribute__((btf_decl_tag("strings")))`.
const STRINGS_TAG: &str = "strings";

/// The layout of a type.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    nodes: Vec<TypeNode>,
    root: usize,
}

/// One type in a layout. Others are named by their places in the list of nodes.
#[derive(Debug, Clone)]
pub(crate) enum TypeNode {
    /// Of 1, 2, 4, 8 or 16 bytes, or a part of their bits.
    Int {
        bytes: u32,
        signed: bool,
        boolean: bool,
        bit_offset: u8,
        bits: u8,
    },
    Float {
        bytes: u32,
    },
    Pointer,
    Enum {
        bytes: u32,
        signed: bool,
        /// Sorted by value; of several with one value the first.
        names: Vec<(u64, String)>,
    },
    /// An array of `char`.
    Text {
        bytes: u64,
    },
    /// An array of `unsigned char`, or what is not known.
    Bytes {
        bytes: u64,
    },
    Array {
        element: usize,
        count: u32,
        stride: u64,
    },
    Record {
        fields: Vec<Field>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) node: usize,
    pub(crate) bit_offset: u64,
    /// Of a bit-field; else 0.
    pub(crate) bits: u8,
    pub(crate) extent: TextLength,
}

/// How much of a `char` array is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextLength {
    /// Up to the first NUL.
    FirstNul,
    /// Up to the first NUL, or as many bytes as a field says: its place among the fields.
    Length(usize),
    /// All of it, several strings; trailing NULs are no strings.
    All,
    /// As many bytes as a field says, several strings.
    Size(usize),
    /// As many strings as a field says.
    Count(usize),
}

impl Layout {
    /// The layout of a type.
    pub(crate) fn new(btf: &Btf, id: TypeId) -> Self {
        let mut planner = LayoutBuilder::new(btf);
        let root = planner.node(id, 0);
        Self {
            name: btf.type_name(id),
            bytes: btf.size_of(id),
            nodes: planner.nodes,
            root,
        }
    }

    /// Of bytes of which nothing is known.
    pub(crate) fn unknown() -> Self {
        Self {
            name: String::new(),
            bytes: 0,
            nodes: vec![TypeNode::Bytes { bytes: u64::MAX }],
            root: 0,
        }
    }

    pub(crate) fn root(&self) -> &TypeNode {
        self.node(self.root)
    }

    pub(crate) fn node(&self, at: usize) -> &TypeNode {
        &self.nodes[at]
    }

    /// The fields when it is a struct.
    pub(crate) fn fields(&self) -> &[Field] {
        match self.root() {
            TypeNode::Record { fields } => fields,
            _ => &[],
        }
    }
}

struct LayoutBuilder<'a> {
    btf: &'a Btf,
    nodes: Vec<TypeNode>,
    known: HashMap<TypeId, usize>,
    /// Types and members with the tag that says that they hold several strings.
    strings: HashSet<(TypeId, u32)>,
}

impl<'a> LayoutBuilder<'a> {
    fn new(btf: &'a Btf) -> Self {
        let tagged = btf.all().filter_map(|(_, ty)| match ty {
            Type::Tag {
                name,
                on,
                member: Some(member),
            } if btf.bytes(*name) == STRINGS_TAG.as_bytes() => Some((*on, *member)),
            _ => None,
        });
        Self {
            btf,
            nodes: Vec::new(),
            known: HashMap::new(),
            strings: tagged.collect(),
        }
    }

    /// The place of a type's node, made if it is not there.
    fn node(&mut self, id: TypeId, depth: usize) -> usize {
        let id = self.btf.resolve(id);
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let bytes = self.btf.size_of(id);
        // In its place meanwhile, so that a type that holds itself comes to an end.
        let at = self.nodes.len();
        self.nodes.push(TypeNode::Bytes { bytes });
        self.known.insert(id, at);
        if depth < MAX_DEPTH && at < MAX_NODES {
            self.nodes[at] = self.plan(id, depth, bytes);
        }
        at
    }

    fn plan(&mut self, id: TypeId, depth: usize, bytes: u64) -> TypeNode {
        match self.btf.get(id) {
            Type::Int(int) => int_node(int),
            Type::Float { bytes } => TypeNode::Float { bytes: *bytes },
            Type::Pointer { .. } => TypeNode::Pointer,
            Type::Enum(of) => self.enumeration(of),
            Type::Array { element, count } => self.array(*element, *count, depth),
            Type::Record(record) => {
                let mut fields = Vec::new();
                self.fields(id, record, 0, depth, &mut fields);
                find_extents(&mut fields, &self.nodes);
                TypeNode::Record { fields }
            }
            _ => TypeNode::Bytes { bytes },
        }
    }

    fn enumeration(&self, of: &Enum) -> TypeNode {
        let named = |(name, value): &(_, u64)| (*value, self.btf.text(*name));
        let mut names: Vec<_> = of.values.iter().map(named).collect();
        names.sort_by_key(|(value, _)| *value);
        names.dedup_by_key(|(value, _)| *value);
        TypeNode::Enum {
            bytes: of.bytes,
            signed: of.signed,
            names,
        }
    }

    fn array(&mut self, element: TypeId, count: u32, depth: usize) -> TypeNode {
        let stride = self.btf.size_of(element);
        let bytes = stride.saturating_mul(u64::from(count));
        match self.btf.get(self.btf.resolve(element)) {
            Type::Int(Int { bytes: 1, name, .. }) if self.btf.bytes(*name) == b"char" => {
                TypeNode::Text { bytes }
            }
            Type::Int(Int {
                bytes: 1,
                signed: false,
                boolean: false,
                ..
            }) => TypeNode::Bytes { bytes },
            _ => TypeNode::Array {
                element: self.node(element, depth + 1),
                count,
                stride,
            },
        }
    }

    /// Appends a record's fields; those of records without a name in it are its own, as in C.
    fn fields(
        &mut self,
        id: TypeId,
        record: &Record,
        base: u64,
        depth: usize,
        into: &mut Vec<Field>,
    ) {
        for (index, member) in (0..).zip(&record.members) {
            if into.len() >= MAX_FIELDS {
                return;
            }
            let bit_offset = base + u64::from(member.bit_offset);
            let of = self.btf.resolve(member.of);
            let unnamed = self.btf.bytes(member.name).is_empty();
            match self.btf.get(of) {
                Type::Record(inner) if unnamed && depth < MAX_DEPTH => {
                    self.fields(of, inner, bit_offset, depth + 1, into);
                }
                _ => {
                    let several = self.strings.contains(&(id, index));
                    into.push(self.field(member, bit_offset, several, depth));
                }
            }
        }
    }

    fn field(&mut self, member: &Member, bit_offset: u64, several: bool, depth: usize) -> Field {
        Field {
            name: self.btf.text(member.name),
            node: self.node(member.of, depth + 1),
            bit_offset,
            bits: member.bits,
            extent: match several {
                true => TextLength::All,
                false => TextLength::FirstNul,
            },
        }
    }
}

fn int_node(int: &Int) -> TypeNode {
    let all = u32::from(int.bits) == int.bytes.saturating_mul(8);
    TypeNode::Int {
        bytes: int.bytes,
        signed: int.signed,
        boolean: int.boolean,
        bit_offset: int.bit_offset,
        bits: if all { 0 } else { int.bits },
    }
}

/// Finds the fields that say how much of a `char` array is used: beside `args`, one named
/// `args_size`, `args_count` or `args_len`.
fn find_extents(fields: &mut [Field], nodes: &[TypeNode]) {
    let by_name: HashMap<String, usize> = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| matches!(nodes[field.node], TypeNode::Int { .. }))
        .map(|(at, field)| (field.name.clone(), at))
        .collect();
    let beside = |field: &Field, suffix| by_name.get(&format!("{}{suffix}", field.name)).copied();
    for field in fields {
        let is_text = matches!(nodes[field.node], TypeNode::Text { .. });
        if is_text && field.extent == TextLength::FirstNul {
            let size = beside(field, "_size").map(TextLength::Size);
            let count = beside(field, "_count").map(TextLength::Count);
            let length = beside(field, "_len").map(TextLength::Length);
            field.extent = size.or(count).or(length).unwrap_or(TextLength::FirstNul);
        }
    }
}

#[cfg(test)]
impl Layout {
    /// How many nodes it has.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }
}
