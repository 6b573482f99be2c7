//! The types of a program's events: what it hands to its output maps, casts taken off.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use crate::c::clang_ast::Node;

/// An event's type, by its map.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Event {
    pub map: String,
    pub c_type: String,
}

/// Data handed to an output map.
#[derive(Debug)]
pub(crate) struct Output<'t, 'a> {
    pub map: String,
    pub data: &'t Node<'a>,
    pub size: Option<&'t Node<'a>>,
}

/// The types that names in a tree mean, for the events that use them.
#[derive(Debug)]
pub(crate) struct Types<'t, 'a> {
    /// Types that can be named at the end of the file.
    global: HashSet<String>,
    /// Every function with a body, by name.
    functions: HashMap<&'t str, &'t Node<'a>>,
    /// The function and the place of each parameter, by its number.
    parameters: HashMap<&'t str, (&'t str, usize)>,
    calls: Vec<&'t Node<'a>>,
}

impl<'t, 'a> Types<'t, 'a> {
    /// Learns a tree's types and functions.
    pub fn of(tree: &'t Node<'a>) -> Self {
        let mut types = Self {
            global: tree.children().filter_map(global_name).collect(),
            functions: HashMap::new(),
            parameters: HashMap::new(),
            calls: Vec::new(),
        };
        for function in tree.children().filter(|node| node.is("FunctionDecl")) {
            let Some(body) = function.body() else {
                continue;
            };
            types.functions.insert(function.name(), function);
            for (place, parameter) in function.parameters().into_iter().enumerate() {
                let whose = (function.name(), place);
                types.parameters.insert(&parameter.id, whose);
            }
            body.visit(&mut |node| {
                if node.is("CallExpr") {
                    types.calls.push(node);
                }
            });
        }
        types
    }

    /// The types of the data that goes to a map; none when they cannot be known.
    pub fn of_output(&self, output: &Output<'t, 'a>) -> Vec<String> {
        let mut found = Vec::new();
        self.follow(output.data, 0, &mut found);
        if found.is_empty() {
            found.extend(output.size.and_then(measured));
        }
        found
    }

    /// The type behind a pointer; of a parameter of no type, what its callers give.
    fn follow(&self, data: &'t Node<'a>, depth: usize, found: &mut Vec<String>) {
        let bare = data.bare();
        if let Some(c_type) = pointee(bare) {
            if !found.contains(&c_type) {
                found.push(c_type);
            }
            return;
        }
        let whose = bare.declaration().and_then(|id| self.parameters.get(id));
        let Some(&(function, place)) = whose.filter(|_| depth < 8) else {
            return;
        };
        for call in self
            .calls
            .iter()
            .filter(|call| call.callee_name() == Some(function))
        {
            if let Some(argument) = call.arguments().get(place) {
                self.follow(argument, depth + 1, found);
            }
        }
    }

    /// Whether a type can be named at the end of the file.
    pub fn is_global(&self, c_type: &str) -> bool {
        let base = c_type.split(['*', '[']).next().unwrap_or_default().trim();
        let base = base
            .trim_start_matches("const ")
            .trim_start_matches("volatile ");
        let tagged = ["struct ", "union ", "enum "]
            .iter()
            .any(|tag| base.starts_with(tag));
        !is_unnamed(base) && (self.global.contains(base) || !tagged && is_builtin(base))
    }

    /// The outputs of a program in libbpf's dialect.
    pub fn helper_outputs(&self) -> Vec<Output<'t, 'a>> {
        self.calls
            .iter()
            .filter_map(|call| helper_output(call))
            .collect()
    }

    /// The maps out of which CPUs' counters are read.
    pub fn counters(&self) -> BTreeSet<&'t str> {
        let reads = |call: &&&Node| {
            let name = call.callee_name().unwrap_or_default();
            ["bpf_perf_event_read", "bpf_perf_event_read_value"].contains(&name)
        };
        let calls = self.calls.iter().filter(reads);
        calls
            .filter_map(|call| map_name(call.arguments().first()?))
            .collect()
    }

    /// What is reserved in ring buffers: the type that the room is taken for, or its size's.
    pub fn reservations(&self) -> Vec<Event> {
        let bodies = self.functions.values();
        let mut found = Vec::new();
        for function in bodies {
            function.visit(&mut |node| found.extend(reservation(node)));
        }
        found
    }
}

