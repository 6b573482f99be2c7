//! What the fields of an event are, before there is one.

use crate::object::type_layout::Field;
use crate::object::type_layout::Layout;
use crate::object::type_layout::MAX_DEPTH;
use crate::object::type_layout::TypeNode;

/// No table has more columns: a type may nest structs in structs.
const MAX_COLUMNS: usize = 512;

/// The fields of an event's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The map through which such events come.
    pub map: String,
    /// What the type is called in C, without `struct`; empty when it is not known.
    pub type_name: String,
    /// The columns of a table of them; fields of structs in structs by their paths. A type that is
    /// no struct has one column, `value`.
    pub columns: Vec<Column>,
}

/// A column: a field that is no struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The path to the field: `pid`, `key.pid`.
    pub path: String,
    /// Numbers stand at the right of a column.
    pub number: bool,
    /// How many characters its values mostly need.
    pub width: usize,
}

impl Schema {
    pub(crate) fn of_event(map: &str, layout: &Layout) -> Self {
        let mut columns = Vec::new();
        add_fields(layout, layout.fields(), "", 0, &mut columns);
        if columns.is_empty() {
            columns.push(Column::new("value".to_owned(), layout.root()));
        }
        Self {
            map: map.to_owned(),
            type_name: layout.name.clone(),
            columns,
        }
    }
}

fn add_fields(
    layout: &Layout,
    fields: &[Field],
    prefix: &str,
    depth: usize,
    columns: &mut Vec<Column>,
) {
    for field in fields {
        if columns.len() >= MAX_COLUMNS {
            return;
        }
        let path = format!("{prefix}{}", field.name);
        let node = layout.node(field.node);
        match node {
            TypeNode::Record { fields } if !fields.is_empty() && depth < MAX_DEPTH => {
                add_fields(layout, fields, &format!("{path}."), depth + 1, columns);
            }
            _ => columns.push(Column::new(path, node)),
        }
    }
}

impl Column {
    fn new(path: String, node: &TypeNode) -> Self {
        Self {
            path,
            number: matches!(
                node,
                TypeNode::Int { boolean: false, .. } | TypeNode::Float { .. }
            ),
            width: usual_width(node),
        }
    }
}

/// Most numbers are small, and most texts shorter than the room for them.
fn usual_width(node: &TypeNode) -> usize {
    let room = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    match node {
        TypeNode::Int { boolean: true, .. } => "false".len(),
        TypeNode::Int { bits: 1..8, .. } | TypeNode::Int { bytes: 1, .. } => 4,
        TypeNode::Int { bytes: 2, .. } => 5,
        TypeNode::Int { bytes: 4, .. } | TypeNode::Float { .. } => 7,
        TypeNode::Int { .. } => 10,
        TypeNode::Pointer => "0xffffffff81000000".len(),
        TypeNode::Enum { names, .. } => {
            let longest = names.iter().map(|(_, name)| name.len()).max();
            longest.unwrap_or(4).min(16)
        }
        TypeNode::Text { bytes } => room(*bytes).saturating_sub(1).min(15),
        TypeNode::Bytes { bytes } => room(*bytes).saturating_mul(2).min(16),
        TypeNode::Array { .. } | TypeNode::Record { .. } => 8,
    }
}
