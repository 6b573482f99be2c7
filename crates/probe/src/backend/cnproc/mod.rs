//! The lowest backend: the process connector says that something happened, and /proc, as long as
//! the process is there, what it was.
//!
//! A process is known by its pid and the time of its fork as the connector gives it; one that was
//! there before, by the start that /proc shows (in ticks of 10 ms); one of which neither was seen,
//! by the time of its first message.

mod connector;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use execsnoop_events::Argv;
use execsnoop_events::Clock;
use execsnoop_events::CountedKind;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exec;
use execsnoop_events::Existing;
use execsnoop_events::Exit;
use execsnoop_events::ExitStatus;
use execsnoop_events::Fork;
use execsnoop_events::Image;
use execsnoop_events::Poll;
use execsnoop_events::ProcessId;
use execsnoop_events::Sink;
use execsnoop_events::Source;
use execsnoop_events::SourceError;
use execsnoop_events::Tally;
use execsnoop_events::WallClock;

use crate::backend::cnproc::connector::Connector;
use crate::backend::cnproc::connector::Message;
use crate::backend::cnproc::connector::ProcEvent;
use crate::backend::cnproc::connector::Received;
use crate::backend::cnproc::connector::SequenceGaps;
use crate::backend::cnproc::connector::TaskIds;
use crate::backend::obstacle::obstacle;
use crate::clock;
use crate::clock::Suspended;
use crate::command_line::CommandLine;
use crate::options::Options;
use crate::proc_table;
use crate::start_error::StartError;
use crate::stats::Statistics;
use execsnoop_events::Backend;
use execsnoop_host::Obstacle;
use execsnoop_host::features::HostFeatures;

/// Messages taken before they are looked at.
const BATCH: usize = 4096;

/// /proc's start times are cut to ticks, and the connector's are taken somewhat later.
const SAME_START_NS: u64 = 2 * proc_table::TICK_NS;

/// Live events from the process connector.
pub(crate) struct Cnproc {
    connector: Connector,
    options: Options,
    clock: WallClock,
    start_ns: u64,
    begun: bool,
    /// How far the boot clock is ahead of the connector's.
    suspended: Suspended,
    table: Table,
    gaps: SequenceGaps,
    tally: Tally,
    /// With what /proc showed the moment that an exec's message was taken.
    batch: VecDeque<(Message, Option<ProcSnapshot>)>,
}

impl fmt::Debug for Cnproc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cnproc").finish_non_exhaustive()
    }
}

impl Cnproc {
    /// Asks the kernel for its messages. Events count from here on.
    pub(crate) fn start(options: &Options) -> Result<Self, StartError> {
        if let Some(obstacle) = obstacle(Backend::Cnproc, &HostFeatures::detect()) {
            return Err(obstacle.into());
        }
        refuse_filters(options)?;
        tracing::debug!("backend: cnproc");
        let connector = Connector::open(options.ring_bytes).map_err(|cause| {
            tracing::debug!("the process connector: {cause}");
            Obstacle::Connector
        })?;
        let start = clock::read();
        Ok(Self {
            connector,
            options: options.clone(),
            clock: clock::wall_clock(&start),
            start_ns: start.boot_ns,
            begun: false,
            suspended: Suspended::read(),
            table: Table::of_running(),
            gaps: SequenceGaps::default(),
            tally: Tally::default(),
            batch: VecDeque::new(),
        })
    }

    /// There are no programs that could be measured.
    pub(crate) fn statistics(&self) -> Statistics {
        Statistics {
            programs: Vec::new(),
            measured: false,
            ring_high_bytes: 0,
            ring_bytes: u64::from(self.options.ring_bytes),
        }
    }

    fn begin(&mut self, sink: &mut Sink<'_>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        self.report(self.start_ns, EventData::Clock(Clock { first: true }), sink);
        if self.options.existing {
            for (&pid, known) in &self.table.processes {
                let line = CommandLine::of_running(pid);
                let args = line.as_ref().map_or(Argv::UNKNOWN, CommandLine::args);
                let running = known.running(pid, &self.table, args);
                self.report(self.start_ns, EventData::Existing(running), sink);
            }
        }
    }

    fn report(&self, boot_ns: u64, data: EventData<'_>, sink: &mut Sink<'_>) {
        sink(&Event {
            time: self.clock.at(boot_ns),
            boot_ns,
            data,
        });
    }

