//! From the bytes of the ring to events.
//!
//! The decoder is total: whatever the bytes are, it gives events or an error, it does not panic, and
//! it allocates no more than has arrived. An exec whose arguments come in several records is kept
//! until it is whole, or until it is clear that it will not be.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;
use std::time::Instant;

use execsnoop_events::Argv;
use execsnoop_events::Cgroup;
use execsnoop_events::CgroupKey;
use execsnoop_events::CgroupRef;
use execsnoop_events::Cost;
use execsnoop_events::CountedKind;
use execsnoop_events::Cpu;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exec;
use execsnoop_events::ExecFile;
use execsnoop_events::Existing;
use execsnoop_events::Exit;
use execsnoop_events::ExitStatus;
use execsnoop_events::FinalUsage;
use execsnoop_events::Fork;
use execsnoop_events::Hierarchy;
use execsnoop_events::Io;
use execsnoop_events::LoginSession;
use execsnoop_events::ProcessId;
use execsnoop_events::Sink;
use execsnoop_events::WallClock;
use nix::unistd::SysconfVar;
use nix::unistd::sysconf;

use crate::proc_table::Found;
use crate::proc_table::TICK_NS;
use crate::skeleton::types::args_flags;
use crate::skeleton::types::cgroup_hierarchy;
use crate::skeleton::types::exec_flags;
use crate::skeleton::types::exit_flags;
use crate::skeleton::types::failed_arg;
use crate::skeleton::types::fork_flags;
use crate::skeleton::types::rec_args;
use crate::skeleton::types::rec_cgroup;
use crate::skeleton::types::rec_cgroup_ref;
use crate::skeleton::types::rec_exec;
use crate::skeleton::types::rec_existing;
use crate::skeleton::types::rec_exit;
use crate::skeleton::types::rec_failed;
use crate::skeleton::types::rec_fork;
use crate::skeleton::types::rec_freed;
use crate::skeleton::types::rec_header;
use crate::skeleton::types::rec_task;
use crate::skeleton::types::record_type;

/// An exec that waits this long for its next piece has lost it: pieces follow each other within
/// microseconds.
const PIECE_TIMEOUT: Duration = Duration::from_millis(200);

/// Execs under assembly hold at most this much; beyond it they are given out as they are.
const PENDING_BYTES: usize = 64 << 20;

/// Stands for the length of a cgroup's path that has too many names (bpf/abi.h).
const NAMES_CUT: u32 = u32::MAX;

/// What the kernel writes for "not set" (include/linux/uidgid.h, `AUDIT_SID_UNSET`).
const UNSET: u32 = u32::MAX;

/// Bytes that are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// The record ends too early.
    #[error("the record is shorter than it says")]
    Short(Option<CountedKind>),
    /// No record has this type.
    #[error("there are no records of type {0}")]
    Type(u32),
}

impl DecodeError {
    /// Which kind of event is lost by it, if that can be told.
    pub(crate) fn kind(self) -> Option<CountedKind> {
        match self {
            Self::Short(kind) => kind,
            Self::Type(_) => None,
        }
    }
}

/// Which exec a piece of arguments belongs to. Several threads of a process may fail at once.
#[derive(Debug, PartialEq, Eq, Hash, Clone, Copy)]
struct Caller {
    pid: u32,
    tid: u32,
    start: u64,
}

/// An exec that is not whole yet.
#[derive(Debug)]
struct Pending {
    kind: CountedKind,
    record: Vec<u8>,
    args: Vec<u8>,
    latest: Instant,
}

/// Turns records into events.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    pending: HashMap<Caller, Pending>,
    pending_bytes: usize,
    buffers: Buffers,
}

/// Memory that is used anew for each event.
#[derive(Debug, Default)]
struct Buffers {
    path: Vec<u8>,
    cwd: Vec<u8>,
    name: Vec<u8>,
    block: Vec<u8>,
    unreadable: Vec<u32>,
}

