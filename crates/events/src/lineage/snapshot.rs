//! The table as events, and the table from such events: so a recording can be read from the middle.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::End;
use super::Entry;
use super::Lineage;
use super::OwnedSession;
use super::ProcessSink;
use crate::comm::Comm;
use crate::event::Existing;
use crate::event::ExistingState;
use crate::event::Exit;
use crate::event::Image;
use crate::event::LoginSession;
use crate::event::ProcessId;
use crate::owned_image::OwnedImage;

impl Lineage {
    /// What the table knows, as it can be told to another one, which then goes on as this one
    /// would. Ancestors come before their descendants; otherwise the dead come in the order of
    /// their end, and the living as they came into the table. Last come processes that wait for
    /// their final usage, in the order of their end.
    ///
    /// `seen_pid` is the pid, as a tracer in the initial pid namespace sees it.
    pub fn existing(&self) -> impl Iterator<Item = Existing<'_>> {
        let mut order = Order {
            table: self,
            seen: HashSet::new(),
            order: Vec::with_capacity(self.entries.len()),
        };
        self.dead.iter().for_each(|process| order.add(process));
        self.by_age.iter().for_each(|process| order.add(*process));
        let waiting = self.waiting.iter().map(|(_, process)| *process);
        order.add_waiting(waiting);
        let entries = order.order.into_iter();
        entries.map(|(process, entry)| entry.to_existing(process))
    }

    /// Takes a process that another table knew, or a live source has found.
    pub(super) fn take_existing(&mut self, existing: &Existing<'_>, sink: &mut ProcessSink<'_>) {
        let process = existing.process;
        if self.entries.contains_key(&process) {
            return; // already seen in an event
        }
        let mut entry = Entry::from_existing(existing);
        entry.image = self.existing_image(existing, &entry);
        match existing.state {
            ExistingState::Alive => self.insert(process, entry, sink),
            ExistingState::Ended { .. } => {
                self.add_ended(process, entry, sink);
                self.dead.push(existing.uid, process);
            }
            ExistingState::Ending { boot_ns, .. } => {
                self.add_ended(process, entry, sink);
                match self.final_accounts {
                    true => self.waiting.push_back((boot_ns, process)),
                    false => self.publish(process, sink),
                }
            }
        }
    }

    /// Its pid may be another process's by now.
    fn add_ended(&mut self, process: ProcessId, entry: Entry, sink: &mut ProcessSink<'_>) {
        let newest = self.newest.entry(process.pid).or_default();
        *newest = process.start_ns.max(*newest);
        self.add(process, entry, sink);
    }

    /// What it runs; mostly the creator's image, which is kept once.
    fn existing_image(
        &mut self,
        existing: &Existing<'_>,
        entry: &Entry,
    ) -> Option<Arc<OwnedImage>> {
        if existing.image == Image::UNKNOWN {
            return None;
        }
        let up = self.entries.get(&entry.parent_link());
        let is_same = |image: &&Arc<OwnedImage>| {
            image.has_begun() != existing.doomed && image.lend() == existing.image
        };
        if let Some(shared) = up.and_then(|up| up.image.as_ref()).filter(is_same) {
            return Some(Arc::clone(shared));
        }
        let mut image = self.keep_image(&existing.image);
        if existing.doomed
            && let Some(kept) = image.as_mut().and_then(Arc::get_mut)
        {
            kept.did_not_begin();
        }
        image
    }
}

/// The order in which a table tells what it knows.
struct Order<'a> {
    table: &'a Lineage,
    seen: HashSet<ProcessId>,
    order: Vec<(ProcessId, &'a Entry)>,
}

impl Order<'_> {
    /// Adds a process that waits for nothing, behind its ancestors.
    fn add(&mut self, process: ProcessId) {
        let begin = self.order.len();
        let mut next = process;
        while let Some(entry) = self.table.entries.get(&next)
            && self.seen.insert(next)
        {
            if !entry.is_waiting() {
                self.order.push((next, entry));
            }
            next = entry.parent_link();
        }
        self.order[begin..].reverse();
    }

    fn add_waiting(&mut self, waiting: impl Iterator<Item = ProcessId>) {
        let mut seen = HashSet::new();
        for process in waiting {
            if let Some(entry) = self.table.entries.get(&process)
                && entry.is_waiting()
                && seen.insert(process)
            {
                self.order.push((process, entry));
            }
        }
    }
}

impl Entry {
    fn is_waiting(&self) -> bool {
        self.end.is_some() && !self.finished
    }

    /// Without its image.
    fn from_existing(existing: &Existing<'_>) -> Self {
        let has_session = existing.session != LoginSession::default();
        let comm = |name: &[u8]| (!name.is_empty()).then(|| Comm::new(name));
        Self {
            first_parent: existing.first_parent,
            parent_comm: comm(existing.parent_comm),
            comm: Comm::new(existing.comm),
            uid: existing.uid,
            gid: existing.gid,
            place: existing.place,
            ns_pid: existing.ns_pid,
            session: has_session.then(|| OwnedSession::new(&existing.session)),
            exec_number: existing.exec_number,
            execs: existing.execs,
            exec_ns: existing.exec_ns,
            peak_before: existing.peak_before,
            end: End::of_existing(existing),
            finished: existing.state.has_ended(),
            ..Self::new(existing.creator, existing.parent)
        }
    }

    fn to_existing(&self, process: ProcessId) -> Existing<'_> {
        let image = self.image.as_deref();
        let parent_comm = self.parent_comm.as_ref();
        let session = self.session.as_ref();
        Existing {
            first_parent: self.first_parent,
            creator: self.creator,
            comm: self.comm.get(),
            parent_comm: parent_comm.map(Comm::get).unwrap_or_default(),
            uid: self.uid,
            gid: self.gid,
            place: self.place,
            ns_pid: self.ns_pid,
            seen_pid: process.pid,
            session: session.map(OwnedSession::lend).unwrap_or_default(),
            image: image.map_or(Image::UNKNOWN, OwnedImage::lend),
            doomed: image.is_some_and(|image| !image.has_begun()),
            exec_number: self.exec_number,
            execs: self.execs,
            exec_ns: self.exec_ns,
            peak_before: self.peak_before,
            state: self.existing_state(),
            ..Existing::alive(process, self.parent)
        }
    }

    fn existing_state(&self) -> ExistingState<'_> {
        match &self.end {
            _ if self.finished => ExistingState::Ended {
                boot_ns: self.end.as_ref().map(|end| end.boot_ns),
            },
            None => ExistingState::Alive,
            Some(end) => ExistingState::Ending {
                time: end.time,
                boot_ns: end.boot_ns,
                exit: Exit {
                    comm: self.comm.get(),
                    ..end.exit
                },
            },
        }
    }
}

impl End {
    /// Of one that has ended for good, only the time counts.
    fn of_existing(existing: &Existing<'_>) -> Option<Box<Self>> {
        let (time, boot_ns, exit) = match existing.state {
            ExistingState::Alive | ExistingState::Ended { boot_ns: None } => return None,
            ExistingState::Ended {
                boot_ns: Some(boot_ns),
            } => (Timestamp::UNIX_EPOCH, boot_ns, Exit::of(existing.process)),
            ExistingState::Ending {
                time,
                boot_ns,
                exit,
            } => (time, boot_ns, Exit { comm: b"", ..exit }),
        };
        Some(Box::new(Self {
            time,
            boot_ns,
            exit,
        }))
    }
}
