//! What a line of the table can show, whatever type of event it is.

use execsnoop_events::CgroupOwner;
use execsnoop_events::Cost;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exec;
use execsnoop_events::Exit;
use execsnoop_events::ExitStatus;
use execsnoop_events::Fork;
use execsnoop_events::Image;
use execsnoop_events::LoginSession;
use execsnoop_events::ProcessId;
use execsnoop_events::ProcessSummary;
use execsnoop_events::json::Annotations;
use execsnoop_events::schema::RecordType;

/// One event, with `None` for what it does not have.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub event: &'a Event<'a>,
    pub notes: &'a Annotations<'a>,
    /// The type of the event's record.
    pub record: RecordType,
    pub process: ProcessId,
    pub tid: Option<u32>,
    pub parent: Option<ProcessId>,
    pub creator: Option<ProcessId>,
    pub comm: Option<&'a [u8]>,
    pub parent_comm: Option<&'a [u8]>,
    pub uid: Option<u32>,
    pub euid: Option<u32>,
    pub gid: Option<u32>,
    pub session: LoginSession<'a>,
    pub cpu: Option<u32>,
    pub ret: Option<i32>,
    pub image: Option<Image<'a>>,
    pub ns_pid: Option<u32>,
    pub exit: Option<Exit<'a>>,
}

impl<'a> Line<'a> {
    /// The line of an event; `None` for what has no place in a table.
    pub fn of(event: &'a Event<'a>, notes: &'a Annotations<'a>) -> Option<Self> {
        let empty = |record, process, ns_pid| Self::empty(event, notes, record, process, ns_pid);
        Some(match &event.data {
            EventData::Exec(exec) => empty(RecordType::Exec, exec.process, exec.ns_pid).exec(exec),
            EventData::Fork(fork) => empty(RecordType::Fork, fork.process, fork.ns_pid).fork(fork),
            EventData::Exit(exit) => empty(RecordType::Exit, exit.process, exit.ns_pid).exit(exit),
            EventData::Summary(process) => {
                empty(RecordType::Process, process.process, process.ns_pid).process(process)
            }
            EventData::FinalUsage(_)
            | EventData::Existing(_)
            | EventData::Gone(_)
            | EventData::Cgroup(_)
            | EventData::Lost(_)
            | EventData::Clock(_) => return None,
        })
    }

    fn empty(
        event: &'a Event<'a>,
        notes: &'a Annotations<'a>,
        record: RecordType,
        process: ProcessId,
        ns_pid: Option<u32>,
    ) -> Self {
        Self {
            event,
            notes,
            record,
            process,
            tid: None,
            parent: None,
            creator: None,
            comm: None,
            parent_comm: None,
            uid: None,
            euid: None,
            gid: None,
            session: LoginSession::default(),
            cpu: None,
            ret: None,
            image: None,
            ns_pid,
            exit: None,
        }
    }

    fn exec(self, exec: &Exec<'a>) -> Self {
        Self {
            tid: Some(exec.tid),
            parent: exec.parent.known(),
            comm: known(exec.comm),
            parent_comm: known(exec.parent_comm),
            uid: exec.uid,
            euid: exec.euid,
            gid: exec.gid,
            session: exec.session,
            cpu: exec.cpu,
            ret: Some(exec.ret),
            image: Some(exec.image()),
            ..self
        }
    }

    fn fork(self, fork: &Fork) -> Self {
        Self {
            creator: Some(fork.creator),
            ..self
        }
    }

    fn exit(self, exit: &Exit<'a>) -> Self {
        Self {
            parent: exit.parent.known(),
            comm: known(exit.comm),
            uid: exit.uid,
            gid: exit.gid,
            exit: Some(*exit),
            ..self
        }
    }

    fn process(self, process: &ProcessSummary<'a>) -> Self {
        Self {
            parent: process.parent.known(),
            creator: process.creator,
            comm: known(process.comm),
            parent_comm: process.parent_comm.and_then(known),
            uid: process.uid,
            gid: process.gid,
            session: process.session.unwrap_or_default(),
            image: process.image,
            exit: process.exit,
            ..self
        }
    }

    /// How it ended.
    pub fn status(&self) -> Option<ExitStatus> {
        self.exit?.status
    }

    /// Whether the kernel killed it because memory was short.
    pub fn is_oom_killed(&self) -> bool {
        self.exit.is_some_and(|exit| exit.oom_killed == Some(true))
    }

    /// What it cost.
    pub fn cost(&self) -> Option<Cost> {
        self.exit?.cost
    }

    /// Whether it is an exec that failed.
    pub fn is_failed(&self) -> bool {
        self.ret.is_some_and(|ret| ret < 0)
    }

    /// Whether an exec failed when the old program was gone already.
    fn is_fatal(&self) -> bool {
        match &self.event.data {
            EventData::Exec(exec) => exec.fatal,
            _ => self.exit.is_some_and(|exit| exit.by_exec),
        }
    }

    /// Whether it is a process that has not ended.
    pub fn is_alive(&self) -> bool {
        self.record == RecordType::Process && self.exit.is_none()
    }

    /// How long the process has lived, in ns; `None` before its end.
    pub fn lifetime_ns(&self) -> Option<u64> {
        matches!(self.event.data, EventData::Exit(_) | EventData::Summary(_)).then(|| {
            let start_ns = self.process.start_ns;
            self.event.boot_ns.saturating_sub(start_ns)
        })
    }

    /// The owner of its cgroup.
    pub fn owner(&self) -> Option<&'a CgroupOwner> {
        self.notes.identity
    }

    /// Whether its cgroup has a number, and the name is not known.
    pub fn has_unnamed_cgroup(&self) -> bool {
        let place = match &self.event.data {
            EventData::Exec(exec) => exec.place,
            EventData::Exit(exit) => exit.place,
            EventData::Summary(process) => process.place,
            _ => None,
        };
        place.is_some() && self.owner().is_none()
    }

    /// The container's id.
    pub fn container(&self) -> Option<&'a [u8]> {
        Some(self.owner()?.container()?.id())
    }

    /// What runs the container.
    pub fn runtime(&self) -> Option<&'static str> {
        Some(self.owner()?.container()?.runtime()?.name())
    }

    /// The controlling terminal, in two parts.
    pub fn tty(&self) -> Option<[&'a [u8]; 2]> {
        let (directory, name) = self.session.terminal()?;
        Some([directory.as_bytes(), name])
    }

    /// What deserves attention, in one word each.
    pub fn flags(&self) -> impl Iterator<Item = &'static str> + use<'a> {
        let image = self.image.unwrap_or(Image::UNKNOWN);
        let memfd = image.memfd() == Some(true);
        [
            (self.is_failed(), "failed"),
            (self.is_fatal(), "fatal"),
            (image.secure, "secure"),
            (memfd, "memfd"),
            (image.deleted() == Some(true) && !memfd, "deleted"),
            (image.script, "script"),
            (
                self.notes.redacted || image.redacted.is_anything(),
                "redacted",
            ),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
    }
}

/// A process's name; one that is empty is not known.
fn known(name: &[u8]) -> Option<&[u8]> {
    Some(name).filter(|name| !name.is_empty())
}
