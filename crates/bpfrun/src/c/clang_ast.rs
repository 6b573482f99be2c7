//! clang's own syntax tree, as `-ast-dump=json` prints it.

use std::borrow::Cow;

use serde::Deserialize;

/// A node: a declaration, a statement, an expression or an attribute.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Node<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub name: Option<Cow<'a, str>>,
    #[serde(rename = "type", borrow)]
    pub c_type: Option<Type<'a>>,
    /// What `sizeof` measures.
    #[serde(borrow)]
    pub arg_type: Option<Type<'a>>,
    pub range: Range,
    #[serde(borrow)]
    pub opcode: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub cast_kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub storage_class: Option<Cow<'a, str>>,
    /// `struct` or `union`.
    #[serde(borrow)]
    pub tag_used: Option<Cow<'a, str>>,
    pub inline: bool,
    pub is_arrow: bool,
    pub is_bitfield: bool,
    #[serde(borrow)]
    pub referenced_decl: Option<Reference<'a>>,
    #[serde(borrow)]
    pub referenced_member_decl: Option<Cow<'a, str>>,
    #[serde(borrow)]
    inner: Vec<Node<'a>>,
    /// What an array is initialized with that has more items than are written.
    #[serde(rename = "array_filler", borrow)]
    array_filler: Vec<Node<'a>>,
}

/// A type as it was written, and without its typedefs.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Type<'a> {
    #[serde(borrow)]
    pub qual_type: Cow<'a, str>,
    #[serde(borrow)]
    pub desugared_qual_type: Option<Cow<'a, str>>,
}

/// What a name stands for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reference<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    #[serde(borrow)]
    pub name: Option<Cow<'a, str>>,
}

/// From where to where in the text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Range {
    begin: Place,
    end: Place,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Place {
    offset: Option<usize>,
    tok_len: usize,
    expansion_loc: Option<Box<Place>>,
}

impl Place {
    fn real(&self) -> &Self {
        self.expansion_loc.as_deref().unwrap_or(self)
    }
}

impl<'a> Node<'a> {
    /// Reads a whole tree. It must not be deeper than [`is_deep`] allows.
    pub fn parse(json: &'a str) -> serde_json::Result<Self> {
        let mut reader = serde_json::Deserializer::from_str(json);
        reader.disable_recursion_limit();
        Self::deserialize(&mut reader)
    }

    /// Its children; the empty places of absent ones left out.
    pub fn children(&self) -> impl Iterator<Item = &Node<'a>> {
        let all = self.inner.iter().chain(&self.array_filler);
        all.filter(|node| !node.kind.is_empty())
    }

    /// The child at a place.
    pub fn child(&self, index: usize) -> Option<&Node<'a>> {
        self.children().nth(index)
    }

    /// Whether it is of this kind.
    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// Its name, empty when it has none.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Its operator, empty when it has none.
    pub fn operator(&self) -> &str {
        self.opcode.as_deref().unwrap_or_default()
    }

    /// Its type as written.
    pub fn written_type(&self) -> &str {
        self.c_type.as_ref().map_or("", |one| &one.qual_type)
    }

    /// Its type without typedefs.
    pub fn plain_type(&self) -> &str {
        let one = self.c_type.as_ref();
        one.and_then(|one| one.desugared_qual_type.as_deref())
            .unwrap_or_else(|| self.written_type())
    }

    /// Its bytes in the text.
    pub fn bytes(&self) -> Option<std::ops::Range<usize>> {
        let (begin, end) = (self.range.begin.real(), self.range.end.real());
        let range = begin.offset?..end.offset? + end.tok_len;
        (range.start <= range.end).then_some(range)
    }

    /// What it is without the brackets and casts around it.
    pub fn bare(&self) -> &Node<'a> {
        let mut node = self;
        while is_wrapper(&node.kind) {
            match node.children().last() {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    /// `struct` or `union`.
    pub fn tag(&self) -> &str {
        self.tag_used.as_deref().unwrap_or("struct")
    }

    /// What is called by a call.
    pub fn callee(&self) -> Option<&Node<'a>> {
        let callee = self.child(0)?.bare();
        match callee.is("UnaryOperator") {
            true => Some(callee.child(0)?.bare()),
            false => Some(callee),
        }
    }

    /// The name of the function called.
    pub fn callee_name(&self) -> Option<&str> {
        if !self.is("CallExpr") {
            return None;
        }
        self.callee()?.referenced_decl.as_ref()?.name.as_deref()
    }

    /// The arguments of a call.
    pub fn arguments(&self) -> Vec<&Node<'a>> {
        self.children().skip(1).collect()
    }

    /// The number of the declaration that a name stands for.
    pub fn declaration(&self) -> Option<&str> {
        let reference = self.referenced_decl.as_ref()?;
        self.is("DeclRefExpr").then_some(&*reference.id)
    }

    /// The parameters of a function.
    pub fn parameters(&self) -> Vec<&Node<'a>> {
        self.children()
            .filter(|node| node.is("ParmVarDecl"))
            .collect()
    }

    /// The body of a function.
    pub fn body(&self) -> Option<&Node<'a>> {
        self.children().find(|node| node.is("CompoundStmt"))
    }

    /// Whether a function is for others to call, and no program.
    pub fn is_helper(&self) -> bool {
        self.storage_class.as_deref() == Some("static") || self.inline
    }

    /// Goes through it and all below it.
    pub fn visit<'b>(&'b self, see: &mut dyn FnMut(&'b Node<'a>)) {
        see(self);
        for child in self.children() {
            child.visit(see);
        }
    }
}

/// Nested deeper than any program that is meant to be read, and than the stack of who goes through
/// it.
pub(crate) fn is_deep(json: &str) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// What the stack of [`with_stack`] is enough for.
const MAX_DEPTH: u32 = 1000;

/// Runs what goes through trees on a stack that is deep enough for them.
pub(crate) fn with_stack<T: Send>(run: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(128 << 20)
            .spawn_scoped(scope, run)?;
        match thread.join() {
            Ok(result) => Ok(result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn is_wrapper(kind: &str) -> bool {
    matches!(
        kind,
        "ImplicitCastExpr" | "CStyleCastExpr" | "ParenExpr" | "ConstantExpr"
    )
}
