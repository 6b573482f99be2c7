//! The process table: the descent and the fate of each process, as a state machine over events.
//!
//! It does no I/O and reads no clock; events go in, and finished processes come out. Events may be
//! lost or arrive in any order: the table stays consistent, and within its [`Limits`].
//!
//! A process is kept while it lives, and then while any of its descendants lives, so that it can
//! still be reported as their ancestor. If the table is full, the user who has most of it loses the
//! oldest entries, or the oldest arguments, and that is counted.

mod dead;
mod images;
mod snapshot;
mod states;

use std::collections::HashSet;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;

use foldhash::HashMap;
use jiff::Timestamp;

use crate::argv::Argv;
use crate::comm::Comm;
use crate::event::CgroupRef;
use crate::event::Event;
use crate::event::EventData;
use crate::event::Exec;
use crate::event::Exit;
use crate::event::FinalUsage;
use crate::event::Fork;
use crate::event::Image;
use crate::event::LoginSession;
use crate::event::ProcessId;
use crate::event::ProcessSummary;
use crate::owned_image::OwnedImage;
use dead::Dead;
use images::Holder;
use images::Images;
pub use states::AncestorState;

/// How long a process that has ended waits for its final resource usage. It arrives after the
/// parent has reaped the process and the kernel has freed it: mostly 15 to 30 ms later. A kernel
/// that saves power (`CONFIG_RCU_LAZY`, idle CPUs) may take seconds; then the estimate is used.
pub(crate) const FINAL_ACCOUNT_NS: u64 = 500_000_000;

/// The maximum length of a chain of ancestors, in case events describe a cycle.
const MAX_ANCESTORS: usize = 256;

/// The limits of the table.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The number of processes, living and dead. Each takes some 400 bytes.
    pub processes: usize,
    /// Bytes of file names and arguments of all processes together. Above this limit, the user who
    /// has most of them loses some: those of dead processes first.
    pub image_bytes: usize,
}

impl Default for Limits {
    /// 65,536 processes and 30 MiB: less than 100 MB in all.
    fn default() -> Self {
        Self {
            processes: 65_536,
            image_bytes: 30 << 20,
        }
    }
}

/// Counts of evicted data, and of events that must have been lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evicted {
    /// Processes that were evicted because the table was full.
    pub processes: u64,
    /// Images whose arguments were dropped because of the limit on bytes.
    pub arguments: u64,
    /// Processes with an exit that was not seen: their pid was reused.
    pub ends: u64,
}

/// One of a process's ancestors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ancestor<'a> {
    /// The process.
    pub process: ProcessId,
    /// Its name.
    pub comm: &'a [u8],
    /// Its arguments, if they are known.
    pub args: Option<Argv<'a>>,
}

/// Receives the processes that a [`Lineage`] hands out, and the table to look up their ancestors.
pub type ProcessSink<'a> = dyn FnMut(&Event<'_>, &Lineage) + 'a;

/// The process table.
#[derive(Debug)]
pub struct Lineage {
    limits: Limits,
    /// The source sends final resource usage, so a process that has ended waits for it.
    final_accounts: bool,
    entries: HashMap<ProcessId, Entry>,
    /// The number of entries for each parent that is not in the table.
    orphans: HashMap<ProcessId, u32>,
    /// The start time of the newest process with a pid.
    newest: HashMap<u32, u64>,
    /// All processes in order of insertion, and those kept only for their descendants in order of
    /// exit. Both may contain processes that were removed.
    by_age: VecDeque<ProcessId>,
    dead: Dead,
    /// Processes that have ended and still wait for their final usage, in order of exit.
    waiting: VecDeque<(u64, ProcessId)>,
    images: Images,
    evicted: Evicted,
    now: (Timestamp, u64),
}

