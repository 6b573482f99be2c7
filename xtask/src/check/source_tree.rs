//! The modules of one crate: in which file each is, what it defines and what it names.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use syn::Item;
use syn::ItemMod;
use syn::visit::Visit as _;

use super::references::Collector;
use super::references::Import;
use super::references::Reference;
use super::references::attributes_of;
use super::references::is_for_tests;

/// What a name in a module stands for.
#[derive(Debug)]
enum Definition {
    /// Defined in the module's own file.
    Item,
    /// A child module, by its index.
    Module(usize),
    /// Imported from this path.
    Alias(Vec<String>),
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// An item in the file of this index.
    Item(usize),
    /// The module of this index.
    Module(usize),
}

#[derive(Debug)]
struct Module {
    file: usize,
    parent: Option<usize>,
    names: HashMap<String, Vec<Definition>>,
    globs: Vec<Vec<String>>,
    collected: Collector,
}

/// All modules of a crate, and their files.
#[derive(Debug, Default)]
pub(super) struct SourceTree {
    /// The files, the crate's root first.
    pub(super) files: Vec<PathBuf>,
    modules: Vec<Module>,
    /// Files with `mod child;`: what they re-export is not theirs.
    facades: Vec<bool>,
    /// The files of each `macro_rules!`; several may define one of the same name.
    macros: HashMap<String, Vec<usize>>,
}

/// A file names an item that another file defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    /// Index of the file that names the item.
    pub(super) from: usize,
    /// Index of the file that defines it.
    pub(super) to: usize,
    /// How it is named, for messages.
    pub(super) path: String,
    /// The line of the name in `from`.
    pub(super) line: usize,
}