impl Decoder {
    /// Decodes one record, and hands what is complete by it to `sink`.
    pub(crate) fn decode(
        &mut self,
        record: &[u8],
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) -> Result<(), DecodeError> {
        let (head, _) = take::<rec_header>(record).ok_or(DecodeError::Short(None))?;
        match record_type(head.r#type) {
            record_type::RECORD_EXEC => self.exec(record, clock, sink),
            record_type::RECORD_FAILED => self.failed(record, clock, sink),
            record_type::RECORD_ARGS => self.args(record, clock, sink),
            record_type::RECORD_FORK => fork(record, clock, sink),
            record_type::RECORD_EXIT => exit(record, clock, sink),
            record_type::RECORD_FREED => freed(record, clock, sink),
            record_type::RECORD_CGROUP => cgroup(record, &mut self.buffers.path, clock, sink),
            other => Err(DecodeError::Type(other.0)),
        }
    }

    /// Gives out the execs whose next piece is overdue.
    pub(crate) fn give_up_overdue(&mut self, clock: &WallClock, sink: &mut Sink<'_>) {
        if !self.pending.is_empty() {
            self.give_up(
                |pending| pending.latest.elapsed() > PIECE_TIMEOUT,
                clock,
                sink,
            );
        }
    }

    /// Gives out all execs that are not whole.
    pub(crate) fn give_up_all(&mut self, clock: &WallClock, sink: &mut Sink<'_>) {
        self.give_up(|_| true, clock, sink);
    }

    fn give_up(
        &mut self,
        hopeless: impl Fn(&Pending) -> bool,
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) {
        let callers: Vec<Caller> = self
            .pending
            .iter()
            .filter(|(_, pending)| hopeless(pending))
            .map(|(&caller, _)| caller)
            .collect();
        for caller in callers {
            self.emit_pending(caller, false, clock, sink);
        }
    }

    fn exec(
        &mut self,
        record: &[u8],
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) -> Result<(), DecodeError> {
        let (exec, data) = ExecRecord::parse(record)?;
        let unread = exec.fixed.flags & exec_flags::EXEC_ARGS_UNREAD.0 != 0;
        if data.block.len() < exec.block_len() && !unread {
            let caller = caller(&exec.fixed.head, exec.fixed.task_info.tid);
            self.keep(caller, CountedKind::Exec, record, data.block, clock, sink);
            return Ok(());
        }
        sink(&exec.event(&data, data.block, &mut self.buffers, clock));
        Ok(())
    }

    fn failed(
        &mut self,
        record: &[u8],
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) -> Result<(), DecodeError> {
        let (failed, data) = FailedRecord::parse(record)?;
        if failed.fixed.flags & args_flags::ARGS_END.0 == 0 {
            let caller = caller(&failed.fixed.head, failed.fixed.task_info.tid);
            self.keep(
                caller,
                CountedKind::Failed,
                record,
                data.entries,
                clock,
                sink,
            );
            return Ok(());
        }
        let to_the_end = failed.fixed.flags & args_flags::ARGS_COMPLETE.0 != 0;
        failed.emit(
            &data,
            data.entries,
            to_the_end,
            &mut self.buffers,
            clock,
            sink,
        );
        Ok(())
    }

    /// The next piece of an exec's arguments. One that does not fit what came before (the piece
    /// between them was lost) is left out; so is one whose exec was lost.
    fn args(
        &mut self,
        record: &[u8],
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) -> Result<(), DecodeError> {
        let (fixed, rest) = take::<rec_args>(record).ok_or(DecodeError::Short(None))?;
        let data = rest
            .get(..to_usize(fixed.data_len))
            .ok_or(DecodeError::Short(None))?;
        let caller = caller(&fixed.head, fixed.tid);
        let Some(pending) = self.pending.get_mut(&caller) else {
            return Ok(());
        };
        let ends = fixed.flags & args_flags::ARGS_END.0 != 0;
        let complete = fixed.flags & args_flags::ARGS_COMPLETE.0 != 0;
        let follows = pending.args.len() == to_usize(fixed.offset);
        pending.latest = Instant::now();
        if follows {
            pending.args.extend_from_slice(data);
            self.pending_bytes += data.len();
        }
        if ends || pending.is_whole() {
            self.emit_pending(caller, complete && follows, clock, sink);
        } else if self.pending_bytes > PENDING_BYTES {
            self.give_up_all(clock, sink);
        }
        Ok(())
    }

