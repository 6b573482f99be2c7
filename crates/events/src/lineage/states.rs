//! What became of a process's ancestors.

use super::Entry;
use super::Lineage;
use super::MAX_ANCESTORS;
use crate::argv::Argv;
use crate::event::CgroupKey;
use crate::event::ProcessId;

/// An ancestor, and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct AncestorState<'a> {
    /// The process.
    pub process: ProcessId,
    /// Its name.
    pub comm: &'a [u8],
    /// Its arguments, if they are known.
    pub args: Option<Argv<'a>>,
    /// Real user id.
    pub uid: Option<u32>,
    /// Its cgroup.
    pub cgroup: Option<CgroupKey>,
    /// Whether no end of it was seen.
    pub is_alive: bool,
    /// When it ended, in ns since boot; `None` while it lives, and if its end was not seen.
    pub end_ns: Option<u64>,
}

impl AncestorState<'_> {
    /// How long it has lived until `now_ns`, or until its end; `None` if its end was not seen.
    pub fn age_ns(&self, now_ns: u64) -> Option<u64> {
        let until = match self.is_alive {
            true => now_ns,
            false => self.end_ns?,
        };
        Some(until.saturating_sub(self.process.start_ns))
    }
}

impl Lineage {
    /// The known ancestors of a process with what became of them, the nearest first.
    pub fn ancestor_states(&self, process: ProcessId) -> impl Iterator<Item = AncestorState<'_>> {
        let up = |of: &ProcessId| self.entries.get(of).map(Entry::parent_link);
        std::iter::successors(up(&process), up)
            .map_while(|process| Some(self.entries.get(&process)?.state(process)))
            .take(MAX_ANCESTORS)
    }
}

impl Entry {
    fn state(&self, process: ProcessId) -> AncestorState<'_> {
        AncestorState {
            process,
            comm: self.comm.get(),
            args: self.image.as_ref().map(|image| image.lend().args),
            uid: self.uid,
            cgroup: self.place.map(|place| place.cgroup),
            is_alive: self.end.is_none() && !self.finished,
            end_ns: self.end.as_ref().map(|end| end.boot_ns),
        }
    }
}
