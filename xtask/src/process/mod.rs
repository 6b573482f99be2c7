//! Other programs and signals.

pub(crate) mod interrupt;
pub(crate) mod kill_on_drop;
pub(crate) mod run;
