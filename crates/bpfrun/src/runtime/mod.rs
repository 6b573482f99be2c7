//! A program in the kernel: loading, attaching, reading events and maps.

pub(crate) mod attach;
pub(crate) mod attached;
pub(crate) mod cpu_clock;
pub(crate) mod load_error;
pub(crate) mod loaded;
pub(crate) mod map;
pub(crate) mod perf_event;
pub(crate) mod program;
pub(crate) mod streams;
