//! BCC's dialect of C, translated to libbpf's.

mod compile;
pub(crate) mod error;
mod kernel_pointers;
mod map_stubs;
mod maps;
mod methods;
mod program;
mod rewrite;
mod sections;
mod tails;

use crate::frontend::interface::Frontend;
use crate::toolchain::compile_error::CompileError;
use crate::toolchain::compile_job::Artifacts;
use crate::toolchain::compile_job::CompileJob;

/// The front end for BCC's dialect.
#[derive(Debug)]
pub(crate) struct Bcc;

impl Frontend for Bcc {
    fn compile(&self, job: &CompileJob<'_>) -> Result<Artifacts, CompileError> {
        compile::compile(job)
    }
}