    fn keep(
        &mut self,
        caller: Caller,
        kind: CountedKind,
        record: &[u8],
        args: &[u8],
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) {
        self.emit_pending(caller, false, clock, sink);
        self.pending_bytes += args.len();
        let pending = Pending {
            kind,
            record: record.to_vec(),
            args: args.to_vec(),
            latest: Instant::now(),
        };
        self.pending.insert(caller, pending);
    }

    fn emit_pending(
        &mut self,
        caller: Caller,
        to_the_end: bool,
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) {
        let Some(pending) = self.pending.remove(&caller) else {
            return;
        };
        self.pending_bytes -= pending.args.len();
        let buffers = &mut self.buffers;
        match pending.kind {
            CountedKind::Failed => {
                if let Ok((failed, data)) = FailedRecord::parse(&pending.record) {
                    failed.emit(&data, &pending.args, to_the_end, buffers, clock, sink);
                }
            }
            _ => {
                if let Ok((exec, data)) = ExecRecord::parse(&pending.record) {
                    sink(&exec.event(&data, &pending.args, buffers, clock));
                }
            }
        }
    }
}

impl Pending {
    /// Whether all bytes that the exec record announced are there. (A failed exec announces none.)
    fn is_whole(&self) -> bool {
        self.kind == CountedKind::Exec
            && take::<rec_exec>(&self.record)
                .is_some_and(|(fixed, _)| self.args.len() >= ExecRecord { fixed }.block_len())
    }
}

/// A successful exec as it was sent.
struct ExecRecord {
    fixed: rec_exec,
}

struct ExecData<'a> {
    /// Arguments, and the environment behind them, as far as they are in this record.
    block: &'a [u8],
    name: &'a [u8],
    path: &'a [u8],
    cwd: &'a [u8],
}

impl ExecRecord {
    fn parse(record: &[u8]) -> Result<(Self, ExecData<'_>), DecodeError> {
        Self::split(record).ok_or(DecodeError::Short(Some(CountedKind::Exec)))
    }

    fn split(record: &[u8]) -> Option<(Self, ExecData<'_>)> {
        let (fixed, rest) = take::<rec_exec>(record)?;
        let (block, rest) = rest.split_at_checked(to_usize(fixed.args_len))?;
        let (name, rest) = rest.split_at_checked(to_usize(fixed.name_len))?;
        let (path, rest) = rest.split_at_checked(to_usize(fixed.path_len))?;
        let cwd = rest.get(..to_usize(fixed.cwd_len))?;
        let data = ExecData {
            block,
            name,
            path,
            cwd,
        };
        Some((Self { fixed }, data))
    }

    fn has(&self, flag: exec_flags) -> bool {
        self.fixed.flags & flag.0 != 0
    }

    /// How long arguments and environment are together.
    fn block_len(&self) -> usize {
        to_usize(self.fixed.args_total).saturating_add(to_usize(self.fixed.env_total))
    }

    /// The arguments, and the environment if it is asked for and there to its end.
    fn parts<'a>(&self, block: &'a [u8]) -> (Argv<'a>, Option<Argv<'a>>) {
        let asked = self.has(exec_flags::EXEC_ENV);
        match block.split_at_checked(to_usize(self.fixed.args_total)) {
            Some((args, env)) => {
                let whole = asked && block.len() == self.block_len();
                (Argv::whole(args), whole.then_some(Argv::whole(env)))
            }
            None => (Argv::cut(block, u64::from(self.fixed.args_total)), None),
        }
    }

    fn event<'a>(
        &'a self,
        data: &ExecData<'a>,
        block: &'a [u8],
        buffers: &'a mut Buffers,
        clock: &WallClock,
    ) -> Event<'a> {
        let fixed = &self.fixed;
        let on_file = !self.has(exec_flags::EXEC_NO_FILE);
        let (args, env) = self.parts(block);
        let exec = Exec {
            ret: 0,
            filename: Some(until_nul(data.name)),
            exe: turn_round_if(
                !self.has(exec_flags::EXEC_PATH_CUT),
                data.path,
                &mut buffers.path,
            ),
            cwd: match self.has(exec_flags::EXEC_CWD_ROOT) {
                true => Some(b"/"),
                false => turn_round_if(
                    !self.has(exec_flags::EXEC_CWD_CUT),
                    data.cwd,
                    &mut buffers.cwd,
                ),
            },
            env,
            script: self.has(exec_flags::EXEC_SCRIPT),
            secure: self.has(exec_flags::EXEC_SECURE),
            file: on_file.then_some(ExecFile {
                device: fixed.device,
                inode: fixed.inode,
                links: fixed.links,
            }),
            peak_before: on_file.then(|| bytes(fixed.maxrss_before)),
            ..acted(&fixed.head, &fixed.task_info, args)
        };
        event(&fixed.head, clock, EventData::Exec(exec))
    }
}

