//! Which values point into memory that a program must not load from directly.
//!
//! BCC lets a program write `task->mm->pgd`, and reads for it. What is such a pointer is a fact of
//! data flow: the arguments of a probe are, the pointers in a tracepoint's fields, what
//! `bpf_get_current_task` returns; and what is computed, returned, passed on or kept of those. It
//! is found by going over the program until nothing new is learnt.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::c::clang_ast::Node;
use crate::frontend::bcc::program::Program;

/// How many loads (of the program's own memory) lead from a value to an external pointer.
type Indirections = u8;

/// No real program is nested deeper; a bound on how often `*` and `&` are counted.
const MAX_DEPTH: Indirections = 8;

/// What is known of a program's values.
#[derive(Debug)]
pub(crate) struct KernelPointers<'t, 'a> {
    program: &'t Program<'t, 'a>,
    /// Of variables, parameters and members, by the number of their declaration.
    depths: HashMap<&'t str, Indirections>,
    /// Of what functions return, by their names.
    returns: HashMap<&'t str, Indirections>,
    /// Maps whose values are external pointers.
    maps: HashSet<&'t str>,
    /// Variables that hold the context, which is loaded from directly.
    contexts: HashSet<&'t str>,
    changed: bool,
}

impl<'t, 'a> KernelPointers<'t, 'a> {
    /// Goes over a program until nothing new is learnt.
    pub fn find(program: &'t Program<'t, 'a>) -> Self {
        let mut found = Self {
            program,
            depths: HashMap::new(),
            returns: HashMap::new(),
            maps: HashSet::new(),
            contexts: HashSet::new(),
            changed: true,
        };
        found.begin();
        while std::mem::take(&mut found.changed) {
            for function in &program.functions {
                found.learn(function, function);
            }
        }
        found
    }

    /// The first parameter of a probe is its context, the others are pointers of the kernel or a
    /// user.
    fn begin(&mut self) {
        for function in &self.program.functions {
            if function.is_helper() {
                continue;
            }
            for (index, parameter) in function.parameters().into_iter().enumerate() {
                let c_type = parameter.plain_type();
                if index == 0 {
                    if is_context_type(c_type) {
                        self.contexts.insert(&parameter.id);
                    }
                } else if c_type.contains('*') {
                    self.depths.insert(&parameter.id, 0);
                }
            }
        }
    }

    fn learn(&mut self, node: &'t Node<'a>, function: &'t Node<'a>) {
        match &*node.kind {
            "VarDecl" => self.learn_variable(node),
            "BinaryOperator" if node.operator() == "=" => self.learn_assignment(node),
            "ReturnStmt" => self.learn_return(node, function),
            "CallExpr" => self.learn_call(node),
            _ => {}
        }
        for child in node.children() {
            self.learn(child, function);
        }
    }

    fn learn_variable(&mut self, variable: &'t Node<'a>) {
        let values = variable
            .children()
            .filter(|node| !node.kind.ends_with("Attr"));
        let Some(value) = values.last() else { return };
        if value.is("InitListExpr") {
            return self.learn_list(Some(&variable.id), value);
        }
        if self.is_context(value) && is_pointer(variable) {
            self.add_context(&variable.id);
        } else if is_pointer(variable) || is_pointer(value.bare()) || is_pointer(value) {
            self.set(&variable.id, self.depth(value));
        } else if self.is_task(value) {
            self.set(&variable.id, Some(0)); // u64 task = bpf_get_current_task()
        }
    }

    /// `{ a, b }`: of an array, each says something of it; of a struct, of the member in its place.
    fn learn_list(&mut self, whose: Option<&'t str>, list: &'t Node<'a>) {
        let program = self.program;
        let members = program.members.get(list.plain_type());
        for (place, value) in list.children().enumerate() {
            let member = members.and_then(|members| members.get(place)).copied();
            if value.is("InitListExpr") {
                self.learn_list(member, value);
            } else if let Some(depth) = self.depth(value).filter(|_| is_pointer(value)) {
                match (list.plain_type().contains('['), member, whose) {
                    (true, _, Some(id)) => self.set(id, Some(depth + 1)),
                    (false, Some(id), _) => self.set(id, Some(depth)),
                    _ => {}
                }
            }
        }
    }

    fn is_task(&self, value: &Node) -> bool {
        value.bare().callee_name() == Some("bpf_get_current_task")
    }

