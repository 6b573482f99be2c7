//! The names that a piece of Rust uses: paths in code, paths in macros, and `use` declarations.

use proc_macro2::Span;
use proc_macro2::TokenStream;
use proc_macro2::TokenTree;
use syn::Attribute;
use syn::ImplItem;
use syn::Item;
use syn::ItemUse;
use syn::UseTree;
use syn::Visibility;
use syn::visit::Visit;

/// A path as it is written, such as `crate::bench::report`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// The path's names, in order.
    pub(super) segments: Vec<String>,
    /// The line of the path's first name, from 1.
    pub(super) line: usize,
}

/// What one `use` declaration makes of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Import {
    /// `use path as name`.
    Name {
        name: String,
        reference: Reference,
        is_public: bool,
    },
    /// `use path::*`.
    Glob {
        reference: Reference,
        is_public: bool,
    },
}

/// Collects what the visited items name. Tests are left out.
#[derive(Debug, Default)]
pub(super) struct Collector {
    pub(super) references: Vec<Reference>,
    pub(super) imports: Vec<Import>,
    /// Macros by their bare names, with the lines.
    pub(super) macros: Vec<(String, usize)>,
}

/// Whether an item is compiled for tests alone.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = |word: syn::Ident| word == "test";
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg") && attribute.parse_args().is_ok_and(is_test)
    })
}

impl Collector {
    fn add(&mut self, segments: Vec<String>, span: Span) {
        let line = span.start().line;
        self.references.push(Reference { segments, line });
    }

    fn add_use(&mut self, tree: &UseTree, prefix: &[String], is_public: bool) {
        match tree {
            UseTree::Path(path) => {
                let prefix = [prefix, &[path.ident.to_string()]].concat();
                self.add_use(&path.tree, &prefix, is_public);
            }
            UseTree::Group(group) => {
                let trees = group.items.iter();
                trees.for_each(|tree| self.add_use(tree, prefix, is_public));
            }
            UseTree::Name(name) => self.add_name(&name.ident, &name.ident, prefix, is_public),
            UseTree::Rename(rename) => {
                self.add_name(&rename.ident, &rename.rename, prefix, is_public);
            }
            UseTree::Glob(glob) => self.imports.push(Import::Glob {
                reference: Reference {
                    segments: prefix.to_owned(),
                    line: glob.star_token.spans[0].start().line,
                },
                is_public,
            }),
        }
    }

    /// `use prefix::{self as name}` imports the prefix itself.
    fn add_name(
        &mut self,
        ident: &syn::Ident,
        name: &syn::Ident,
        prefix: &[String],
        is_public: bool,
    ) {
        let mut segments = prefix.to_owned();
        if ident != "self" || prefix.is_empty() {
            segments.push(ident.to_string());
        }
        let name = match name == "self" {
            true => segments.last().cloned().unwrap_or_default(),
            false => name.to_string(),
        };
        self.imports.push(Import::Name {
            name,
            reference: Reference {
                segments,
                line: ident.span().start().line,
            },
            is_public,
        });
    }

    /// Paths in a macro's tokens, which `syn` does not parse.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut index = 0;
        while index < tokens.len() {
            match &tokens[index] {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Ident(ident) => {
                    let segments = path_at(&tokens[index..]);
                    index += 3 * (segments.len() - 1);
                    self.add(segments, ident.span());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            index += 1;
        }
    }
}

/// The path that begins at the first token, which is an identifier: `a::b` is four tokens.
fn path_at(tokens: &[TokenTree]) -> Vec<String> {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ':');
    let mut segments = vec![tokens[0].to_string()];
    let mut rest = &tokens[1..];
    while let [first, second, TokenTree::Ident(name), after @ ..] = rest {
        if !is_colon(first) || !is_colon(second) {
            break;
        }
        segments.push(name.to_string());
        rest = after;
    }
    segments
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let (None, Some(first)) = (path.leading_colon, path.segments.first()) {
            let segments = path
                .segments
                .iter()
                .map(|segment| segment.ident.to_string());
            self.add(segments.collect(), first.ident.span());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            let is_public = !matches!(item.vis, Visibility::Inherited);
            self.add_use(&item.tree, &[], is_public);
        }
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        if let Some(name) = invocation.path.get_ident() {
            let line = name.span().start().line;
            self.macros.push((name.to_string(), line));
        } else {
            self.visit_path(&invocation.path);
        }
        self.add_tokens(invocation.tokens.clone());
    }

    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes_of(item)) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Fn(function) => &function.attrs[..],
            ImplItem::Const(constant) => &constant.attrs[..],
            _ => &[],
        };
        if !is_for_tests(attributes) {
            syn::visit::visit_impl_item(self, item);
        }
    }

    /// `pub(in crate::a)` names a module and uses nothing of it.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// The attributes of an item that can stand at the top of a file.
pub(super) fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
