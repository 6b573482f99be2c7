//! The descendants of the tracer's own command, or of a chosen process.

use foldhash::HashMap;

use crate::event::EventData;
use crate::event::Existing;
use crate::event::ExistingState;
use crate::event::Fork;
use crate::event::ProcessId;

/// A process and its descendants. Descent follows fork, so a daemon that re-parents to init still
/// belongs to the set.
///
/// The size is bounded by the number of pids: a pid that is reused by a child of another process
/// leaves the set.
#[derive(Debug)]
pub struct Descendants {
    root: Root,
    members: HashMap<u32, Member>,
    /// How many members have no reported end.
    living: usize,
    /// Processes that existed before tracing, and have a parent that was not reported yet.
    orphans: Vec<(ProcessId, ProcessId)>,
}

/// A process in the set.
#[derive(Debug, Clone, Copy)]
struct Member {
    start_ns: u64,
    has_ended: bool,
}

/// The root of the descendants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Command,
    SeenPid(u32),
    /// The same of a recording: the process may begin in it.
    RecordedPid(u32),
}

impl Descendants {
    /// The descendants of the tracer's own child.
    pub fn of_command() -> Self {
        Self::new(Root::Command)
    }

    /// The descendants of an existing process, given by its pid in the tracer's pid namespace.
    pub fn of_process(pid: u32) -> Self {
        Self::new(Root::SeenPid(pid))
    }

    /// The descendants of each process with this pid, whether it existed when recording began or
    /// began later.
    pub fn of_recorded_process(pid: u32) -> Self {
        Self::new(Root::RecordedPid(pid))
    }

    fn new(root: Root) -> Self {
        Self {
            root,
            members: HashMap::default(),
            living: 0,
            orphans: Vec::new(),
        }
    }

    /// Records a process that is new, or that existed when tracing began.
    pub fn observe(&mut self, data: &EventData<'_>) {
        match data {
            EventData::Fork(fork) => self.fork(fork),
            EventData::Existing(running) => self.running(running),
            EventData::Exit(exit) => self.end(exit.process),
            EventData::Gone(process) => self.end(*process),
            // An unknown process with a parent in the set: its fork event was lost.
            EventData::Exec(exec) if self.contains(exec.parent) => self.adopt(exec.process),
            EventData::Exec(exec) if self.is_recorded_root(exec.process) => {
                self.adopt(exec.process);
            }
            _ => {}
        }
    }

    /// Whether this process is in the set.
    pub fn contains(&self, process: ProcessId) -> bool {
        self.members
            .get(&process.pid)
            .is_some_and(|member| member.start_ns == process.start_ns)
    }

    /// Whether a process of the set has not ended. Ends have to be reported for that.
    pub fn has_living(&self) -> bool {
        self.living > 0
    }

    /// How many of these processes are in the set. Their starts are `tolerance_ns` off at most.
    pub fn count_among(&self, processes: &[ProcessId], tolerance_ns: u64) -> usize {
        let is_member = |process: &&ProcessId| {
            let member = self.members.get(&process.pid);
            member.is_some_and(|it| it.start_ns.abs_diff(process.start_ns) <= tolerance_ns)
        };
        processes.iter().filter(is_member).count()
    }

    fn fork(&mut self, fork: &Fork) {
        self.orphans.clear(); // all existing processes have been reported by now
        let is_command = fork.by_tracer && self.root == Root::Command;
        let is_root = is_command || self.is_recorded_root(fork.process);
        if is_root || self.contains(fork.creator) {
            self.insert(fork.process);
        } else {
            self.remove(fork.process.pid);
        }
    }

    fn is_recorded_root(&self, process: ProcessId) -> bool {
        self.root == Root::RecordedPid(process.pid)
    }

    fn insert(&mut self, process: ProcessId) {
        let same_pid = self.members.get(&process.pid);
        if same_pid.is_some_and(|member| member.start_ns >= process.start_ns) {
            return; // a list of processes has ended ones, too, whose pid is used again
        }
        self.remove(process.pid);
        let member = Member {
            start_ns: process.start_ns,
            has_ended: false,
        };
        self.members.insert(process.pid, member);
        self.living += 1;
    }

    fn remove(&mut self, pid: u32) {
        let removed = self.members.remove(&pid);
        self.living -= usize::from(removed.is_some_and(|member| !member.has_ended));
    }