/// A failed exec as it was sent.
struct FailedRecord {
    fixed: rec_failed,
}

struct FailedData<'a> {
    name: &'a [u8],
    entries: &'a [u8],
}

impl FailedRecord {
    fn parse(record: &[u8]) -> Result<(Self, FailedData<'_>), DecodeError> {
        Self::split(record).ok_or(DecodeError::Short(Some(CountedKind::Failed)))
    }

    fn split(record: &[u8]) -> Option<(Self, FailedData<'_>)> {
        let (fixed, rest) = take::<rec_failed>(record)?;
        let (name, rest) = rest.split_at_checked(to_usize(fixed.name_len))?;
        let entries = rest.get(..to_usize(fixed.args_len))?;
        Some((Self { fixed }, FailedData { name, entries }))
    }

    fn emit(
        &self,
        data: &FailedData<'_>,
        entries: &[u8],
        to_the_end: bool,
        buffers: &mut Buffers,
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) {
        let all_read = buffers.read_entries(entries);
        let named = self.file_name(data.name, &mut buffers.name);
        let args = Argv::one_by_one(&buffers.block, &buffers.unreadable, to_the_end && all_read);
        let exec = Exec {
            ret: self.fixed.ret,
            filename: named.then_some(&buffers.name),
            ..acted(&self.fixed.head, &self.fixed.task_info, args)
        };
        sink(&event(&self.fixed.head, clock, EventData::Exec(exec)));
    }

    /// Puts the file's name into `out` as the kernel names it: relative to a descriptor it is
    /// `/dev/fd/N/name`, of a descriptor alone `/dev/fd/N`. False when the name could not be read.
    fn file_name(&self, name: &[u8], out: &mut Vec<u8>) -> bool {
        out.clear();
        if name.is_empty() {
            return false;
        }
        let name = until_nul(name);
        if self.fixed.dirfd != nix::libc::AT_FDCWD && !name.starts_with(b"/") {
            out.extend_from_slice(format!("/dev/fd/{}", self.fixed.dirfd).as_bytes());
            if !name.is_empty() {
                out.push(b'/');
            }
        }
        out.extend_from_slice(name);
        true
    }
}

impl Buffers {
    /// Turns entries (`enum failed_arg`, then a string) into a block of arguments and the list of
    /// those that could not be read. False when the entries end in the midst of one.
    fn read_entries(&mut self, mut entries: &[u8]) -> bool {
        self.block.clear();
        self.unreadable.clear();
        let mut begun = 0; // where the argument that is being read begins in the block
        let mut index = 0;
        while let Some((&kind, rest)) = entries.split_first() {
            entries = rest;
            if failed_arg(u32::from(kind)) == failed_arg::ARG_UNREAD {
                self.block.truncate(begun);
                self.unreadable.push(index);
            } else {
                let Some(end) = rest.iter().position(|&byte| byte == 0) else {
                    return false;
                };
                self.block.extend_from_slice(&rest[..end]);
                entries = &rest[end + 1..];
                if failed_arg(u32::from(kind)) == failed_arg::ARG_PIECE {
                    continue;
                }
            }
            self.block.push(0);
            begun = self.block.len();
            index += 1;
        }
        begun == self.block.len()
    }
}

fn fork(record: &[u8], clock: &WallClock, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let (fixed, _) = take::<rec_fork>(record).ok_or(DecodeError::Short(Some(CountedKind::Fork)))?;
    let fork = Fork {
        process: process(&fixed.head),
        creator: ProcessId {
            pid: fixed.creator_pid,
            start_ns: fixed.creator_start,
        },
        creator_tid: fixed.creator_tid,
        vfork: Some(fixed.flags & fork_flags::FORK_VFORK.0 != 0),
        by_tracer: fixed.flags & fork_flags::FORK_BY_TRACER.0 != 0,
        ns_pid: set_number(fixed.ns_pid),
    };
    sink(&event(&fixed.head, clock, EventData::Fork(fork)));
    Ok(())
}

