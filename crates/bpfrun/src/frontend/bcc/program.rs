//! A program's functions and maps, and which call means which.

use std::collections::HashMap;

use crate::c::clang_ast::Node;
use crate::frontend::bcc::maps::Map;

/// A program's tree with its functions found.
#[derive(Debug)]
pub(crate) struct Program<'t, 'a> {
    /// The functions that have bodies in the program's own text.
    pub functions: Vec<&'t Node<'a>>,
    pub maps: &'t HashMap<String, Map>,
    /// The members of each struct with a name, in order, by the numbers of their declarations.
    pub members: HashMap<String, Vec<&'t str>>,
    /// From the number of any declaration of a function to its place in `functions`.
    by_id: HashMap<&'t str, usize>,
}

/// A call of a map's method.
#[derive(Debug)]
pub(crate) struct MethodCall<'t, 'a> {
    pub map: &'t Map,
    pub method: &'t str,
    pub arguments: Vec<&'t Node<'a>>,
}

impl<'t, 'a> Program<'t, 'a> {
    /// Finds the functions behind `from`, the byte at which the program's own text begins.
    pub fn new(tree: &'t Node<'a>, maps: &'t HashMap<String, Map>, from: usize) -> Self {
        let is_own = |node: &&Node| {
            let own = node.bytes().is_some_and(|bytes| bytes.start >= from);
            node.is("FunctionDecl") && own && node.body().is_some()
        };
        let functions: Vec<_> = tree.children().filter(is_own).collect();
        let places: HashMap<_, _> = (functions.iter().enumerate())
            .map(|(place, function)| (function.name(), place))
            .collect();
        let by_id = tree
            .children()
            .filter(|node| node.is("FunctionDecl"))
            .filter_map(|node| Some((&*node.id, *places.get(node.name())?)))
            .collect();
        Self {
            members: members(tree),
            functions,
            maps,
            by_id,
        }
    }

    /// The function that a call enters, if it is the program's own.
    pub fn entered(&self, call: &'t Node<'a>) -> Option<&'t Node<'a>> {
        let place = self.by_id.get(call.callee()?.declaration()?)?;
        Some(self.functions[*place])
    }

    /// The method that a call means, if it means one.
    pub fn method_call(&self, node: &'t Node<'a>) -> Option<MethodCall<'t, 'a>> {
        if !node.is("CallExpr") {
            return None;
        }
        let callee = node.callee()?;
        if !callee.is("MemberExpr") || callee.is_arrow {
            return None;
        }
        let map = callee.child(0)?.bare().referenced_decl.as_ref()?;
        Some(MethodCall {
            map: self.maps.get(map.name.as_deref()?)?,
            method: callee.name(),
            arguments: node.arguments(),
        })
    }
}

fn members<'t>(tree: &'t Node<'_>) -> HashMap<String, Vec<&'t str>> {
    let mut found = HashMap::new();
    tree.visit(&mut |node| {
        if node.is("RecordDecl") && node.name.is_some() {
            let fields = node.children().filter(|child| child.is("FieldDecl"));
            let fields: Vec<_> = fields.map(|field| &*field.id).collect();
            if !fields.is_empty() {
                found.insert(format!("{} {}", node.tag(), node.name()), fields);
            }
        }
    });
    found
}
