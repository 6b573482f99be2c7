//! Processes that may be culprits: alive, and still too young to tell.
//!
//! What a young process started is kept with it. If it ends young, everything goes to the process
//! that started it; if it lives on, it is a culprit itself.

use foldhash::HashMap;

use super::program_tree::ProgramTree;
use super::row::Notes;
use super::who::Who;
use crate::comm::Comm;
use crate::event::ProcessId;

/// The most of them. If there are more, the oldest are taken for short-lived.
const MOST: usize = 1024;

/// What a young process has started.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) who: Who,
    /// Whose it is if this process ends young, by what is known now.
    pub(super) above: Who,
    /// The programs from there to this process, its own the last.
    pub(super) path: Vec<Comm>,
    pub(super) tree: ProgramTree,
    pub(super) notes: Notes,
    pub(super) last_active_ns: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct PendingTable {
    by_process: HashMap<ProcessId, Pending>,
}

impl PendingTable {
    pub(super) fn get_mut(&mut self, process: ProcessId) -> Option<&mut Pending> {
        self.by_process.get_mut(&process)
    }

    /// Adds one. Returns the one that had to make room.
    pub(super) fn insert(&mut self, pending: Pending) -> Option<Pending> {
        let oldest = match self.by_process.len() < MOST {
            true => None,
            false => self.by_process.keys().min_by_key(|it| it.start_ns).copied(),
        };
        let removed = oldest.and_then(|process| self.by_process.remove(&process));
        self.by_process.insert(pending.who.starter.process, pending);
        removed
    }

    pub(super) fn remove(&mut self, process: ProcessId) -> Option<Pending> {
        match self.by_process.is_empty() {
            true => None,
            false => self.by_process.remove(&process),
        }
    }

    /// Takes those that began before this moment.
    pub(super) fn take_begun_before(&mut self, ns: u64) -> Vec<Pending> {
        let is_old = |process: &ProcessId| process.start_ns < ns;
        let old: Vec<ProcessId> = self.by_process.keys().copied().filter(is_old).collect();
        old.iter()
            .filter_map(|process| self.by_process.remove(process))
            .collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Pending> {
        self.by_process.values()
    }
}