fn exit(record: &[u8], clock: &WallClock, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let (fixed, _) = take::<rec_exit>(record).ok_or(DecodeError::Short(Some(CountedKind::Exit)))?;
    let lacks = |flag: exit_flags| fixed.flags & flag.0 != 0;
    let exit = Exit {
        process: process(&fixed.head),
        parent: ProcessId {
            pid: fixed.ppid,
            start_ns: fixed.parent_start,
        },
        comm: until_nul(&fixed.comm),
        uid: set(fixed.uid),
        gid: set(fixed.gid),
        place: place(&fixed.place),
        ns_pid: set_number(fixed.ns_pid),
        status: (!lacks(exit_flags::EXIT_NO_CODE)).then(|| ExitStatus::from_wait(fixed.code)),
        exec_ns: None,
        cost: (!lacks(exit_flags::EXIT_NO_COSTS)).then(|| cost(&fixed)),
    };
    sink(&event(&fixed.head, clock, EventData::Exit(exit)));
    Ok(())
}

fn cost(fixed: &rec_exit) -> Cost {
    let has = |flag: exit_flags| fixed.flags & flag.0 != 0;
    Cost {
        cpu: Cpu::divided(fixed.runtime, false, fixed.utime, fixed.stime),
        max_rss_bytes: has(exit_flags::EXIT_MM).then(|| bytes(fixed.image_rss)),
        peak_rss_bytes: bytes(fixed.max_rss),
        minor_faults: fixed.minor_faults,
        major_faults: fixed.major_faults,
        voluntary_switches: fixed.voluntary,
        involuntary_switches: fixed.involuntary,
        io: has(exit_flags::EXIT_IO).then_some(Io {
            read_bytes: fixed.read_bytes,
            write_bytes: fixed.write_bytes,
            read_chars: fixed.read_chars,
            write_chars: fixed.write_chars,
        }),
    }
}

fn freed(record: &[u8], clock: &WallClock, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let (fixed, _) =
        take::<rec_freed>(record).ok_or(DecodeError::Short(Some(CountedKind::FinalUsage)))?;
    let freed = FinalUsage {
        process: process(&fixed.head),
        cpu: Cpu::divided(fixed.runtime, true, fixed.utime, fixed.stime),
    };
    sink(&event(&fixed.head, clock, EventData::FinalUsage(freed)));
    Ok(())
}

fn cgroup(
    record: &[u8],
    path: &mut Vec<u8>,
    clock: &WallClock,
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    let (fixed, rest) = take::<rec_cgroup>(record).ok_or(DecodeError::Short(None))?;
    if fixed.names_len == NAMES_CUT {
        return Ok(()); // it stays without a name
    }
    let names = rest
        .get(..to_usize(fixed.names_len))
        .ok_or(DecodeError::Short(None))?;
    let key = CgroupKey {
        hierarchy: hierarchy(fixed.hierarchy),
        id: fixed.id,
    };
    let path = turn_round(names, path);
    sink(&event(
        &fixed.head,
        clock,
        EventData::Cgroup(Cgroup { key, path }),
    ));
    Ok(())
}

fn hierarchy(number: u32) -> Hierarchy {
    match cgroup_hierarchy(number) {
        cgroup_hierarchy::CGROUP_MEMORY => Hierarchy::Memory,
        cgroup_hierarchy::CGROUP_PIDS => Hierarchy::Pids,
        _ => Hierarchy::Unified,
    }
}

/// A cgroup as the kernel side's maps have it (`struct cgroup_key`).
pub(crate) fn cgroup_key(cgroup: CgroupKey) -> [u8; 16] {
    let hierarchy = match cgroup.hierarchy {
        Hierarchy::Unified => cgroup_hierarchy::CGROUP_UNIFIED,
        Hierarchy::Memory => cgroup_hierarchy::CGROUP_MEMORY,
        Hierarchy::Pids => cgroup_hierarchy::CGROUP_PIDS,
    };
    let mut key = [0; 16];
    key[..8].copy_from_slice(&cgroup.id.to_ne_bytes());
    key[8..].copy_from_slice(&u64::from(hierarchy.0).to_ne_bytes());
    key
}