impl SourceTree {
    /// Parses a crate from its root file, `src/lib.rs` or `src/main.rs`.
    ///
    /// # Errors
    ///
    /// A file is missing, unreadable or not Rust.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        let dir = root.parent().context("the root file has no directory")?;
        tree.add_file(root.to_owned(), dir, None)?;
        Ok(tree)
    }

    /// Every use of an item in one file that another file defines.
    pub(super) fn edges(&self) -> Vec<Edge> {
        let modules = 0..self.modules.len();
        modules.flat_map(|module| self.edges_of(module)).collect()
    }

    fn edges_of(&self, module: usize) -> Vec<Edge> {
        let Module {
            file, collected, ..
        } = &self.modules[module];
        let imports = collected.imports.iter();
        let imports = imports.filter_map(|import| self.imported(*file, import));
        let references = imports.chain(&collected.references);
        let by_path = references.filter_map(|reference| {
            let to = match self.resolve(module, &reference.segments, &mut Vec::new())? {
                Target::Item(file) => file,
                Target::Module(_) => return None,
            };
            Some((to, reference.segments.join("::"), reference.line))
        });
        let macros = collected.macros.iter().filter_map(|(name, line)| {
            let files = self.macros.get(name)?;
            let to = if files.contains(file) {
                *file
            } else {
                files[0]
            };
            Some((to, format!("{name}!"), *line))
        });
        let edges = by_path.chain(macros).map(|(to, path, line)| Edge {
            from: *file,
            to,
            path,
            line,
        });
        edges.filter(|edge| edge.to != *file).collect()
    }

    /// The path of an import, unless it is the re-export of a facade.
    fn imported<'a>(&self, file: usize, import: &'a Import) -> Option<&'a Reference> {
        let (Import::Name {
            reference,
            is_public,
            ..
        }
        | Import::Glob {
            reference,
            is_public,
        }) = import;
        (!(*is_public && self.facades[file])).then_some(reference)
    }

    fn resolve(
        &self,
        module: usize,
        segments: &[String],
        visited: &mut Vec<(usize, String)>,
    ) -> Option<Target> {
        let mut target = Target::Module(module);
        for (index, name) in segments.iter().enumerate() {
            let Target::Module(current) = target else {
                return Some(target);
            };
            let is_last = index + 1 == segments.len();
            target = match name.as_str() {
                "crate" => Target::Module(0),
                "self" => target,
                "super" => Target::Module(self.modules[current].parent?),
                name => self.look_up(current, name, is_last, visited)?,
            };
        }
        Some(target)
    }

    /// A module and an item may share a name: a path goes on in the module and ends in the item.
    fn look_up(
        &self,
        module: usize,
        name: &str,
        is_last: bool,
        visited: &mut Vec<(usize, String)>,
    ) -> Option<Target> {
        let visit = (module, name.to_owned());
        if visited.contains(&visit) {
            return None;
        }
        visited.push(visit);
        let targets = self.targets(module, name, visited);
        visited.pop();
        let is_preferred = |target: &&Target| matches!(target, Target::Item(_)) == is_last;
        let preferred = targets.iter().find(is_preferred);
        preferred.or(targets.first()).copied()
    }

    fn targets(
        &self,
        module: usize,
        name: &str,
        visited: &mut Vec<(usize, String)>,
    ) -> Vec<Target> {
        let Module {
            file, names, globs, ..
        } = &self.modules[module];
        let definitions = names.get(name).into_iter().flatten();
        let mut targets: Vec<Target> = definitions
            .filter_map(|definition| match definition {
                Definition::Item => Some(Target::Item(*file)),
                Definition::Module(child) => Some(Target::Module(*child)),
                Definition::Alias(path) => self.resolve(module, path, visited),
            })
            .collect();
        for glob in globs.iter().filter(|_| !names.contains_key(name)) {
            if let Some(Target::Module(source)) = self.resolve(module, glob, visited) {
                targets.extend(self.look_up(source, name, true, visited));
            }
        }
        targets
    }

    fn add_file(&mut self, path: PathBuf, dir: &Path, parent: Option<usize>) -> Result<usize> {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let parsed = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        let is_child_file = |item: &Item| matches!(item, Item::Mod(item) if item.content.is_none());
        self.files.push(path);
        self.facades.push(parsed.items.iter().any(is_child_file));
        self.add_module(self.files.len() - 1, dir, parent, &parsed.items)
    }

    fn add_module(
        &mut self,
        file: usize,
        dir: &Path,
        parent: Option<usize>,
        items: &[Item],
    ) -> Result<usize> {
        let module = self.modules.len();
        self.modules.push(Module {
            file,
            parent,
            names: HashMap::new(),
            globs: Vec::new(),
            collected: Collector::default(),
        });
        let items = items
            .iter()
            .filter(|item| !is_for_tests(attributes_of(item)));
        for item in items {
            match item {
                Item::Mod(child) => self.add_child(module, dir, child)?,
                item => self.add_item(module, item),
            }
        }
        self.add_imports(module);
        Ok(module)
    }

    fn add_child(&mut self, parent: usize, dir: &Path, item: &ItemMod) -> Result<()> {
        let name = item.ident.to_string();
        let inner = dir.join(&name);
        let child = match &item.content {
            Some((_, items)) => {
                self.add_module(self.modules[parent].file, &inner, Some(parent), items)?
            }
            None => {
                let nested = inner.join("mod.rs");
                let beside = dir.join(format!("{name}.rs"));
                let path = if nested.exists() { nested } else { beside };
                self.add_file(path, &inner, Some(parent))?
            }
        };
        self.define(parent, name, Definition::Module(child));
        Ok(())
    }

    fn add_item(&mut self, module: usize, item: &Item) {
        self.modules[module].collected.visit_item(item);
        if let Item::Macro(syn::ItemMacro {
            ident: Some(name), ..
        }) = item
        {
            let file = self.modules[module].file;
            self.macros.entry(name.to_string()).or_default().push(file);
        }
        if let Some(name) = name_of(item) {
            self.define(module, name, Definition::Item);
        }
    }

    fn add_imports(&mut self, module: usize) {
        for import in self.modules[module].collected.imports.clone() {
            match import {
                Import::Name {
                    name, reference, ..
                } => {
                    self.define(module, name, Definition::Alias(reference.segments));
                }
                Import::Glob { reference, .. } => {
                    self.modules[module].globs.push(reference.segments);
                }
            }
        }
    }

    fn define(&mut self, module: usize, name: String, definition: Definition) {
        let names = &mut self.modules[module].names;
        names.entry(name).or_default().push(definition);
    }
}

/// The name that an item defines in its module.
fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}
