//! What the running kernel says of itself: its types and its tracepoints.

mod btf;
mod dump;
pub(crate) mod tracepoint;
mod wanted;

pub(crate) use btf::Btf;
pub(crate) use dump::dump;
pub(crate) use wanted::wanted;
