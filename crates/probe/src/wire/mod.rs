//! Records as the BPF programs send them (bpf/abi.h), and the events that they become.

pub(crate) mod decode;
pub(crate) mod snapshot;
