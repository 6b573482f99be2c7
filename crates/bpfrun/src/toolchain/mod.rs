//! From libbpf's C to an object: clang, what it includes, the kernel's types, the cache.

pub(crate) mod cache;
pub(crate) mod clang;
pub(crate) mod compile_error;
pub(crate) mod compile_job;
pub(crate) mod diagnostics;
pub(crate) mod includes;
pub(crate) mod kernel_config;
pub(crate) mod kernel_types;
pub(crate) mod line_map;
pub(crate) mod scratch_dir;