/// `struct event` for its declaration, `event_t` for a typedef's.
fn global_name(node: &Node) -> Option<String> {
    let name = node.name.as_deref()?;
    match &*node.kind {
        "TypedefDecl" => Some(name.to_owned()),
        "EnumDecl" => Some(format!("enum {name}")),
        "RecordDecl" => Some(format!("{} {name}", node.tag())),
        _ => None,
    }
}

fn is_unnamed(c_type: &str) -> bool {
    c_type.contains("(anonymous") || c_type.contains("(unnamed") || c_type.contains('(')
}

fn is_builtin(c_type: &str) -> bool {
    let words = [
        "unsigned", "signed", "long", "short", "int", "char", "_Bool",
    ];
    c_type.split(' ').all(|word| words.contains(&word))
}

/// What a pointer of a known type points to; an array is what it is.
fn pointee(node: &Node) -> Option<String> {
    let c_type = node.written_type();
    if c_type.ends_with(']') {
        return Some(c_type.to_owned());
    }
    let target = c_type.strip_suffix('*').unwrap_or("").trim();
    let plain = target.trim_start_matches("const ");
    let plain = plain.trim_start_matches("volatile ");
    let vague = ["", "void", "char", "unsigned char", "u8", "__u8", "uint8_t"];
    (!vague.contains(&plain)).then(|| plain.to_owned())
}

/// The type that a `sizeof` measures.
fn measured(node: &Node) -> Option<String> {
    let node = node.bare();
    if !node.is("UnaryExprOrTypeTraitExpr") {
        return None;
    }
    let c_type = match &node.arg_type {
        Some(given) => given.qual_type.to_string(),
        None => node.child(0)?.bare().written_type().to_owned(),
    };
    (!c_type.is_empty() && !c_type.ends_with('*')).then_some(c_type)
}

fn helper_output<'t, 'a>(call: &&'t Node<'a>) -> Option<Output<'t, 'a>> {
    let (map, data, size) = match call.callee_name()? {
        "bpf_perf_event_output" | "bpf_skb_output" | "bpf_xdp_output" => (1, 3, 4),
        "bpf_ringbuf_output" => (0, 1, 2),
        _ => return None,
    };
    let arguments = call.arguments();
    Some(Output {
        map: map_name(arguments.get(map)?)?.to_owned(),
        data: arguments.get(data)?,
        size: arguments.get(size).copied(),
    })
}

/// The map of `&map`.
fn map_name<'n>(argument: &'n Node) -> Option<&'n str> {
    let address = argument.bare();
    let variable = match address.is("UnaryOperator") {
        true => address.child(0)?.bare(),
        false => address,
    };
    variable.referenced_decl.as_ref()?.name.as_deref()
}

/// `T *x = bpf_ringbuf_reserve(&map, …)`, in a declaration, an assignment or behind a cast.
fn reservation(node: &Node) -> Option<Event> {
    let (target, value) = match &*node.kind {
        "VarDecl" => (node, node.children().last()?),
        "BinaryOperator" if node.operator() == "=" => (node.child(0)?, node.child(1)?),
        _ => return None,
    };
    let call = value.bare();
    if call.callee_name() != Some("bpf_ringbuf_reserve") {
        return None;
    }
    let arguments = call.arguments();
    let c_type = pointee(target).or_else(|| measured(arguments.get(1)?));
    Some(Event {
        map: map_name(arguments.first()?)?.to_owned(),
        c_type: c_type?,
    })
}

/// The variables that say in the object which types come through which maps.
pub(crate) fn planted(events: &[Event]) -> String {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut text = String::new();
    for event in events {
        let number = numbers.entry(&event.map).or_default();
        text += &format!("typeof({}) *{};\n", event.c_type, mark(&event.map, *number));
        *number += 1;
    }
    text
}

/// The declarator of such a variable.
pub(crate) fn mark(map: &str, number: usize) -> String {
    format!("__bpfrun_event{number}_{map} __attribute__((section(\".bpfrun.events\"), used))")
}

/// The variable that says that a map holds counters, and is not for output.
pub(crate) fn counters(map: &str) -> String {
    format!("char __bpfrun_counters_{map} __attribute__((section(\".bpfrun.maps\"), used));\n")
}
