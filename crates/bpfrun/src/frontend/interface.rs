//! What a front end is.

use crate::toolchain::compile_error::CompileError;
use crate::toolchain::compile_job::Artifacts;
use crate::toolchain::compile_job::CompileJob;

/// A way to write BPF programs. A new one implements this, and gets a
/// [`Dialect`](crate::Dialect).
pub(crate) trait Frontend: Sync {
    /// Compiles the source of a job: translates it to libbpf's C, declares the kernel's types that
    /// it needs, and runs clang.
    fn compile(&self, job: &CompileJob<'_>) -> Result<Artifacts, CompileError>;
}
