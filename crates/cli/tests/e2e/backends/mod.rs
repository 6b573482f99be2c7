//! The backends, and the privileges that they need.

use crate::Case;

pub(crate) mod classic;
pub(crate) mod cnproc;
pub(crate) mod privileges;

/// All tests of this folder.
pub(crate) fn cases() -> Vec<Case> {
    [classic::cases(), cnproc::cases(), privileges::cases()]
        .into_iter()
        .flatten()
        .collect()
}
