//! A program as files of its own.

pub(crate) mod crate_template;
pub(crate) mod source_bundle;