    fn observe_clock(&mut self, sink: &mut Sink<'_>) {
        self.suspended.observe();
        let reading = clock::read();
        if self.clock.observe(reading.boot_ns, reading.wall_ns) {
            self.report(
                reading.boot_ns,
                EventData::Clock(Clock { first: false }),
                sink,
            );
        }
    }

    /// Takes what has arrived, a batch at most; returns whether more may be there.
    fn receive(&mut self) -> Result<bool, SourceError> {
        while self.batch.len() < BATCH {
            match self.connector.receive().map_err(SourceError::new)? {
                Received::Nothing => return Ok(false),
                Received::Message(message) => {
                    self.tally.messages_lost += self.gaps.before(&message);
                    let seen = match message.what {
                        ProcEvent::Exec(of) => Some(ProcSnapshot::look(of.pid)),
                        _ => None,
                    };
                    self.batch.push_back((message, seen));
                }
                Received::Overrun => {
                    tracing::warn!(
                        "the process connector's messages come faster than they are read, and \
                         some are lost; a larger buffer may help"
                    );
                    // Forks and ends were missed: look again at who is there.
                    self.table.refresh();
                }
            }
        }
        Ok(true)
    }

    fn deliver(&mut self, sink: &mut Sink<'_>) {
        while let Some((message, seen)) = self.batch.pop_front() {
            let boot_ns = self.suspended.boot_ns(message.time_ns);
            match message.what {
                ProcEvent::Fork { parent, child } => self.fork(boot_ns, parent, child, sink),
                ProcEvent::Exec(of) => {
                    self.exec(boot_ns, message.cpu, of, seen.unwrap_or_default(), sink)
                }
                ProcEvent::Exit { of, code, parent } => self.exit(boot_ns, of, code, parent, sink),
                ProcEvent::Uid { of, uid } => self.table.of(of.pid, boot_ns).uid = Some(uid),
                ProcEvent::Gid { of, gid } => self.table.of(of.pid, boot_ns).gid = Some(gid),
                ProcEvent::Comm { of, comm } if of.pid == of.tid => {
                    self.table.of(of.pid, boot_ns).comm = until_nul(&comm).to_vec();
                }
                ProcEvent::Comm { .. } | ProcEvent::Answer(_) | ProcEvent::Other => {}
            }
        }
    }

    fn fork(&mut self, boot_ns: u64, parent: TaskIds, child: TaskIds, sink: &mut Sink<'_>) {
        if child.pid != child.tid {
            self.table.of(child.pid, boot_ns).threads += 1;
            return;
        }
        let creator = ProcessId {
            pid: parent.pid,
            start_ns: self.table.of(parent.pid, boot_ns).start_ns,
        };
        self.table.fork(parent.pid, child.pid, boot_ns);
        if !self.options.forks {
            return;
        }
        self.tally.of_mut(CountedKind::Fork).seen += 1;
        let fork = Fork {
            process: self.table.id(child.pid),
            creator,
            creator_tid: parent.tid,
            exec_number: None,
            vfork: None,
            by_tracer: parent.pid == std::process::id(),
            ns_pid: None,
        };
        self.report(boot_ns, EventData::Fork(fork), sink);
    }

    fn exec(
        &mut self,
        boot_ns: u64,
        cpu: u32,
        of: TaskIds,
        seen: ProcSnapshot,
        sink: &mut Sink<'_>,
    ) {
        self.tally.of_mut(CountedKind::Exec).seen += 1;
        self.table.of(of.pid, boot_ns);
        // Of two execs in a row /proc shows the second.
        let is_next =
            |event: &ProcEvent| matches!(event, ProcEvent::Exec(next) if next.pid == of.pid);
        let overtaken = self.batch.iter().any(|(later, _)| is_next(&later.what));
        let image = match overtaken {
            true => ProcSnapshot::default(),
            false => self.table.merge(of.pid, seen),
        };
        let known = self.table.of(of.pid, boot_ns);
        known.threads = 1;
        known.comm.clone_from(&image.comm);
        let (uid, gid, ppid) = (known.uid, known.gid, known.ppid);
        if !self.passes_filters(of.pid, uid, ppid) {
            self.tally.of_mut(CountedKind::Exec).filtered += 1;
            return;
        }
        let args = image.args.as_ref();
        let args = args.map_or(Argv::UNKNOWN, CommandLine::args);
        let args_only = Image {
            args,
            ..Image::UNKNOWN
        };
        let exec = Exec {
            tid: of.tid,
            parent: ppid.map_or(ProcessId::UNKNOWN, |ppid| self.table.id(ppid)),
            comm: &image.comm,
            parent_comm: ppid.map_or(b"", |ppid| self.table.comm(ppid)),
            uid,
            euid: image.owners.map(|owners| owners.euid),
            gid,
            egid: image.owners.map(|owners| owners.egid),
            cpu: Some(cpu),
            ..Exec::of_image(self.table.id(of.pid), &args_only)
        };
        self.report(boot_ns, EventData::Exec(exec), sink);
    }

