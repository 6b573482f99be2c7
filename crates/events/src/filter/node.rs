//! A filter, ready to be evaluated.

use regex::Regex;

/// A part of a filter.
#[derive(Debug)]
pub(super) enum Node {
    Literal(Literal),
    /// A field, by its index in the list of fields that the filter uses.
    Field(usize),
    /// The current element of a loop, by the depth of the loop.
    Variable(usize),
    Select(Box<Node>, String),
    Has(Box<Node>, String),
    Index(Box<[Node; 2]>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    If(Box<[Node; 3]>),
    Compare(Comparison, Box<[Node; 2]>),
    Calculate(Arithmetic, Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    /// `in`, with a list of literals: by far the most common one.
    OneOf(Box<Node>, Vec<Literal>),
    List(Vec<Node>),
    Loop(Box<Loop>),
    Call(Function, Vec<Node>),
    Matches(Box<Node>, Regex),
}

#[derive(Debug)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// `range.kind(variable, body)`.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) kind: LoopKind,
    pub(super) range: Node,
    pub(super) body: Node,
    /// The condition on elements in a `map` with three arguments.
    pub(super) condition: Option<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoopKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Int,
    Double,
    String,
    Timestamp,
}
