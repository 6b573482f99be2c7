//! Headers that are not on the machine: those of the dialect, and libbpf's.

use std::collections::HashSet;

use crate::c::lex;

/// BCC's macros, for the preprocessor.
pub(crate) const MACROS: &str = include_str!("headers/macros.h");

/// Constants that the kernel's headers define as macros.
pub(crate) const CONSTANTS: &str = include_str!("headers/constants.h");

/// Names of socket fields that the kernel's network headers define as macros.
pub(crate) const SOCKETS: &str = include_str!("headers/sockets.h");

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
        .filter(|line| line.ends_with(';'))
        .filter(|line| helper_name(line).is_some_and(|name| words.contains(name.as_bytes())))
        .collect()
}

/// The `bpf_…` that a declaration is of.
fn helper_name(line: &str) -> Option<&str> {
    line.split_once("(* const ")?.1.split(')').next()
}

/// The kernel's inline functions that a text names, with those they call.
pub(crate) fn functions(words: &HashSet<&[u8]>, defined: &HashSet<&[u8]>) -> String {
    let mut wanted: HashSet<&[u8]> = words.difference(defined).copied().collect();
    let mut found = Vec::new();
    for chunk in FUNCTIONS
        .split("\n\n")
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
    {
        if function_name(chunk).is_some_and(|name| wanted.contains(name.as_bytes())) {
            let text = chunk.as_bytes();
            wanted.extend(lex::tokens(text).iter().map(|token| token.of(text)));
            found.push(chunk);
        }
    }
    found.reverse();
    found
        .iter()
        .map(|chunk| format!("{}\n", chunk.trim()))
        .collect()
}

fn function_name(chunk: &str) -> Option<&str> {
    let head = chunk.split_once("__attribute__((always_inline)) ")?.1;
    let name = head.split('(').next()?.rsplit([' ', '*']).next()?;
    Some(name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_is_found_by_its_name_only() {
        let one = |name: &'static str| helpers(&HashSet::from([name.as_bytes()])).len();
        assert_eq!(one("bpf_get_smp_processor_id"), 1);
        assert_eq!((one("bpf_map_lookup_elem"), one("bpf_map")), (1, 0));
    }

    #[test]
    fn a_function_comes_with_those_it_calls_before_it() {
        let text = functions(&HashSet::from([b"bpf_log2l".as_slice()]), &HashSet::new());
        let (first, second) = (text.find("bpf_log2("), text.find("bpf_log2l("));
        assert!(first.is_some() && first < second, "{text}");
    }

    #[test]
    fn headers_are_served_with_their_folder_or_without() {
        assert!(find("bpf/bpf_helpers.h").is_some() && find("bpf_helpers.h").is_some());
        assert!(find("usdt.bpf.h").is_some() && find("libbpf.h").is_none());
    }
}
