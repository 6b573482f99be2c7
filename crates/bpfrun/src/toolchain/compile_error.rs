//! Why a source could not be compiled, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::frontend::bcc::error::TranslateError;

/// A source could not be compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The source has errors; the text shows each at the user's own line.
    #[error("{0}")]
    Source(String),
    /// It asks for something of BCC's dialect that there is not.
    #[error("{path}: {refusal}")]
    Dialect {
        /// The source.
        path: PathBuf,
        /// What, and what to do.
        refusal: TranslateError,
    },
    /// What it includes is no header.
    #[error("cannot include {}: only regular files of at most 64 MiB can be", .0.display())]
    Header(PathBuf),
    /// There is no compiler.
    #[error(
        "no clang was found ({0}); install it (Debian, Ubuntu: apt install clang; Fedora: dnf install \
         clang; Alpine: apk add clang). Programs that were compiled here before run without it"
    )]
    NoClang(String),
    /// A compiler that does not make BPF objects.
    #[error(
        "{} cannot compile for BPF; install LLVM's clang, version 14 or later", .0.display()
    )]
    NotForBpf(PathBuf),
    /// A kernel that does not describe its types.
    #[error(
        "cannot read the kernel's types in /sys/kernel/btf/vmlinux: {0}; a kernel built with \
         CONFIG_DEBUG_INFO_BTF=y is needed (Linux 5.4 or later; most distributions have it)"
    )]
    NoBtf(String),
    /// No place for temporary files.
    #[error(
        "cannot write temporary files in {path}: {cause}; set TMPDIR to a directory with some room"
    )]
    Temporary {
        /// Where.
        path: PathBuf,
        /// What went wrong.
        cause: io::Error,
    },
    /// No room for another thread.
    #[error(
        "cannot start a thread: {0}; end other programs, or raise the limit of processes (ulimit -u)"
    )]
    Thread(io::Error),
    /// The compiler could not be run.
    #[error("cannot run {clang}: {cause}")]
    Run {
        /// The compiler.
        clang: PathBuf,
        /// What went wrong.
        cause: io::Error,
    },
    /// What was translated does not compile, though the source does.
    #[error("what {path} was translated to does not compile; please report this:\n{messages}")]
    Translation {
        /// The source.
        path: PathBuf,
        /// The compiler's words.
        messages: String,
    },
}
