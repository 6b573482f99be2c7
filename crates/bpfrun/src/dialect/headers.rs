//! Headers that are not on the machine: those of the dialect, and libbpf's.

use std::collections::HashSet;

use super::lex;

/// BCC's macros, for the preprocessor.
pub(crate) const MACROS: &str = include_str!("headers/macros.h");

/// Constants that the kernel's headers define as macros.
pub(crate) const CONSTANTS: &str = include_str!("headers/constants.h");

const FUNCTIONS: &str = include_str!("headers/functions.h");

/// Markers of Inspektor Gadget.
const GADGET: &str = include_str!("headers/gadget_macros.h");

/// The files served under `bpf/` and `gadget/`.
pub(crate) fn served() -> impl Iterator<Item = (String, &'static str)> {
    let is_for_bpf = |name: &str| name.starts_with("bpf_") || name.ends_with(".bpf.h");
    libbpf_sys::API_HEADERS
        .into_iter()
        .filter(move |(name, _)| is_for_bpf(name))
        .map(|(name, text)| (format!("bpf/{name}"), text))
        .chain([("gadget/macros.h".to_owned(), GADGET)])
}

/// A served header, by its name with or without `bpf/`.
pub(crate) fn find(name: &str) -> Option<&'static str> {
    let short = name.strip_prefix("bpf/").unwrap_or(name);
    served()
        .find(|(path, _)| path == name || path.strip_prefix("bpf/") == Some(short))
        .map(|(_, text)| text)
}

/// The declarations of those helpers that a text names, a line each.
pub(crate) fn helpers<'t>(words: &HashSet<&[u8]>) -> Vec<&'t str> {
    let all = find("bpf_helper_defs.h").unwrap_or_default();
    all.lines()
        .filter(|line| line.starts_with("static "))
        .filter(|line| helper_name(line).is_some_and(|name| words.contains(name.as_bytes())))
        .collect()
}

/// The `bpf_…` that a declaration is of.
fn helper_name(line: &str) -> Option<&str> {
    let from = line.find("const bpf_").or_else(|| line.find("(*bpf_"))?;
    let from = from + line[from..].find("bpf_")?;
    line[from..].split(')').next()
}

/// The kernel's inline functions that a text names, with those they call.
pub(crate) fn functions(words: &HashSet<&[u8]>, defined: &HashSet<&[u8]>) -> String {
    let mut wanted: HashSet<&[u8]> = words.difference(defined).copied().collect();
    let mut found = Vec::new();
    for chunk in FUNCTIONS.split("\n\n").collect::<Vec<_>>().into_iter().rev() {
        if function_name(chunk).is_some_and(|name| wanted.contains(name.as_bytes())) {
            let text = chunk.as_bytes();
            wanted.extend(lex::tokens(text).iter().map(|token| token.of(text)));
            found.push(chunk);
        }
    }
    found.reverse();
    found.iter().map(|chunk| format!("{}\n", chunk.trim())).collect()
}

fn function_name(chunk: &str) -> Option<&str> {
    let head = chunk.split('(').next()?;
    let name = head.rsplit([' ', '*']).next()?;
    Some(name.trim())
}
