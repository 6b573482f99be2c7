//! Each kind of event: that none is missing, and what it says.

use crate::Case;

mod arguments;
pub(crate) mod exec_entry_points;
pub(crate) mod exit_status;
pub(crate) mod failed_execs;
pub(crate) mod losses;
pub(crate) mod process_records;
pub(crate) mod storm;

/// All tests of this folder.
pub(crate) fn cases() -> Vec<Case> {
    [
        arguments::cases(),
        exec_entry_points::cases(),
        exit_status::cases(),
        failed_execs::cases(),
        losses::cases(),
        process_records::cases(),
        storm::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
