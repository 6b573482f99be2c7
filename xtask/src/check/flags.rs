//! Options of the commands do not belong into libraries: they say what is wrong, and a command adds
//! which of its options helps.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::Result;
use regex::Regex;
use syn::visit::Visit;

use crate::build::binaries::workspace;

/// The libraries, and the folder of each that is a command.
const LIBRARIES: [(&str, Option<&str>); 4] = [
    ("crates/events/src", None),
    ("crates/host/src", None),
    ("crates/probe/src", None),
    ("crates/bpfrun/src", Some("cli")),
];

/// The complaints: a string of a library that names an option.
pub(super) fn check() -> Result<Vec<String>> {
    let option = Regex::new(r"(^|[\s(`])--[a-z]")?;
    let mut complaints = Vec::new();
    for (root, command) in LIBRARIES {
        let root = workspace().join(root);
        for file in sources(&root, command)? {
            complaints.extend(check_file(&file, &option)?);
        }
    }
    Ok(complaints)
}

/// The Rust files below a directory, without tests, the command, and the redactor's tables: they
/// list the options of other programs.
fn sources(directory: &Path, command: Option<&str>) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if Some(&*name) != command && name != "tests" && name != "redact" {
                files.extend(sources(&path, None)?);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push(path);
        }
    }
    Ok(files)
}

fn check_file(path: &Path, option: &Regex) -> Result<Vec<String>> {
    let text = fs::read_to_string(path)?;
    let file = syn::parse_file(&text).with_context(|| path.display().to_string())?;
    let mut strings = Strings::default();
    strings.visit_file(&file);
    let names_option = |text: &&String| option.is_match(text);
    let complaint = |text: &String| format!("{} names an option: {text:?}", path.display());
    Ok(strings
        .found
        .iter()
        .filter(names_option)
        .map(complaint)
        .collect())
}

/// The string literals of a file, those in macros among them.
#[derive(Default)]
struct Strings {
    found: Vec<String>,
}

impl<'ast> Visit<'ast> for Strings {
    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.found.push(literal.value());
    }

    /// Documentation may name options; `#[error("…")]` is a message.
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("error") {
            self.visit_meta(&attribute.meta);
        }
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.visit_tokens(called.tokens.clone());
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.visit_tokens(list.tokens.clone());
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.ident != "tests" {
            syn::visit::visit_item_mod(self, module);
        }
    }
}

impl Strings {
    fn visit_tokens(&mut self, tokens: proc_macro2::TokenStream) {
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Group(group) => self.visit_tokens(group.stream()),
                proc_macro2::TokenTree::Literal(literal) => {
                    let parsed = syn::parse_str::<syn::LitStr>(&literal.to_string());
                    self.found.extend(parsed.ok().map(|text| text.value()));
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages in literals, macros and errors are looked at; documentation and tests are not.
    #[test]
    fn finds_messages() {
        let text = r#"
            /// Documentation of --doc.
            #[derive(Debug, thiserror::Error)]
            #[error("use --error")]
            struct E;
            fn f() { g("try --literal"); println!("or {}", "(--macro)"); h("a--b"); }
            mod tests { const T: &str = "--test"; }
        "#;
        let mut strings = Strings::default();
        strings.visit_file(&syn::parse_file(text).expect("Rust"));
        let option = Regex::new(r"(^|[\s(`])--[a-z]").expect("a pattern");
        let found: Vec<&String> = strings
            .found
            .iter()
            .filter(|text| option.is_match(text))
            .collect();
        assert_eq!(found, ["use --error", "try --literal", "(--macro)"]);
    }
}