    /// A process ends with the last of its threads.
    fn exit(
        &mut self,
        boot_ns: u64,
        of: TaskIds,
        code: u32,
        parent: Option<TaskIds>,
        sink: &mut Sink<'_>,
    ) {
        let known = self.table.of(of.pid, boot_ns);
        known.threads = known.threads.saturating_sub(1);
        if let Some(parent) = parent.filter(|parent| parent.pid != 0) {
            known.ppid = Some(parent.pid); // 0: the parent was quicker, and has reaped it
        }
        if known.threads > 0 {
            return;
        }
        let (uid, gid, ppid) = (known.uid, known.gid, known.ppid);
        if self.options.exits {
            self.tally.of_mut(CountedKind::Exit).seen += 1;
            if self.passes_filters(of.pid, uid, ppid) {
                let exit = Exit {
                    process: self.table.id(of.pid),
                    parent: ppid.map_or(ProcessId::UNKNOWN, |ppid| self.table.id(ppid)),
                    comm: self.table.comm(of.pid),
                    uid,
                    gid,
                    place: None,
                    ns_pid: None,
                    status: Some(ExitStatus::from_wait(code)),
                    oom_killed: None,
                    by_exec: false,
                    exec_ns: None,
                    exec_number: None,
                    cost: None,
                };
                self.report(boot_ns, EventData::Exit(exit), sink);
            } else {
                self.tally.of_mut(CountedKind::Exit).filtered += 1;
            }
        }
        self.table.processes.remove(&of.pid);
    }

    /// What the kernel side does on the other backends.
    fn passes_filters(&self, pid: u32, uid: Option<u32>, ppid: Option<u32>) -> bool {
        let filters = &self.options.filters;
        pid != std::process::id()
            && filters.uid.is_none_or(|wanted| uid == Some(wanted))
            && filters.ppid.is_none_or(|wanted| ppid == Some(wanted))
    }
}

/// Filters by what is not known here.
fn refuse_filters(options: &Options) -> Result<(), StartError> {
    let filters = &options.filters;
    filters.refuse_names(Backend::Cnproc)?;
    let named = [
        ("a filter by cgroup directory", &filters.cgroup),
        ("a filter by cgroup ids", &filters.cgroup_map),
        ("a filter by mount namespaces", &filters.mount_ns_map),
    ];
    for (filter, path) in named {
        if let Some(path) = path {
            return Err(StartError::Unsupported {
                what: format!("{filter} ({})", path.display()),
                backend: Backend::Cnproc,
            });
        }
    }
    Ok(())
}

impl Source for Cnproc {
    fn poll(&mut self, timeout: Duration, sink: &mut Sink<'_>) -> Result<Poll, SourceError> {
        self.begin(sink);
        self.connector.wait(timeout).map_err(SourceError::new)?;
        self.receive()?;
        self.observe_clock(sink);
        self.deliver(sink);
        Ok(Poll::Ready)
    }

    fn now_ns(&self) -> u64 {
        clock::boot_time_ns()
    }

    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<Tally, SourceError> {
        self.begin(sink);
        self.observe_clock(sink);
        let end_ns = clock::boot_time_ns();
        let mut more = true;
        while more {
            more = self.receive()?;
            let last = self.batch.back();
            more &= last.is_none_or(|(last, _)| self.suspended.boot_ns(last.time_ns) < end_ns);
            self.deliver(sink);
        }
        Ok(self.tally)
    }
}

