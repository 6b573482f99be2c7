//! The three ways to capture events, the best first.

pub(crate) mod classic;
pub(crate) mod cnproc;
pub(crate) mod core;
pub(crate) mod obstacle;
