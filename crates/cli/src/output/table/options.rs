//! What a table is to look like.

use crate::pipeline::EventType;
use crate::pipeline::EventTypes;

/// Another execsnoop, whose columns are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compat {
    /// bcc's tools/execsnoop.py.
    Bcc,
    /// libbpf-tools/execsnoop.c.
    Libbpf,
}

/// The options of a table.
#[derive(Debug, Clone, Copy, Default)]
pub struct TableOptions {
    /// The types of events that it shows.
    pub types: EventTypes,
    /// Show the time.
    pub time: bool,
    /// Show seconds since the start.
    pub seconds: bool,
    /// Show the user id.
    pub uid: bool,
    /// Show the CPU.
    pub cpu: bool,
    /// Show the parent's name, with bcc's columns.
    pub parent_comm: bool,
    /// The columns of another execsnoop.
    pub compat: Option<Compat>,
    /// Put every argument in double quotes.
    pub double_quotes: bool,
    /// The most arguments shown.
    pub max_args: Option<usize>,
    /// The widest line.
    pub max_width: Option<usize>,
    /// Use colors.
    pub is_colored: bool,
    /// Shorten long arguments: for a terminal.
    pub abridge: bool,
}

impl TableOptions {
    /// Whether lines have to say of which type they are. (The errno of a failed exec says it.)
    pub(super) fn has_several_types(&self) -> bool {
        let others = [EventType::Fork, EventType::Exit, EventType::Process];
        let others = others.into_iter().filter(|one| self.types.contains(*one));
        let count = others.count() + usize::from(self.types.has_execs());
        count > 1 || self.types.contains(EventType::Fork)
    }
}
