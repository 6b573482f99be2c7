//! What the measurements share.

pub(crate) mod bpf_stats;
pub(crate) mod machine;
pub(crate) mod pairs;
pub(crate) mod storm;
pub(crate) mod tracer;
