//! C text, as all front ends need it: words, clang's tree, edits, headers, types of events.

pub(crate) mod clang_ast;
pub(crate) mod edit;
pub(crate) mod event_types;
pub(crate) mod headers;
pub(crate) mod lex;
