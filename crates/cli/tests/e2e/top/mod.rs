//! `execsnoop top`: who spends the machine on short-lived processes.

use crate::Case;

mod culprits;
mod once;

/// All tests of this folder.
pub(crate) fn cases() -> Vec<Case> {
    [culprits::cases(), once::cases()]
        .into_iter()
        .flatten()
        .collect()
}
