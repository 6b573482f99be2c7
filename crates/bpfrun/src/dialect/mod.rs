//! BCC's dialect of C, translated to what libbpf takes.

pub(crate) mod ast;
pub(crate) mod events;
mod externals;
pub(crate) mod headers;
pub(crate) mod lex;
pub(crate) mod maps;
mod methods;
pub(crate) mod program;
mod refusal;
pub(crate) mod rewrite;
mod sections;
pub(crate) mod stage;
pub(crate) mod tails;

pub use refusal::Refusal;