#[derive(Debug)]
struct Entry {
    creator: Option<ProcessId>,
    /// The parent when the process was first seen: most likely its creator, unlike later parents.
    first_parent: ProcessId,
    parent: ProcessId,
    parent_comm: Option<Comm>,
    comm: Comm,
    uid: Option<u32>,
    gid: Option<u32>,
    place: Option<CgroupRef>,
    ns_pid: Option<u32>,
    session: Option<OwnedSession>,
    image: Option<Arc<OwnedImage>>,
    /// Of the exec that brought the image.
    exec_number: Option<NonZeroU32>,
    /// How many execs there were, with those that are known to be lost.
    execs: u32,
    exec_ns: Option<u64>,
    /// Peak memory before the last exec; `None` if that exec was not seen.
    peak_before: Option<u64>,
    /// The number of entries with a parent link to this one.
    children: u32,
    end: Option<Box<End>>,
    /// The process is finished, and is kept only for its descendants.
    finished: bool,
}

/// An owned [`LoginSession`].
#[derive(Debug, Clone, Copy)]
struct OwnedSession {
    rest: LoginSession<'static>,
    tty: Option<Comm>,
}

impl OwnedSession {
    fn new(session: &LoginSession<'_>) -> Self {
        Self {
            rest: LoginSession {
                tty: None,
                ..*session
            },
            tty: session.tty.map(Comm::new),
        }
    }

    fn lend(&self) -> LoginSession<'_> {
        LoginSession {
            tty: self.tty.as_ref().map(Comm::get),
            ..self.rest
        }
    }
}

#[derive(Debug)]
struct End {
    time: Timestamp,
    boot_ns: u64,
    exit: Exit<'static>,
}

impl Entry {
    fn new(creator: Option<ProcessId>, parent: ProcessId) -> Self {
        Self {
            creator,
            first_parent: parent,
            parent,
            parent_comm: None,
            comm: Comm::default(),
            uid: None,
            gid: None,
            place: None,
            ns_pid: None,
            session: None,
            image: None,
            exec_number: None,
            execs: 0,
            exec_ns: None,
            peak_before: None,
            children: 0,
            end: None,
            finished: false,
        }
    }

    /// The next ancestor: the creator, or the first parent if the creator is not known.
    fn parent_link(&self) -> ProcessId {
        self.creator.unwrap_or(self.first_parent)
    }

    /// Takes note of the number of its last exec. If that exec was not seen, what the process runs
    /// is not known; returns the image that it no longer runs.
    fn note_exec_number(&mut self, number: Option<NonZeroU32>) -> Option<Arc<OwnedImage>> {
        let missed = execs_since(self.exec_number, number);
        self.execs = self.execs.saturating_add(missed);
        if missed > 0 || self.exec_number.is_none() {
            self.exec_number = number;
        }
        if missed == 0 {
            return None;
        }
        self.exec_ns = None;
        self.peak_before = None;
        self.image.take()
    }

    /// Takes note of an exec that was seen. There may be others before it that were not.
    fn count_exec(&mut self, number: Option<NonZeroU32>) {
        let more = execs_since(self.exec_number, number).max(1);
        self.execs = self.execs.saturating_add(more);
        self.exec_number = number;
    }

    /// Takes note, late, of the number that it began with.
    fn count_execs_since(&mut self, first: Option<NonZeroU32>) {
        let all = execs_since(first, self.exec_number);
        self.execs = self.execs.max(all);
        self.exec_number = self.exec_number.or(first);
    }
}

impl Lineage {
    /// An empty table. `final_accounts` says whether the source sends [`FinalUsage`] events.
    pub fn new(limits: Limits, final_accounts: bool) -> Self {
        Self {
            limits,
            final_accounts,
            entries: HashMap::default(),
            orphans: HashMap::default(),
            newest: HashMap::default(),
            by_age: VecDeque::new(),
            dead: Dead::default(),
            waiting: VecDeque::new(),
            images: Images::new(limits.image_bytes),
            evicted: Evicted::default(),
            now: (Timestamp::UNIX_EPOCH, 0),
        }
    }

    /// The counts of evicted data and lost exits.
    pub fn evicted(&self) -> Evicted {
        self.evicted
    }