/// The place of somebody of whom it is not known.
const NOWHERE: rec_cgroup_ref = rec_cgroup_ref {
    unified: 0,
    id: 0,
    hierarchy: 0,
    pad: 0,
};

/// kernfs ids begin with 1: 0 is for who does not know.
fn place(fixed: &rec_cgroup_ref) -> Option<CgroupRef> {
    (fixed.unified != 0).then(|| CgroupRef {
        unified_id: fixed.unified,
        cgroup: CgroupKey {
            hierarchy: hierarchy(fixed.hierarchy),
            id: fixed.id,
        },
    })
}

/// A process that the iterator over running processes has listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed(rec_existing);

impl Listed {
    /// Takes the first of the iterator's records off.
    pub(crate) fn take(records: &[u8]) -> Option<(Self, &[u8])> {
        take::<rec_existing>(records).map(|(fixed, rest)| (Self(fixed), rest))
    }

    /// One that /proc has shown, in the initial pid namespace.
    pub(crate) fn found(
        one: &Found,
        parent_start: u64,
        owner: Option<(u32, u32)>,
        now_ns: u64,
    ) -> Self {
        let (uid, gid) = owner.unwrap_or((UNSET, UNSET));
        let mut comm = [0; 16];
        let length = one.comm.len().min(comm.len() - 1);
        comm[..length].copy_from_slice(&one.comm[..length]);
        Self(rec_existing {
            head: rec_header {
                time: now_ns,
                start: one.start_ticks * TICK_NS,
                r#type: 0,
                pid: one.pid,
            },
            parent_start,
            place: NOWHERE,
            ppid: one.ppid,
            uid,
            gid,
            ns_pid: 0,
            seen_pid: one.pid,
            pad: 0,
            comm,
        })
    }

    /// The number by which the tracer knows it, 0 when it does not see it.
    pub(crate) fn seen_pid(&self) -> u32 {
        self.0.seen_pid
    }

    /// Hands it out with its arguments, which come from elsewhere.
    pub(crate) fn hand_out(&self, args: Option<&[u8]>, clock: &WallClock, sink: &mut Sink<'_>) {
        let fixed = &self.0;
        let running = Existing {
            process: process(&fixed.head),
            parent: ProcessId {
                pid: fixed.ppid,
                start_ns: fixed.parent_start,
            },
            comm: until_nul(&fixed.comm),
            uid: set(fixed.uid),
            gid: set(fixed.gid),
            place: place(&fixed.place),
            ns_pid: set_number(fixed.ns_pid),
            seen_pid: fixed.seen_pid,
            args: args.map_or(Argv::UNKNOWN, Argv::whole),
        };
        sink(&event(&fixed.head, clock, EventData::Existing(running)));
    }
}

/// The kernel counts memory in pages.
fn bytes(pages: u64) -> u64 {
    static PAGE_SIZE: OnceLock<u64> = OnceLock::new();
    let page_size = PAGE_SIZE.get_or_init(|| {
        let size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
        size.and_then(|size| u64::try_from(size).ok())
            .unwrap_or(4096)
    });
    pages.saturating_mul(*page_size)
}

fn event<'a>(head: &rec_header, clock: &WallClock, data: EventData<'a>) -> Event<'a> {
    Event {
        time: clock.at(head.time),
        boot_ns: head.time,
        data,
    }
}