    fn learn_assignment(&mut self, node: &'t Node<'a>) {
        let (Some(left), Some(right)) = (node.child(0), node.child(1)) else {
            return;
        };
        if self.is_context(right) {
            if let Some(id) = left.bare().declaration() {
                self.add_context(id);
            }
            return;
        }
        let pointers = is_pointer(left) || is_pointer(right) || self.is_task(right);
        if pointers && !self.is_external(left) {
            self.set_target(left, self.depth(right));
        }
    }

    /// What is assigned to: `*p = x` and `p[0] = x` say something of `p`, a level deeper.
    fn set_target(&mut self, mut target: &'t Node<'a>, depth: Option<Indirections>) {
        let mut more = 0;
        loop {
            target = target.bare();
            let through = target.is("ArraySubscriptExpr")
                || target.is("UnaryOperator") && target.operator() == "*";
            match target.child(0) {
                Some(inner) if through => target = inner,
                _ => break,
            }
            more += 1;
        }
        let id = match target.is("MemberExpr") {
            true => target.referenced_member_decl.as_deref(),
            false => target.declaration(),
        };
        if let Some(id) = id {
            self.set(id, depth.map(|depth| depth + more));
        }
    }

    fn learn_return(&mut self, node: &'t Node<'a>, function: &'t Node<'a>) {
        let Some(value) = node.child(0) else { return };
        let Some(depth) = self.depth(value).filter(|_| is_pointer(value)) else {
            return;
        };
        if self.returns.insert(function.name(), depth) != Some(depth) {
            self.changed = true;
        }
    }

    fn learn_call(&mut self, node: &'t Node<'a>) {
        if let Some(call) = self.program.method_call(node) {
            let stores = matches!(
                call.method,
                "update" | "insert" | "lookup_or_try_init" | "lookup_or_init"
            );
            let value = call.arguments.get(1).and_then(|value| self.depth(value));
            if stores && value == Some(1) && self.maps.insert(&call.map.name) {
                self.changed = true;
            }
            return;
        }
        let Some(function) = self.program.entered(node) else {
            return;
        };
        let parameters = function.parameters();
        for (parameter, argument) in parameters.into_iter().zip(node.arguments()) {
            match self.is_context(argument) {
                true => self.add_context(&parameter.id),
                false => self.set(&parameter.id, self.depth(argument)),
            }
        }
    }

    fn is_context(&self, node: &Node) -> bool {
        let id = node.bare().declaration();
        id.is_some_and(|id| self.contexts.contains(id))
    }

    fn add_context(&mut self, id: &'t str) {
        self.changed |= self.contexts.insert(id);
    }

    /// The lowest depth counts: what is external in one place is read as such in all.
    fn set(&mut self, id: &'t str, depth: Option<Indirections>) {
        let Some(depth) = depth.filter(|&depth| depth <= MAX_DEPTH) else {
            return;
        };
        if self.depths.get(id).is_none_or(|&known| depth < known) {
            self.depths.insert(id, depth);
            self.changed = true;
        }
    }

    /// How far an expression's value is from an external pointer; `None` when it leads to none.
    pub fn depth(&self, node: &Node) -> Option<Indirections> {
        let first = node.child(0);
        match &*node.kind {
            "DeclRefExpr" => self.depths.get(node.declaration()?).copied(),
            "ImplicitCastExpr" | "CStyleCastExpr" | "ParenExpr" | "ConstantExpr" => {
                self.depth(node.children().last()?)
            }
            "MemberExpr" => self.depth_of_member(node),
            "ArraySubscriptExpr" => self.depth_of_item(node),
            "UnaryOperator" => self.depth_of_unary(node),
            "BinaryOperator" => self.depth_of_binary(node),
            "ConditionalOperator" => {
                let yes = self.depth(node.child(1)?);
                yes.or_else(|| self.depth(node.child(2)?))
            }
            "BinaryConditionalOperator" => {
                let yes = self.depth(first?);
                yes.or_else(|| self.depth(node.children().last()?))
            }
            "StmtExpr" => self.depth(first?.children().last()?),
            "CallExpr" => self.depth_of_call(node),
            _ => None,
        }
    }

