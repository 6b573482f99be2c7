//! Options that select events.

use crate::Case;

pub(crate) mod cel_filters;
mod cgroup_filters;
pub(crate) mod option_filters;

/// All tests of this folder.
pub(crate) fn cases() -> Vec<Case> {
    [
        cel_filters::cases(),
        cgroup_filters::cases(),
        option_filters::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
