//! The functions that a filter can call.

use super::kind::Kind;
use super::node::Function;
use super::node::LoopKind;

/// How a function is called.
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) function: Function,
    /// The kinds that each argument can have; the first argument of a member function is the value
    /// before the dot.
    pub(super) takes: &'static [&'static [Kind]],
    pub(super) gives: Kind,
    /// Whether it can be called as `x.f()`, and as `f(x)`.
    pub(super) member: bool,
    pub(super) global: bool,
}

const TEXT: &[Kind] = &[Kind::Text];
const TIME: &[Kind] = &[Kind::Text, Kind::Time];
const SIZED: &[Kind] = &[Kind::Text, Kind::List, Kind::Object(&[])];
const WHOLE: &[Kind] = &[Kind::Number, Kind::Text, Kind::Time];
const DECIMAL: &[Kind] = &[Kind::Number, Kind::Text];
const SIMPLE: &[Kind] = &[Kind::Text, Kind::Number, Kind::Time, Kind::Bool];

/// All functions except `matches`, and except the macros `has` and the loops.
const SIGNATURES: &[Signature] = &[
    on_text("contains", Function::Contains),
    on_text("startsWith", Function::StartsWith),
    on_text("endsWith", Function::EndsWith),
    Signature {
        member: true,
        ..global("size", Function::Size, &[SIZED], Kind::Number)
    },
    global("int", Function::Int, &[WHOLE], Kind::Number),
    global("double", Function::Double, &[DECIMAL], Kind::Number),
    global("string", Function::String, &[SIMPLE], Kind::Text),
    global("timestamp", Function::Timestamp, &[TIME], Kind::Time),
];

const fn on_text(name: &'static str, function: Function) -> Signature {
    Signature {
        name,
        function,
        takes: &[TEXT, TEXT],
        gives: Kind::Bool,
        member: true,
        global: false,
    }
}

const fn global(
    name: &'static str,
    function: Function,
    takes: &'static [&'static [Kind]],
    gives: Kind,
) -> Signature {
    Signature {
        name,
        function,
        takes,
        gives,
        member: false,
        global: true,
    }
}

/// The function of this name, called in this way.
pub(super) fn find(name: &str, member: bool) -> Option<&'static Signature> {
    let called_so = |signature: &&Signature| match member {
        true => signature.member,
        false => signature.global,
    };
    let mut all = SIGNATURES.iter().filter(called_so);
    all.find(|signature| signature.name == name)
}

/// The loop of this name.
pub(super) fn find_loop(name: &str) -> Option<LoopKind> {
    Some(match name {
        "all" => LoopKind::All,
        "exists" => LoopKind::Exists,
        "exists_one" | "existsOne" => LoopKind::ExistsOne,
        "filter" => LoopKind::Filter,
        "map" => LoopKind::Map,
        _ => return None,
    })
}

/// All functions, for messages.
pub(super) const ALL: &str = "\
The functions are
  of texts    x.contains(y) x.startsWith(y) x.endsWith(y) x.matches(\"REGEX\")
  of lists    x.exists(v, CONDITION) x.all(...) x.exists_one(...)
              x.filter(v, CONDITION) x.map(v, VALUE)
  of objects  has(x.y)
  others      size(x) int(x) double(x) string(x) timestamp(x)";

/// The names in that list.
pub(super) const NAMES: [&str; 15] = [
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "exists",
    "all",
    "exists_one",
    "filter",
    "map",
    "has",
    "size",
    "int",
    "double",
    "string",
    "timestamp",
];
