//! `execsnoop top`: who spends the machine on short-lived processes.

use crate::Case;

mod culprits;
mod once;
mod screen;

/// All tests of this folder.
pub(crate) fn cases() -> Vec<Case> {
    [culprits::cases(), once::cases(), screen::cases()]
        .into_iter()
        .flatten()
        .collect()
}
