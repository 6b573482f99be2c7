//! From C text to an object that the kernel takes.

use std::path::PathBuf;

use crate::c::clang_ast;
use crate::compile_options::CompileOptions;
use crate::compile_options::Compiled;
use crate::compile_options::Source;
use crate::frontend;
use crate::toolchain::cache;
use crate::toolchain::cache::Cache;
use crate::toolchain::cache::Entry;
use crate::toolchain::clang::Clang;
use crate::toolchain::compile_error::CompileError;
use crate::toolchain::compile_job::CompileJob;
use crate::toolchain::includes::Includes;
use crate::toolchain::kernel_types::KernelTypes;
use crate::toolchain::scratch_dir::ScratchDir;

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
    if let Some((cache, key)) = kept.filter(|_| made.cacheable) {
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
struct Fresh {
    entry: Entry,
    /// All that entered is known, and is still as it was when it was read.
    cacheable: bool,
}

fn make(
    source: &Source,
    options: &CompileOptions,
    kernel: KernelTypes,
    clang: Clang,
    compiler: Option<String>,
) -> Result<Fresh, CompileError> {
    let includes = Includes::find(source, &options.include_dirs)?;
    let dialect = options
        .dialect
        .unwrap_or_else(|| frontend::recognize(&source.text, &includes));
    let job = CompileJob {
        source,
        options,
        includes: &includes,
        clang,
        kernel,
        scratch: ScratchDir::open(&includes)?,
    };
    let made = clang_ast::with_stack(|| frontend::of(dialect).compile(&job))
        .map_err(CompileError::Thread)??;
    let inputs = inputs(&includes, &made.inputs);
    let cacheable = includes.are_all(&source.text, &options.defines, &made.read)
        && inputs.iter().all(cache::is_unchanged);
    let entry = Entry {
        inputs,
        compiler,
        dialect,
        c: made.c,
        vmlinux: made.vmlinux,
        warnings: made.warnings,
        object: made.object,
    };
    Ok(Fresh { entry, cacheable })
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
        dialect: entry.dialect,
        from_cache,
        warnings: entry.warnings,
    }
}
