//! The stages between the preprocessor and the tree: maps made known, tracepoints declared.

use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::c::edit::Edit;
use crate::c::lex;
use crate::c::lex::Token;
use crate::frontend::bcc::error::TranslateError;
use crate::frontend::bcc::maps::Map;

/// A preprocessed text whose maps are structs that the compiler can check.
#[derive(Debug, Default)]
pub(crate) struct StubbedSource {
    pub text: String,
    pub maps: HashMap<String, Map>,
    /// Where the maps' structs stand, and what is to stand there in the end.
    pub edits: Vec<Edit>,
}

/// Puts structs where the maps are declared.
pub(crate) fn insert_map_stubs(text: &str) -> Result<StubbedSource, TranslateError> {
    let bytes = text.as_bytes();
    let tokens = lex::tokens(bytes);
    let mut staged = StubbedSource::default();
    let mut at = 0;
    for (index, token) in tokens.iter().enumerate() {
        if token.is(bytes, "__bpfrun_no_packets") {
            let what = tokens
                .get(index + 2)
                .map_or("this", |token| &text[token.range.clone()]);
            return Err(TranslateError::NoPackets(what.to_owned()));
        }
        if token.is(bytes, "__bpfrun_map") {
            let (map, end) = declared(bytes, &tokens, index)?;
            staged.text += &text[at..token.range.start];
            staged.put(map);
            staged.text += &"\n".repeat(text[token.range.start..end].matches('\n').count());
            at = end;
        }
    }
    staged.text += &text[at..];
    Ok(staged)
}

fn declared(text: &[u8], tokens: &[Token], index: usize) -> Result<(Map, usize), TranslateError> {
    let close = lex::closing(text, tokens, index + 1).ok_or(TranslateError::Unclosed)?;
    let arguments = lex::arguments(text, tokens, index + 1, close);
    Ok((Map::parse(&arguments)?, tokens[close].range.end))
}

impl StubbedSource {
    fn put(&mut self, map: Map) {
        let from = self.text.len();
        self.text += &map.as_struct();
        self.edits.push(Edit {
            range: from..self.text.len(),
            text: map.as_libbpf(),
        });
        self.maps.insert(map.name.clone(), map);
    }

    /// Puts something before the text.
    pub fn prepend(&mut self, front: &str) {
        self.text.insert_str(0, front);
        for edit in &mut self.edits {
            edit.range = edit.range.start + front.len()..edit.range.end + front.len();
        }
    }
}

/// The tracepoints whose structs a text names, as category and event, but does not define.
pub(crate) fn tracepoints(text: &[u8], tokens: &[Token]) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut defined = BTreeSet::new();
    for (index, token) in tokens.iter().enumerate().skip(1) {
        let word = String::from_utf8_lossy(token.of(text));
        let name = word
            .strip_prefix("tracepoint__")
            .and_then(|rest| rest.split_once("__"));
        let Some((category, event)) = name.filter(|_| tokens[index - 1].is(text, "struct")) else {
            continue;
        };
        let name = (category.to_owned(), event.to_owned());
        if tokens.get(index + 1).is_some_and(|next| next.is(text, "{")) {
            defined.insert(name.clone());
        }
        found.insert(name);
    }
    found.difference(&defined).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_staged_in_place_and_lines_stay() {
        let staged =
            insert_map_stubs("int a;\n__bpfrun_map(hash, counts,\n u32);\nint b;").unwrap();
        assert!(
            staged.text.contains("u64 *(*lookup)(u32 *);"),
            "{}",
            staged.text
        );
        assert!(staged.text.starts_with("int a;\nstruct counts_table_t {"));
        assert_eq!(staged.text.matches('\n').count(), 3);
        assert_eq!(
            staged.edits[0].text,
            "struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, u32); __type(value, u64); \
             __uint(max_entries, 10240); } counts SEC(\".maps\")"
        );
    }

    #[test]
    fn an_unknown_type_of_map_is_named_with_those_there_are() {
        let text = "__bpfrun_map(table, \"hush\", u32, u64, counts, 10);";
        let refusal = insert_map_stubs(text).unwrap_err().to_string();
        assert!(
            refusal.contains("'hush'") && refusal.contains("lru_hash"),
            "{refusal}"
        );
    }

    #[test]
    fn a_tracepoint_struct_of_the_programs_own_is_left_alone() {
        let text = b"int f(struct tracepoint__a__b *x); struct tracepoint__c__d { int e; };";
        let found = tracepoints(text, &lex::tokens(text));
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [("a".into(), "b".into())]
        );
    }
}
