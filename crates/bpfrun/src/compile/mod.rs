//! From C text to an object that the kernel takes.

mod bcc;
mod clang;
mod config;
mod error;
mod includes;
mod job;
mod kernel_types;
mod libbpf;
mod messages;
mod seen;
mod workshop;

use std::path::PathBuf;

pub use error::CompileError;

use clang::Clang;
use includes::Includes;
use job::Job;
use kernel_types::KernelTypes;
use workshop::Workshop;

use crate::dialect::ast;

/// A C file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in messages; includes in quotes are looked for beside it.
    pub path: PathBuf,
    /// What it says. Comments need not be UTF-8.
    pub text: Vec<u8>,
}

/// Which of the two ways of writing BPF C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// BCC's: `BPF_HASH`, `TRACEPOINT_PROBE`, `map.lookup()`, dereferences that are reads.
    Bcc,
    /// libbpf's: `SEC()`, maps as variables, helpers called by name.
    Libbpf,
}

/// Where a function that says nothing of it itself is to be attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attach {
    /// The function.
    pub function: String,
    /// A section name as libbpf knows them: `kprobe/do_unlinkat`, `tracepoint/sched/sched_switch`.
    pub section: String,
}

/// The type of the events that come through a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventType {
    /// The map.
    pub map: String,
    /// A C type of the program, such as `struct event`.
    pub c_type: String,
}

/// How to compile.
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    /// `NAME` or `NAME=VALUE`, as after `-D`.
    pub defines: Vec<String>,
    /// Directories for includes, as after `-I`.
    pub include_dirs: Vec<PathBuf>,
    /// The dialect, when it is not to be recognised.
    pub dialect: Option<Dialect>,
    /// Targets of functions that do not name theirs.
    pub attach: Vec<Attach>,
    /// Event types that are not to be found out.
    pub event_types: Vec<EventType>,
    /// Do without the cache: neither look there nor leave anything.
    pub no_cache: bool,
    /// The compiler; `clang` in the PATH (the newest `clang-N` else) when not given.
    pub clang: Option<PathBuf>,
}

/// What a source was compiled to.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// A BPF object (ELF with BTF and CO-RE relocations).
    pub object: Vec<u8>,
    /// The C that was compiled: of BCC's dialect, what it was translated to.
    pub c: String,
    /// The kernel's types that it needs, as a `vmlinux.h` of its own.
    pub vmlinux: String,
    /// The dialect of the source.
    pub dialect: Dialect,
    /// It was there already; no compiler was needed.
    pub from_cache: bool,
    /// What the compiler warned of, with the user's own lines.
    pub warnings: String,
}

/// Compiles a source.
pub fn compile(source: &Source, options: &CompileOptions) -> Result<Compiled, CompileError> {
    let includes = Includes::find(source, &options.include_dirs);
    let dialect = options.dialect.unwrap_or_else(|| job::recognise(&source.text, &includes));
    let job = Job {
        source,
        options,
        includes: &includes,
        clang: Clang::find(options.clang.as_deref())?,
        kernel: KernelTypes::read()?,
        workshop: Workshop::open(&includes)?,
    };
    let made = ast::with_stack(|| match dialect {
        Dialect::Bcc => bcc::compile(&job),
        Dialect::Libbpf => libbpf::compile(&job),
    })
    .map_err(CompileError::Thread)??;
    Ok(Compiled {
        object: made.object,
        c: made.c,
        vmlinux: made.vmlinux,
        dialect,
        from_cache: false,
        warnings: made.warnings,
    })
}

/// The kernel's types that a program's C names, as the header `vmlinux.h`. What the program defines
/// itself has other names there.
pub(crate) fn kernel_header(
    c: &[u8],
    defined: &std::collections::HashSet<String>,
) -> Result<String, CompileError> {
    let choice = kernel_types::Choice {
        hidden: defined.clone(),
        ..kernel_types::Choice::default()
    };
    KernelTypes::read()?.declare(&kernel_types::words(c), &choice)
}