    /// A process that has ended stays in the set: its costs are reported later.
    fn end(&mut self, process: ProcessId) {
        let member = self.members.get_mut(&process.pid);
        if let Some(member) = member.filter(|it| it.start_ns == process.start_ns) {
            self.living -= usize::from(!member.has_ended);
            member.has_ended = true;
        }
    }

    /// The kernel lists processes by pid, and a child's may be below its parent's.
    fn running(&mut self, running: &Existing<'_>) {
        let parent = running.creator.unwrap_or(running.first_parent);
        let is_root = self.root == Root::SeenPid(running.seen_pid)
            || self.root == Root::RecordedPid(running.seen_pid)
            || self.is_recorded_root(running.process);
        if is_root || self.contains(parent) {
            self.adopt(running.process);
            if running.state != ExistingState::Alive {
                self.end(running.process);
            }
        } else {
            self.orphans.push((running.process, parent));
        }
    }

    fn adopt(&mut self, process: ProcessId) {
        let mut newcomers = vec![process];
        while let Some(parent) = newcomers.pop() {
            self.insert(parent);
            let is_child = |orphan: &mut (ProcessId, ProcessId)| orphan.1 == parent;
            let children = self.orphans.extract_if(.., is_child);
            newcomers.extend(children.map(|(child, _)| child));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::CgroupRef;
    use crate::event::ExitStatus;
    use crate::json::tests::exit;

    fn id(pid: u32, start_ns: u64) -> ProcessId {
        ProcessId { pid, start_ns }
    }

    fn fork(creator: ProcessId, process: ProcessId, by_tracer: bool) -> EventData<'static> {
        EventData::Fork(Fork {
            process,
            creator,
            creator_tid: creator.pid,
            exec_number: None,
            vfork: Some(false),
            by_tracer,
            ns_pid: Some(process.pid),
        })
    }

    fn running(process: ProcessId, parent: ProcessId) -> EventData<'static> {
        EventData::Existing(Existing {
            comm: b"x",
            uid: Some(0),
            gid: Some(0),
            place: Some(CgroupRef::unified(1)),
            ns_pid: Some(process.pid),
            seen_pid: process.pid,
            ..Existing::alive(process, parent)
        })
    }

    /// Children and their children belong to it, whichever process adopts them; other processes do
    /// not.
    #[test]
    fn follows_creation() {
        let mut set = Descendants::of_command();
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
        let mut set = Descendants::of_command();
        set.observe(&fork(id(1, 0), id(10, 100), true));
        assert!(!set.contains(id(10, 900)));
        set.observe(&fork(id(10, 900), id(20, 910), false));
        assert!(!set.contains(id(20, 910)));
        set.observe(&fork(id(5, 50), id(10, 900), false));
        assert!(set.members.is_empty() && !set.has_living());
    }

    /// A set has living members until the last end is reported, and processes that /proc shows are
    /// found in it by pid and start.
    #[test]
    fn living_members() {
        let mut set = Descendants::of_command();
        set.observe(&fork(id(1, 0), id(10, 100), true));
        set.observe(&fork(id(10, 100), id(11, 110), false));
        let end = |process| {
            EventData::Exit(crate::event::Exit {
                process,
                ..exit(ExitStatus::Code(0))
            })
        };
        set.observe(&end(id(10, 100)));
        set.observe(&end(id(10, 100)));
        set.observe(&end(id(11, 999)));
        assert!(set.has_living() && set.contains(id(10, 100)));
        assert_eq!(
            set.count_among(&[id(11, 105), id(11, 100), id(12, 110)], 5),
            1
        );
        set.observe(&end(id(11, 110)));
        assert!(!set.has_living());
    }

    /// Existing descendants of an existing process count too, in any order of listing.
    #[test]
    fn of_a_running_process() {
        let mut set = Descendants::of_process(50);
        set.observe(&running(id(3, 9), id(4, 8)));
        set.observe(&running(id(4, 8), id(50, 7)));
        set.observe(&running(id(50, 7), id(1, 1)));
        set.observe(&running(id(60, 6), id(50, 7)));
        set.observe(&running(id(70, 6), id(1, 1)));
        for (process, belongs) in [
            (id(3, 9), true),
            (id(4, 8), true),
            (id(60, 6), true),
            (id(70, 6), false),
        ] {
            assert_eq!(set.contains(process), belongs, "{process}");
        }
        set.observe(&fork(id(3, 9), id(80, 10), true));
        set.observe(&fork(id(70, 6), id(81, 10), true));
        assert!(set.contains(id(80, 10)) && !set.contains(id(81, 10)));
    }
}
