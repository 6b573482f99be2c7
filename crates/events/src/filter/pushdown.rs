//! The conditions of a filter that the BPF programs can check.

use super::compile::Wanted;
use super::node::Comparison;
use super::node::Literal;
use super::node::Node;

/// Conditions that every event must fulfil for the filter to hold. They may be weaker than the
/// filter, never stronger, so the filter must still be evaluated after them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pushdown {
    /// The real user id.
    pub uid: Option<u32>,
    /// The parent, by its number in the initial pid namespace.
    pub ppid: Option<u32>,
}

/// Looks for `uid == N` and `ppid == N` among the conditions that are joined by `&&` alone.
pub(super) fn pushdown(root: &Node, wanted: &[Wanted]) -> Pushdown {
    let mut found = Pushdown::default();
    look(root, wanted, &mut found);
    found
}

fn look(node: &Node, wanted: &[Wanted], found: &mut Pushdown) {
    match node {
        Node::And(operands) => operands.iter().for_each(|node| look(node, wanted, found)),
        Node::Compare(Comparison::Equal, operands) => {
            let [left, right] = &**operands;
            for (field, number) in [(left, right), (right, left)] {
                take(field, number, wanted, found);
            }
        }
        _ => {}
    }
}

fn take(field: &Node, number: &Node, wanted: &[Wanted], found: &mut Pushdown) {
    let (Node::Field(place), Node::Literal(Literal::Int(number))) = (field, number) else {
        return;
    };
    let Ok(number) = u32::try_from(*number) else {
        return;
    };
    match wanted[*place].field.name {
        "uid" => _ = found.uid.get_or_insert(number),
        "ppid" => _ = found.ppid.get_or_insert(number),
        _ => {}
    }
}
