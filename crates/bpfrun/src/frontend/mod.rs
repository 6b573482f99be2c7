//! The ways to write a BPF program. Each is translated to libbpf's C and compiled by clang.

pub(crate) mod bcc;
mod interface;
pub(crate) mod libbpf;
mod recognize;

use crate::compile_options::Dialect;

pub(crate) use interface::Frontend;
pub(crate) use recognize::recognize;

/// The front end of a dialect.
pub(crate) fn of(dialect: Dialect) -> &'static dyn Frontend {
    match dialect {
        Dialect::Bcc => &bcc::Bcc,
        Dialect::Libbpf => &libbpf::Libbpf,
    }
}
