//! BPF C, compiled on the spot, with typed events and maps.
//!
//! A program is a C file in BCC's dialect or in libbpf's. [`compile`] makes a CO-RE object of it (the
//! system's clang does the compiling, and no kernel headers are needed).

mod compile;
mod dialect;
mod kernel;

pub use compile::Attach;
pub use compile::CompileError;
pub use compile::CompileOptions;
pub use compile::Compiled;
pub use compile::Dialect;
pub use compile::EventType;
pub use compile::Source;
pub use compile::compile;
pub use dialect::Refusal;
