//! Dead processes that are kept for their descendants, in the order in which they make room.
//!
//! Anybody can leave chains of dead processes behind. So the user who has most of them loses the
//! oldest, and the ancestors of others' processes are not forgotten for them.

use std::collections::HashSet;
use std::collections::VecDeque;

use crate::event::ProcessId;

/// Users share this many queues. (A user may have many numbers, from /etc/subuid.)
const QUEUES: usize = 64;

/// The dead, each queue in order of exit. A process may be in it that is not kept any more.
#[derive(Debug)]
pub(super) struct Dead {
    queues: [VecDeque<ProcessId>; QUEUES],
    len: usize,
}

impl Default for Dead {
    fn default() -> Self {
        Self {
            queues: [const { VecDeque::new() }; QUEUES],
            len: 0,
        }
    }
}

impl Dead {
    /// Adds a process of this user.
    pub(super) fn push(&mut self, uid: Option<u32>, process: ProcessId) {
        let number = uid.and_then(|uid| usize::try_from(uid).ok());
        self.queues[number.unwrap_or(0) % QUEUES].push_back(process);
        self.len += 1;
    }

    /// Takes the oldest process of the user who has most.
    pub(super) fn pop(&mut self) -> Option<ProcessId> {
        let longest = self.queues.iter_mut().max_by_key(|queue| queue.len())?;
        let process = longest.pop_front()?;
        self.len -= 1;
        Some(process)
    }

    /// All of them, those of a user in the order in which they are taken.
    pub(super) fn iter(&self) -> impl Iterator<Item = ProcessId> {
        self.queues.iter().flatten().copied()
    }

    /// How many are in it.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Removes those that are not kept any more, and repetitions.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&ProcessId) -> bool) {
        let mut seen = HashSet::new();
        for queue in &mut self.queues {
            queue.retain(|process| is_kept(process) && seen.insert(*process));
        }
        self.len = seen.len();
    }

    #[cfg(test)]
    pub(super) fn contains(&self, process: &ProcessId) -> bool {
        self.queues.iter().flatten().any(|one| one == process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(pid: u32) -> ProcessId {
        ProcessId { pid, start_ns: 1 }
    }

    /// One user's chain takes nothing from another user.
    #[test]
    fn the_user_with_most_loses_the_oldest() {
        let mut dead = Dead::default();
        dead.push(Some(0), id(1));
        (2..5).for_each(|pid| dead.push(Some(1000), id(pid)));
        dead.push(Some(0), id(5));
        let order: Vec<u32> = std::iter::from_fn(|| dead.pop()).map(|it| it.pid).collect();
        assert_eq!(order[0], 2);
        assert_eq!(order.len(), 5);
        assert!(order.iter().position(|pid| *pid == 1) >= Some(1));
    }

    /// What is not kept any more does not count.
    #[test]
    fn repetitions_are_removed() {
        let mut dead = Dead::default();
        for pid in [1, 1, 2, 3] {
            dead.push(None, id(pid));
        }
        dead.retain(|process| process.pid != 3);
        assert_eq!(dead.len(), 2);
    }
}
