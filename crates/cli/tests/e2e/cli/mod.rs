//! What the command does with its options, its output and its signals.

use crate::Case;

pub(crate) mod columns;
pub(crate) mod compat;
pub(crate) mod doctor;
pub(crate) mod lifecycle;
pub(crate) mod options;
pub(crate) mod output_files;
pub(crate) mod redaction;
pub(crate) mod resilience;
mod schema;
pub(crate) mod static_binary;
pub(crate) mod terminal;
pub(crate) mod terminal_escapes;
pub(crate) mod traced_command;

/// All tests of this folder.
pub(crate) fn cases() -> Vec<Case> {
    [
        columns::cases(),
        compat::cases(),
        doctor::cases(),
        lifecycle::cases(),
        options::cases(),
        output_files::cases(),
        redaction::cases(),
        resilience::cases(),
        schema::cases(),
        static_binary::cases(),
        terminal::cases(),
        terminal_escapes::cases(),
        traced_command::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
