//! Who descends from the command that the tracer started.

use std::collections::HashMap;

use crate::event::Fork;
use crate::event::ProcessId;

/// The processes that descend from the tracer's own child: by creation, so that a daemon which was
/// adopted by init still belongs to them.
///
/// Bounded by the number of pids: a pid that comes back as somebody else's child leaves the set.
#[derive(Debug, Default)]
pub struct Descendants {
    start_of: HashMap<u32, u64>,
}

impl Descendants {
    /// Takes note of a new process.
    pub fn observe(&mut self, fork: &Fork) {
        if fork.by_tracer || self.contains(fork.creator) {
            self.start_of
                .insert(fork.process.pid, fork.process.start_ns);
        } else {
            self.start_of.remove(&fork.process.pid);
        }
    }

    /// Whether this process descends from the tracer's child, or is it.
    pub fn contains(&self, process: ProcessId) -> bool {
        self.start_of.get(&process.pid) == Some(&process.start_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(pid: u32, start_ns: u64) -> ProcessId {
        ProcessId { pid, start_ns }
    }

    fn fork(creator: ProcessId, process: ProcessId, by_tracer: bool) -> Fork {
        Fork {
            process,
            creator,
            creator_tid: creator.pid,
            vfork: false,
            by_tracer,
            ns_pid: process.pid,
        }
    }

    /// Children and their children belong to it, whoever adopts them; strangers do not.
    #[test]
    fn follows_creation() {
        let mut set = Descendants::default();
        set.observe(&fork(id(1, 0), id(10, 100), true));
        set.observe(&fork(id(10, 100), id(11, 110), false));
        set.observe(&fork(id(11, 110), id(12, 120), false));
        set.observe(&fork(id(5, 50), id(13, 130), false));
        assert!(
            set.contains(id(10, 100)) && set.contains(id(11, 110)) && set.contains(id(12, 120))
        );
        assert!(!set.contains(id(13, 130)) && !set.contains(id(5, 50)));
    }

    /// A pid that comes back is another process.
    #[test]
    fn a_reused_pid_is_a_stranger() {
        let mut set = Descendants::default();
        set.observe(&fork(id(1, 0), id(10, 100), true));
        assert!(!set.contains(id(10, 900)));
        set.observe(&fork(id(10, 900), id(20, 910), false));
        assert!(!set.contains(id(20, 910)));
        set.observe(&fork(id(5, 50), id(10, 900), false));
        assert!(set.start_of.is_empty());
    }
}
