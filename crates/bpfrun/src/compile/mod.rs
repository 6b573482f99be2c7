//! From C text to an object that the kernel takes.

mod bcc;
mod cache;
mod carried;
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

pub(crate) use carried::Carried;
pub(crate) use carried::FOLDER;
pub(crate) use carried::carry;
pub use error::CompileError;

use cache::Cache;
use cache::Entry;
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

/// Compiles a source, or finds what it was compiled to before.
pub fn compile(source: &Source, options: &CompileOptions) -> Result<Compiled, CompileError> {
    let kernel = KernelTypes::read()?;
    let clang = Clang::find(options.clang.as_deref());
    let (cache, complaint) = open_cache(options);
    let key = cache.as_ref().map(|_| key(source, options, &kernel));
    let kept = cache.as_ref().zip(key.as_deref());
    let compiler = clang.as_ref().ok().and_then(Clang::identity);
    if let Some(entry) = kept.and_then(|(cache, key)| cache.find(key, compiler.as_deref())) {
        return Ok(compiled(entry, true));
    }
    let made = make(source, options, kernel, clang?, compiler)?;
    if let Some((cache, key)) = kept.filter(|_| made.is_certain) {
        cache.keep(key, &made.entry);
    }
    let mut compiled = compiled(made.entry, false);
    compiled.warnings.insert_str(0, &complaint);
    Ok(compiled)
}

/// The cache, or why there is none.
fn open_cache(options: &CompileOptions) -> (Option<Cache>, String) {
    if options.no_cache {
        return (None, String::new());
    }
    match Cache::open() {
        Ok(cache) => (Some(cache), String::new()),
        Err(complaint) => (None, format!("warning: {complaint}\n")),
    }
}

/// What an object depends on and is known without a compiler.
fn key(source: &Source, options: &CompileOptions, kernel: &KernelTypes) -> String {
    let path = source.path.as_os_str().as_encoded_bytes();
    // Includes in quotes, and the source's name in messages, depend on where we are.
    let here = std::env::current_dir().unwrap_or_default();
    let wanted = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        options.defines, options.include_dirs, options.dialect, options.attach, options.event_types
    );
    cache::key([
        env!("CARGO_PKG_VERSION").as_bytes(),
        build().as_bytes(),
        std::env::consts::ARCH.as_bytes(),
        &source.text,
        path,
        here.as_os_str().as_encoded_bytes(),
        wanted.as_bytes(),
        kernel.btf.bytes(),
    ])
}

/// Which build translates: between two versions there are many.
fn build() -> String {
    let program = std::env::current_exe().and_then(std::fs::metadata);
    program
        .map(|data| format!("{} {:?}", data.len(), data.modified().ok()))
        .unwrap_or_default()
}

/// What may be kept.
struct MadeNow {
    entry: Entry,
    /// All that entered is known, and is still as it was when it was read.
    is_certain: bool,
}

fn make(
    source: &Source,
    options: &CompileOptions,
    kernel: KernelTypes,
    clang: Clang,
    compiler: Option<String>,
) -> Result<MadeNow, CompileError> {
    let includes = Includes::find(source, &options.include_dirs)?;
    let dialect = options
        .dialect
        .unwrap_or_else(|| job::recognise(&source.text, &includes));
    let job = Job {
        source,
        options,
        includes: &includes,
        clang,
        kernel,
        workshop: Workshop::open(&includes)?,
    };
    let made = ast::with_stack(|| match dialect {
        Dialect::Bcc => bcc::compile(&job),
        Dialect::Libbpf => libbpf::compile(&job),
    })
    .map_err(CompileError::Thread)??;
    let inputs = inputs(&includes, &made.inputs);
    let is_certain = includes.are_all(&source.text, &options.defines, &made.read)
        && inputs.iter().all(cache::is_unchanged);
    let entry = Entry {
        inputs,
        compiler,
        is_bcc: dialect == Dialect::Bcc,
        c: made.c,
        vmlinux: made.vmlinux,
        warnings: made.warnings,
        object: made.object,
    };
    Ok(MadeNow { entry, is_certain })
}

/// What entered, with the checksums of what was read: the files may be other ones by now.
fn inputs(includes: &Includes, of_machine: &[PathBuf]) -> Vec<(PathBuf, String)> {
    let own = includes.own.iter();
    let own = own.map(|(path, text)| (path.clone(), cache::sum(text)));
    let absent = includes.absent.iter();
    let absent = absent.map(|path| (path.clone(), String::new()));
    let others = of_machine.iter();
    let others = others.map(|path| (path.clone(), cache::sum_of_file(path)));
    own.chain(absent).chain(others).collect()
}

fn compiled(entry: Entry, from_cache: bool) -> Compiled {
    Compiled {
        object: entry.object,
        c: entry.c,
        vmlinux: entry.vmlinux,
        dialect: match entry.is_bcc {
            true => Dialect::Bcc,
            false => Dialect::Libbpf,
        },
        from_cache,
        warnings: entry.warnings,
    }
}