    fn depth_of_member(&self, node: &Node) -> Option<Indirections> {
        let base = node.child(0)?;
        let known = || {
            let id = node.referenced_member_decl.as_deref()?;
            self.depths.get(id).copied()
        };
        if !node.is_arrow {
            return match self.is_external(base) {
                true => Some(0),
                false => known().or_else(|| self.depth(base)),
            };
        }
        if self.is_context(base) {
            return is_plain_field(node).then_some(0);
        }
        match self.depth(base) {
            Some(0) => Some(0),
            depth => known().or_else(|| less(depth)),
        }
    }

    fn depth_of_item(&self, node: &Node) -> Option<Indirections> {
        let base = node.child(0)?;
        if self.is_context_array(base.bare()) {
            return Some(0);
        }
        less(self.depth(base).or_else(|| self.depth(node.child(1)?)))
    }

    /// An array in the context, of which each item may be a pointer: `ctx->args`.
    fn is_context_array(&self, node: &Node) -> bool {
        let of_context = node.child(0).is_some_and(|base| self.is_context(base));
        node.is("MemberExpr") && node.is_arrow && of_context && node.plain_type().contains('[')
    }

    fn depth_of_unary(&self, node: &Node) -> Option<Indirections> {
        let inner = node.child(0)?;
        match node.operator() {
            "*" => less(self.depth(inner)),
            "&" if self.is_external(inner) => Some(0),
            "&" => self
                .depth(inner)
                .map(|depth| (depth + 1).min(MAX_DEPTH + 1)),
            "++" | "--" | "+" | "-" | "~" => self.depth(inner),
            _ => None,
        }
    }

    fn depth_of_binary(&self, node: &Node) -> Option<Indirections> {
        let (left, right) = (node.child(0)?, node.child(1)?);
        match node.operator() {
            "+" | "-" | "&" | "|" => self.depth(left).or_else(|| self.depth(right)),
            "," | "=" => self.depth(right),
            _ => None,
        }
    }

    fn depth_of_call(&self, node: &Node) -> Option<Indirections> {
        if let Some((map, method)) = self.method(node) {
            let finds = method.starts_with("lookup");
            return (finds && self.maps.contains(map)).then_some(1);
        }
        match node.callee_name()? {
            "bpf_get_current_task" => Some(0),
            name => self.returns.get(name).copied(),
        }
    }

    fn method<'n>(&self, node: &'n Node) -> Option<(&'n str, &'n str)> {
        let callee = node.callee().filter(|callee| callee.is("MemberExpr"))?;
        let map = callee.child(0)?.bare().referenced_decl.as_ref()?;
        Some((map.name.as_deref()?, callee.name()))
    }

    /// Whether an lvalue lies in external memory, so that loading it means reading.
    pub fn is_external(&self, node: &Node) -> bool {
        let Some(first) = node.child(0) else {
            return false;
        };
        match &*node.kind {
            "ParenExpr" => self.is_external(first),
            "ImplicitCastExpr" => is_same_place(node) && self.is_external(first),
            "MemberExpr" if !node.is_arrow => self.is_external(first),
            "MemberExpr" => !self.is_context(first) && self.depth(first) == Some(0),
            "ArraySubscriptExpr" if is_decay(first) => self.is_external(first),
            "ArraySubscriptExpr" => !self.is_context(first) && self.depth(first) == Some(0),
            "UnaryOperator" if node.operator() == "*" => {
                !self.is_context(first) && self.depth(first) == Some(0)
            }
            _ => false,
        }
    }
}

/// The contexts whose fields hold addresses; those of packets, say, hold what may be loaded from.
fn is_context_type(c_type: &str) -> bool {
    let known = ["struct pt_regs *", "struct bpf_raw_tracepoint_args *"];
    let c_type = c_type.trim_start_matches("const ");
    known.contains(&c_type) || c_type.starts_with("struct tracepoint__")
}

/// After one more load. What is loaded from external memory may again point there.
fn less(depth: Option<Indirections>) -> Option<Indirections> {
    depth.map(|depth| depth.saturating_sub(1))
}

fn is_pointer(node: &Node) -> bool {
    let c_type = node.plain_type();
    c_type.contains('*') || c_type.contains('[')
}

/// A field of the context that can hold a pointer.
fn is_plain_field(node: &Node) -> bool {
    !node.plain_type().contains('[')
}

fn is_decay(node: &Node) -> bool {
    node.is("ImplicitCastExpr") && node.cast_kind.as_deref() == Some("ArrayToPointerDecay")
}

fn is_same_place(node: &Node) -> bool {
    is_decay(node) || node.cast_kind.as_deref() == Some("NoOp")
}
