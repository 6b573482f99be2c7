//! Checks of the sources that no compiler makes: which file imports which, which crate uses which,
//! and the prose.

mod circles;
mod crates;
mod flags;
mod imports;
mod prose;
mod references;
mod source_tree;

pub(crate) use self::imports::check as imports;
pub(crate) use self::prose::check as prose;
