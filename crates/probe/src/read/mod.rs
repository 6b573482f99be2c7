//! Reading records from the kernel: the BPF ring buffer, or perf buffers before Linux 5.8.

pub(crate) mod perf;
pub(crate) mod ring;