    /// Takes an event, and hands out the processes that it completes.
    pub fn observe(&mut self, event: &Event<'_>, sink: &mut ProcessSink<'_>) {
        self.now = (event.time, event.boot_ns);
        match &event.data {
            EventData::Existing(existing) => self.take_existing(existing, sink),
            EventData::Gone(process) => self.forget(*process),
            EventData::Fork(fork) => self.fork(fork, sink),
            EventData::Exec(exec) => {
                self.note_parent_name(exec);
                match (exec.has_failed(), exec.fatal) {
                    (false, _) => self.exec(event.boot_ns, exec, sink),
                    (true, true) => self.doom(exec, sink),
                    (true, false) => {}
                }
            }
            EventData::Exit(exit) => self.exit(event, exit, sink),
            EventData::FinalUsage(freed) => self.freed(freed, sink),
            EventData::Cgroup(_)
            | EventData::Summary(_)
            | EventData::Lost(_)
            | EventData::Clock(_) => {}
        }
    }

    /// Hands out the processes that have waited too long for their final usage.
    pub fn tick(&mut self, boot_ns: u64, sink: &mut ProcessSink<'_>) {
        while boot_ns >= self.due_ns()
            && let Some((_, process)) = self.waiting.pop_front()
        {
            self.publish(process, sink);
        }
    }

    /// When [`tick`](Self::tick) may hand out something, and not before; `u64::MAX` for never.
    #[inline]
    pub fn due_ns(&self) -> u64 {
        let next = self.waiting.front();
        next.map_or(u64::MAX, |(ended_ns, _)| {
            ended_ns.saturating_add(FINAL_ACCOUNT_NS)
        })
    }

    /// Hands out all processes that have ended, then the living processes, without an exit.
    pub fn finish(&mut self, sink: &mut ProcessSink<'_>) {
        self.tick(u64::MAX, sink);
        let mut living: Vec<ProcessId> = self
            .entries
            .iter()
            .filter(|(_, entry)| !entry.finished)
            .map(|(&process, _)| process)
            .collect();
        living.sort_by_key(|process| (process.start_ns, process.pid));
        for process in living {
            self.publish(process, sink);
        }
    }

    /// Whether any process that has ended waits for its final usage.
    pub fn is_waiting(&self) -> bool {
        self.waiting.iter().any(|(_, process)| {
            self.entries
                .get(process)
                .is_some_and(|entry| !entry.finished)
        })
    }

