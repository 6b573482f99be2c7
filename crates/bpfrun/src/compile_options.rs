//! What is compiled, how, and to what.

use std::path::PathBuf;

/// A C file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in messages; includes in quotes are looked for beside it.
    pub path: PathBuf,
    /// What it says. Comments need not be UTF-8.
    pub text: Vec<u8>,
}

/// Which of the two ways of writing BPF C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// BCC's: `BPF_HASH`, `TRACEPOINT_PROBE`, `map.lookup()`, dereferences that are reads.
    Bcc,
    /// libbpf's: `SEC()`, maps as variables, helpers called by name.
    Libbpf,
}

/// The attach point of a function that does not name one itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attach {
    /// The function.
    pub function: String,
    /// Its target.
    pub target: Target,
}

/// What becomes of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// It is attached as libbpf attaches this section: `kprobe/do_unlinkat`,
    /// `tracepoint/sched/sched_switch`.
    Section(String),
    /// It is put into a slot of a program array, for tail calls.
    TailSlot {
        /// The program array.
        map: String,
        /// The slot.
        index: u32,
    },
    /// It is neither loaded nor attached.
    Omit,
}

impl Target {
    /// The section, if it is one.
    pub fn section(&self) -> Option<&str> {
        match self {
            Self::Section(section) => Some(section),
            Self::TailSlot { .. } | Self::Omit => None,
        }
    }
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
