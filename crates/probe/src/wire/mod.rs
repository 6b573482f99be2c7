//! Records as the BPF programs send them (bpf/abi.h), and the events that they become.

pub(crate) mod convert;
pub(crate) mod decode;
mod exec_record;
mod records;
pub(crate) mod snapshot;
mod snapshot_entry;