    /// An exit, completed from the history of the process.
    pub fn complete<'a>(&self, exit: &Exit<'a>) -> Exit<'a> {
        let mut exit = *exit;
        if let Some(entry) = self.entries.get(&exit.process) {
            complete(&mut exit, entry);
        }
        exit
    }

    /// The known ancestors of a process, the nearest first.
    pub fn ancestors(&self, process: ProcessId) -> impl Iterator<Item = Ancestor<'_>> {
        let up = |of: &ProcessId| self.entries.get(of).map(Entry::parent_link);
        std::iter::successors(up(&process), up)
            .map_while(|process| Some((process, self.entries.get(&process)?)))
            .take(MAX_ANCESTORS)
            .map(|(process, entry)| Ancestor {
                process,
                comm: entry.comm.get(),
                args: entry.image.as_ref().map(|image| image.lend().args),
            })
    }

    /// A new process is a copy of its creator, until it calls exec.
    fn fork(&mut self, fork: &Fork, sink: &mut ProcessSink<'_>) {
        self.note_exec_number(fork.creator, fork.exec_number);
        let mut entry = Entry {
            ns_pid: fork.ns_pid,
            exec_number: fork.exec_number,
            peak_before: Some(0),
            ..Entry::new(Some(fork.creator), fork.creator)
        };
        if let Some(creator) = self.entries.get(&fork.creator) {
            entry.parent_comm = Some(creator.comm);
            entry.comm = creator.comm;
            entry.uid = creator.uid;
            entry.gid = creator.gid;
            entry.place = creator.place;
            entry.session = creator.session;
            entry.image = creator.image.clone();
        }
        match self.entries.get_mut(&fork.process) {
            Some(late) => {
                let before = late.parent_link();
                late.creator = Some(fork.creator);
                late.count_execs_since(fork.exec_number);
                self.link(fork.creator);
                if self.unlink(before) {
                    self.remove(before);
                }
            }
            None => self.insert(fork.process, entry, sink),
        }
    }

    /// A process can change its name (`PR_SET_NAME`), and an exec of its child tells the new one:
    /// as the parent and as an ancestor it has the same name.
    fn note_parent_name(&mut self, exec: &Exec<'_>) {
        if !exec.parent_comm.is_empty()
            && let Some(parent) = self.entries.get_mut(&exec.parent)
        {
            parent.comm = Comm::new(exec.parent_comm);
        }
    }

    fn exec(&mut self, boot_ns: u64, exec: &Exec<'_>, sink: &mut ProcessSink<'_>) {
        let image = self.keep_image(&exec.image());
        let entry = self.entry(exec.process, exec.parent, sink);
        entry.parent = exec.parent;
        entry.parent_comm = Some(Comm::new(exec.parent_comm));
        entry.comm = Comm::new(exec.comm);
        entry.uid = exec.uid;
        entry.gid = exec.gid;
        entry.place = exec.place;
        entry.ns_pid = exec.ns_pid;
        entry.session = Some(OwnedSession::new(&exec.session));
        entry.count_exec(exec.exec_number);
        entry.exec_ns = Some(boot_ns);
        entry.peak_before = exec.peak_before;
        let before = std::mem::replace(&mut entry.image, image);
        self.images.release(before);
    }

    /// The process has ended, and is not handed out.
    fn forget(&mut self, process: ProcessId) {
        let is_kept = |entry: &Entry| !entry.finished && entry.end.is_none();
        if self.entries.get(&process).is_some_and(is_kept) {
            self.give_up(process);
        }
    }

    /// See [`Entry::note_exec_number`].
    fn note_exec_number(&mut self, process: ProcessId, number: Option<NonZeroU32>) {
        if let Some(entry) = self.entries.get_mut(&process) {
            let image = entry.note_exec_number(number);
            self.images.release(image);
        }
    }

    /// What the process did before is gone: what it ends as is the program that did not begin.
    fn doom(&mut self, exec: &Exec<'_>, sink: &mut ProcessSink<'_>) {
        let mut image = self.keep_image(&exec.image());
        if let Some(kept) = image.as_mut().and_then(Arc::get_mut) {
            kept.did_not_begin();
        }
        let entry = self.entry(exec.process, exec.parent, sink);
        entry.comm = Comm::new(exec.comm);
        let before = std::mem::replace(&mut entry.image, image);
        self.images.release(before);
    }

    fn exit(&mut self, event: &Event<'_>, exit: &Exit<'_>, sink: &mut ProcessSink<'_>) {
        self.note_exec_number(exit.process, exit.exec_number);
        let entry = self.entry(exit.process, exit.parent, sink);
        if entry.end.is_some() || entry.finished {
            return; // a process ends once
        }
        if entry.parent != exit.parent {
            entry.parent_comm = None; // it was the previous parent's
        }
        entry.parent = exit.parent;
        entry.comm = Comm::new(exit.comm);
        entry.uid = exit.uid;
        entry.gid = exit.gid;
        entry.place = exit.place;
        entry.ns_pid = exit.ns_pid;
        let had_begun = entry.image.as_ref().is_some_and(|image| image.has_begun());
        let mut kept = Exit { comm: b"", ..*exit };
        complete(&mut kept, entry);
        entry.end = Some(Box::new(End {
            time: event.time,
            boot_ns: event.boot_ns,
            exit: kept,
        }));
        if exit.by_exec && had_begun {
            let before = entry.image.take(); // it is not this program that ended
            self.images.release(before);
        }
        match self.final_accounts {
            true => self.waiting.push_back((event.boot_ns, exit.process)),
            false => self.publish(exit.process, sink),
        }
    }

    fn freed(&mut self, freed: &FinalUsage, sink: &mut ProcessSink<'_>) {
        let Some(entry) = self.entries.get_mut(&freed.process) else {
            return;
        };
        match &mut entry.end {
            _ if entry.finished => {}
            Some(end) => {
                if let Some(cost) = &mut end.exit.cost {
                    cost.cpu = freed.cpu;
                }
                self.publish(freed.process, sink);
            }
            None => {
                self.evicted.ends += 1;
                self.give_up(freed.process);
            }
        }
    }

    /// The entry of a process, made if it is not there.
    fn entry(
        &mut self,
        process: ProcessId,
        parent: ProcessId,
        sink: &mut ProcessSink<'_>,
    ) -> &mut Entry {
        if !self.entries.contains_key(&process) {
            self.insert(process, Entry::new(None, parent), sink);
        }
        self.entries.get_mut(&process).expect("just inserted")
    }

    fn insert(&mut self, process: ProcessId, entry: Entry, sink: &mut ProcessSink<'_>) {
        self.retire_previous_pid(process);
        self.add(process, entry, sink);
    }

    fn add(&mut self, process: ProcessId, mut entry: Entry, sink: &mut ProcessSink<'_>) {
        while self.entries.len() >= self.limits.processes.max(1) {
            self.evict_one(sink);
        }
        self.link(entry.parent_link());
        entry.children = self.orphans.remove(&process).unwrap_or(0);
        self.entries.insert(process, entry);
        self.by_age.push_back(process);
        self.sweep_queues();
    }

    /// Records that this process uses a pid. The previous process with this pid has ended.
    fn retire_previous_pid(&mut self, process: ProcessId) {
        match self.newest.get(&process.pid) {
            Some(&start_ns) if start_ns > process.start_ns => return, // this one is the older
            Some(&start_ns) if start_ns < process.start_ns => {
                let before = ProcessId {
                    pid: process.pid,
                    start_ns,
                };
                if self
                    .entries
                    .get(&before)
                    .is_some_and(|entry| entry.end.is_none() && !entry.finished)
                {
                    self.evicted.ends += 1;
                    self.give_up(before);
                }
            }
            _ => {}
        }
        self.newest.insert(process.pid, process.start_ns);
    }

    /// Hands out a process, only once.
    fn publish(&mut self, process: ProcessId, sink: &mut ProcessSink<'_>) {
        let Some(entry) = self.entries.get(&process).filter(|entry| !entry.finished) else {
            return;
        };
        let (time, boot_ns) = match &entry.end {
            Some(end) => (end.time, end.boot_ns),
            None => self.now,
        };
        let event = Event {
            time,
            boot_ns,
            data: EventData::Summary(self.lend(process, entry)),
        };
        sink(&event, self);
        self.give_up(process);
    }

    fn lend<'a>(&'a self, process: ProcessId, entry: &'a Entry) -> ProcessSummary<'a> {
        let parent = self.entries.get(&entry.parent);
        let parent_comm = parent
            .map(|parent| &parent.comm)
            .or(entry.parent_comm.as_ref());
        ProcessSummary {
            process,
            parent: entry.parent,
            creator: entry.creator,
            comm: entry.comm.get(),
            parent_comm: parent_comm.and_then(known),
            uid: entry.uid,
            gid: entry.gid,
            place: entry.place,
            ns_pid: entry.ns_pid,
            session: entry.session.as_ref().map(OwnedSession::lend),
            image: entry.image.as_ref().map(|image| image.lend()),
            execs: entry.execs,
            exec_ns: entry.exec_ns,
            exit: entry.end.as_ref().map(|end| Exit {
                comm: entry.comm.get(),
                ..end.exit
            }),
        }
    }

    /// Keeps a process only while it has descendants in the table.
    fn give_up(&mut self, process: ProcessId) {
        let Some(entry) = self.entries.get_mut(&process) else {
            return;
        };
        entry.finished = true;
        match entry.children {
            0 => self.remove(process),
            _ => self.dead.push(entry.uid, process),
        }
    }

    /// Counts one more entry with a parent link to this process.
    fn link(&mut self, up: ProcessId) {
        match self.entries.get_mut(&up) {
            Some(above) => above.children += 1,
            None => *self.orphans.entry(up).or_default() += 1,
        }
    }

    /// Counts one entry less, and returns whether it was the last one that kept the process.
    fn unlink(&mut self, up: ProcessId) -> bool {
        if let Some(above) = self.entries.get_mut(&up) {
            above.children = above.children.saturating_sub(1);
            return above.children == 0 && above.finished;
        }
        if let Some(left) = self.orphans.get_mut(&up) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.orphans.remove(&up);
            }
        }
        false
    }

    /// Removes a process, and the ancestors that were kept only for it.
    fn remove(&mut self, process: ProcessId) {
        let mut next = Some(process);
        while let Some(process) = next.take() {
            let Some(entry) = self.entries.remove(&process) else {
                return;
            };
            if self.newest.get(&process.pid) == Some(&process.start_ns) {
                self.newest.remove(&process.pid);
            }
            if entry.children > 0 {
                self.orphans.insert(process, entry.children);
            }
            let up = entry.parent_link();
            self.images.release(entry.image);
            next = self.unlink(up).then_some(up);
        }
    }

    /// Evicts one entry: of the user with most dead processes the one that ended first, else the
    /// oldest process.
    fn evict_one(&mut self, sink: &mut ProcessSink<'_>) {
        let next = self.dead.pop().or_else(|| self.by_age.pop_front());
        let Some(process) = next else {
            self.entries.clear(); // cannot be: each entry is in by_age
            return;
        };
        let Some(entry) = self.entries.get(&process) else {
            return;
        };
        if entry.end.is_some() {
            self.publish(process, sink); // it cannot wait for its final usage any longer
        }
        self.evicted.processes += 1;
        self.remove(process);
    }

    /// Removes stale entries from the queues when the queues have grown long.
    fn sweep_queues(&mut self) {
        let entries = &self.entries;
        let long = 2 * entries.len() + 1024;
        if self.by_age.len() > long {
            let mut seen = HashSet::new(); // a process that was inserted again is in the queue twice
            self.by_age
                .retain(|process| entries.contains_key(process) && seen.insert(*process));
        }
        if self.dead.len() > long {
            self.dead.retain(|process| entries.contains_key(process));
        }
        if self.waiting.len() > long {
            let mut seen = HashSet::new();
            let waits = |entry: &Entry| entry.end.is_some() && !entry.finished;
            self.waiting.retain(|(_, process)| {
                entries.get(process).is_some_and(waits) && seen.insert(*process)
            });
        }
    }

    /// Keeps a copy of an image. Where there is no room, others lose theirs.
    fn keep_image(&mut self, image: &Image<'_>) -> Option<Arc<OwnedImage>> {
        let copy = self.images.copy(image);
        let is_whole = copy.as_ref().is_some_and(|copy| copy.has_args());
        self.evicted.arguments += u64::from(!is_whole && !image.args.is_unknown());
        let copy = copy?;
        if !self.images.has_room_for(&copy) {
            self.make_room_for_images();
        }
        self.images
            .has_room_for(&copy)
            .then(|| self.images.keep(copy))
    }

    /// Drops images of the user who has most of them.
    fn make_room_for_images(&mut self) {
        let holders = self.entries.iter().filter_map(|(process, entry)| {
            Some(Holder {
                image: entry.image.as_ref()?,
                uid: entry.uid,
                start_ns: process.start_ns,
                is_alive: !entry.finished,
            })
        });
        let victims = self.images.choose_victims(holders);
        self.evicted.arguments += victims.len() as u64;
        for entry in self.entries.values_mut() {
            let is_lost = |image: &mut Arc<OwnedImage>| victims.contains(&Arc::as_ptr(image));
            self.images.release(entry.image.take_if(is_lost));
        }
    }
}

/// A name; an empty one is not known.
fn known(name: &Comm) -> Option<&[u8]> {
    Some(name.get()).filter(|name| !name.is_empty())
}

/// How many execs lie between two numbers; 0 if that is not known, or `number` is the older one.
fn execs_since(before: Option<NonZeroU32>, number: Option<NonZeroU32>) -> u32 {
    match (before, number) {
        (Some(before), Some(number)) => number.get().saturating_sub(before.get()),
        _ => 0,
    }
}

/// Adds what the exit event lacks: the time of the last exec, and whether the memory peak was
/// reached after it.
fn complete(exit: &mut Exit<'_>, entry: &Entry) {
    if execs_since(entry.exec_number, exit.exec_number) > 0 {
        return; // that exec was not seen
    }
    exit.exec_ns = entry.exec_ns;
    let Some(cost) = &mut exit.cost else {
        return;
    };
    let peak = cost.peak_rss_bytes;
    if entry.peak_before.is_some_and(|before| peak > before) {
        cost.max_rss_bytes = Some(peak);
    }
}

#[cfg(test)]
mod tests;
