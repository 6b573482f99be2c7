//! What the fields of an event are, before there is one.

use crate::layout::Field;
use crate::layout::Layout;
use crate::layout::MAX_DEPTH;
use crate::layout::Node;

/// No table has more columns: a type may nest structs in structs.
const MAX_COLUMNS: usize = 512;

/// The fields of an event's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The map through which such events come.
    pub map: String,
    /// What the type is called in C, without `struct`; empty when it is not known.
    pub type_name: String,
    /// The columns of a table of them; fields of structs in structs by their paths. A type that is no
    /// struct has one column, `value`.
    pub columns: Vec<Column>,
}

/// A column: a field that is no struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The path to the field: `pid`, `key.pid`.
    pub path: String,
    /// Numbers stand at the right of a column.
    pub number: bool,
}

impl Schema {
    pub(crate) fn of_event(map: &str, layout: &Layout) -> Self {
        let mut columns = Vec::new();
        add_fields(layout, layout.fields(), "", 0, &mut columns);
        if columns.is_empty() {
            columns.push(Column {
                path: "value".to_owned(),
                number: is_number(layout.root()),
            });
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
            Node::Record { fields } if !fields.is_empty() && depth < MAX_DEPTH => {
                add_fields(layout, fields, &format!("{path}."), depth + 1, columns);
            }
            _ => columns.push(Column {
                path,
                number: is_number(node),
            }),
        }
    }
}

fn is_number(node: &Node) -> bool {
    match node {
        Node::Int { boolean, .. } => !boolean,
        Node::Float { .. } => true,
        _ => false,
    }
}
