//! Building what the tasks run.

pub(crate) mod binaries;
pub(crate) mod static_build;