/// An exec with what is common to those that succeeded and those that failed.
fn acted<'a>(head: &rec_header, task_info: &'a rec_task, args: Argv<'a>) -> Exec<'a> {
    Exec {
        process: process(head),
        tid: task_info.tid,
        parent: ProcessId {
            pid: task_info.ppid,
            start_ns: task_info.parent_start,
        },
        comm: until_nul(&task_info.comm),
        parent_comm: until_nul(&task_info.parent_comm),
        uid: set(task_info.uid),
        euid: set(task_info.euid),
        gid: set(task_info.gid),
        egid: set(task_info.egid),
        session: LoginSession {
            login_uid: set(task_info.loginuid),
            audit_id: set(task_info.session),
            leader: (task_info.sid != 0).then_some(task_info.sid),
            tty: Some(until_nul(&task_info.tty)).filter(|tty| !tty.is_empty()),
        },
        cpu: Some(task_info.cpu),
        ret: 0,
        filename: None,
        exe: None,
        script: false,
        secure: false,
        args,
        cwd: None,
        env: None,
        place: place(&task_info.place),
        ns_pid: set_number(task_info.ns_pid),
        pid_ns: set_number(task_info.pid_ns),
        mnt_ns: set_number(task_info.mnt_ns),
        file: None,
        peak_before: None,
    }
}

fn process(head: &rec_header) -> ProcessId {
    ProcessId {
        pid: head.pid,
        start_ns: head.start,
    }
}

fn caller(head: &rec_header, tid: u32) -> Caller {
    Caller {
        pid: head.pid,
        tid,
        start: head.start,
    }
}

fn set(id: u32) -> Option<u32> {
    (id != UNSET).then_some(id)
}

/// What cannot be 0: pids, inodes.
fn set_number(number: u32) -> Option<u32> {
    (number != 0).then_some(number)
}

fn to_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or(bytes)
}

/// A path from its names, leaf first, each with a NUL. A memfd has one name, and shows as the kernel
/// shows it: `/memfd:name`.
fn turn_round<'a>(names: &[u8], out: &'a mut Vec<u8>) -> &'a [u8] {
    out.clear();
    let names = names.strip_suffix(b"\0").unwrap_or(names);
    for name in names.rsplit(|&byte| byte == 0) {
        out.push(b'/');
        out.extend_from_slice(name);
    }
    out
}

/// The same where it may not be whole, or was not asked for.
fn turn_round_if<'a>(whole: bool, names: &[u8], out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    (whole && !names.is_empty()).then(|| turn_round(names, out))
}

/// A record's fixed part: integers only, so that any bytes are one.
///
/// # Safety
///
/// Every bit pattern must be a valid value of the type.
unsafe trait Fixed: Copy {}
// SAFETY: these are structs of integers and arrays of integers (bpf/abi.h).
unsafe impl Fixed for rec_header {}
// SAFETY: as above.
unsafe impl Fixed for rec_exec {}
// SAFETY: as above.
unsafe impl Fixed for rec_args {}
// SAFETY: as above.
unsafe impl Fixed for rec_failed {}
// SAFETY: as above.
unsafe impl Fixed for rec_fork {}
// SAFETY: as above.
unsafe impl Fixed for rec_exit {}
// SAFETY: as above.
unsafe impl Fixed for rec_freed {}
// SAFETY: as above.
unsafe impl Fixed for rec_existing {}
// SAFETY: as above.
unsafe impl Fixed for rec_cgroup {}

// The same as in bpf/abi.h: no gap that only one side has.
const _: () = assert!(size_of::<rec_header>() == 24);
const _: () = assert!(size_of::<rec_task>() == 136);
const _: () = assert!(size_of::<rec_exec>() == 216);
const _: () = assert!(size_of::<rec_args>() == 40);
const _: () = assert!(size_of::<rec_failed>() == 184);
const _: () = assert!(size_of::<rec_fork>() == 48);
const _: () = assert!(size_of::<rec_exit>() == 200);
const _: () = assert!(size_of::<rec_freed>() == 48);
const _: () = assert!(size_of::<rec_existing>() == 96);
const _: () = assert!(size_of::<rec_cgroup_ref>() == 24);
const _: () = assert!(size_of::<rec_cgroup>() == 40);

/// Splits the fixed part off; `None` when the bytes are too few.
fn take<T: Fixed>(bytes: &[u8]) -> Option<(T, &[u8])> {
    let (fixed, rest) = bytes.split_at_checked(size_of::<T>())?;
    // SAFETY: `fixed` is as long as a T, the read asks for no alignment, and a T may be any bytes.
    let value = unsafe { fixed.as_ptr().cast::<T>().read_unaligned() };
    Some((value, rest))
}

#[cfg(test)]
mod tests;