/// What is known of a process.
#[derive(Debug, Clone, Default)]
struct ProcEntry {
    start_ns: u64,
    ppid: Option<u32>,
    threads: u32,
    comm: Vec<u8>,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl ProcEntry {
    fn running<'a>(&'a self, pid: u32, table: &Table, args: Argv<'a>) -> Existing<'a> {
        let parent = self.ppid.map_or(ProcessId::UNKNOWN, |ppid| table.id(ppid));
        let image = Image {
            args,
            ..Image::UNKNOWN
        };
        Existing {
            comm: &self.comm,
            uid: self.uid,
            gid: self.gid,
            seen_pid: pid,
            image,
            ..Existing::alive(table.id(pid), parent)
        }
    }
}

/// What /proc showed right after an exec.
#[derive(Debug, Default)]
struct ProcSnapshot {
    start_ns: u64,
    ppid: Option<u32>,
    comm: Vec<u8>,
    owners: Option<proc_table::Owners>,
    args: Option<CommandLine>,
}

impl ProcSnapshot {
    /// Arguments are gone once the process has ended, even before it is reaped.
    fn look(pid: u32) -> Self {
        let args = CommandLine::of_new_image(pid); // first: it is what is lost most easily
        let Some(found) = proc_table::find(pid) else {
            return Self::default();
        };
        Self {
            start_ns: found.start_ticks * proc_table::TICK_NS,
            // 0 for one that is being reaped, too.
            ppid: Some(found.ppid).filter(|&ppid| ppid != 0),
            comm: found.comm,
            owners: proc_table::owners(pid),
            args,
        }
    }
}

/// The processes that are there.
#[derive(Debug, Default)]
struct Table {
    processes: HashMap<u32, ProcEntry>,
}

impl Table {
    fn of_running() -> Self {
        let mut table = Self::default();
        table.refresh();
        table
    }

    /// Adds who is there and not known yet, and forgets who is not there any more.
    fn refresh(&mut self) {
        let mut found: HashMap<u32, ProcEntry> = proc_table::all()
            .into_iter()
            .map(|one| (one.pid, Self::found(one)))
            .collect();
        for (pid, now) in &mut found {
            if let Some(before) = self.processes.get(pid)
                && before.start_ns.abs_diff(now.start_ns) < SAME_START_NS
            {
                now.start_ns = before.start_ns;
            }
        }
        self.processes = found;
    }

    fn found(one: proc_table::Found) -> ProcEntry {
        let owners = proc_table::owners(one.pid);
        ProcEntry {
            start_ns: one.start_ticks * proc_table::TICK_NS,
            ppid: Some(one.ppid),
            threads: one.threads,
            comm: one.comm,
            uid: owners.map(|owners| owners.uid),
            gid: owners.map(|owners| owners.gid),
        }
    }

    /// What is known of a process; of one that was not seen before, what /proc still shows.
    fn of(&mut self, pid: u32, boot_ns: u64) -> &mut ProcEntry {
        self.processes.entry(pid).or_insert_with(|| {
            let found = proc_table::find(pid).map(Self::found);
            found.unwrap_or_else(|| ProcEntry {
                start_ns: boot_ns,
                threads: 1,
                ..ProcEntry::default()
            })
        })
    }

    /// A new process is a copy of its parent.
    fn fork(&mut self, parent: u32, child: u32, boot_ns: u64) {
        let copy = self.processes.get(&parent).cloned().unwrap_or_default();
        let known = ProcEntry {
            start_ns: boot_ns,
            ppid: Some(parent),
            threads: 1,
            ..copy
        };
        self.processes.insert(child, known);
    }

    fn id(&self, pid: u32) -> ProcessId {
        match self.processes.get(&pid) {
            Some(known) => ProcessId {
                pid,
                start_ns: known.start_ns,
            },
            // The idle task has no entry in /proc, and is as old as the machine.
            None => ProcessId { pid, start_ns: 0 },
        }
    }

    fn comm(&self, pid: u32) -> &[u8] {
        self.processes.get(&pid).map_or(b"", |known| &known.comm)
    }

    /// Takes over what /proc showed of a process that has called exec, if it was still the same
    /// process.
    fn merge(&mut self, pid: u32, seen: ProcSnapshot) -> ProcSnapshot {
        match self.processes.get_mut(&pid) {
            Some(known) if known.start_ns.abs_diff(seen.start_ns) < SAME_START_NS => {
                known.ppid = seen.ppid.or(known.ppid);
                known.uid = seen.owners.map(|owners| owners.uid).or(known.uid);
                known.gid = seen.owners.map(|owners| owners.gid).or(known.gid);
                seen
            }
            _ => ProcSnapshot::default(), // it is gone, and the pid may be somebody else's by now
        }
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or(bytes)
}
