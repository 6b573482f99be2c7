//! From the fields of records to those of events.

use std::num::NonZeroU32;
use std::sync::OnceLock;

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
use execsnoop_events::Exit;
use execsnoop_events::ExitStatus;
use execsnoop_events::FinalUsage;
use execsnoop_events::Fork;
use execsnoop_events::Hierarchy;
use execsnoop_events::Image;
use execsnoop_events::Io;
use execsnoop_events::LoginSession;
use execsnoop_events::ProcessId;
use execsnoop_events::Sink;
use execsnoop_events::WallClock;
use nix::unistd::SysconfVar;
use nix::unistd::sysconf;

use super::records::DecodeError;
use super::records::read_record;
use super::records::to_usize;
use super::records::until_nul;
use crate::skeleton::types::cgroup_hierarchy;
use crate::skeleton::types::exit_flags;
use crate::skeleton::types::fork_flags;
use crate::skeleton::types::rec_cgroup;
use crate::skeleton::types::rec_cgroup_ref;
use crate::skeleton::types::rec_exit;
use crate::skeleton::types::rec_fork;
use crate::skeleton::types::rec_freed;
use crate::skeleton::types::rec_header;
use crate::skeleton::types::rec_task;

/// Stands for the length of a cgroup's path that has too many names (bpf/abi.h).
pub(super) const NAMES_CUT: u32 = u32::MAX;

const SIGKILL: u8 = 9;

/// What the kernel writes for "not set" (include/linux/uidgid.h, `AUDIT_SID_UNSET`).
pub(super) const UNSET: u32 = u32::MAX;

pub(super) fn fork(
    record: &[u8],
    clock: &WallClock,
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    let (fixed, _) =
        read_record::<rec_fork>(record).ok_or(DecodeError::Short(Some(CountedKind::Fork)))?;
    let fork = Fork {
        process: process(&fixed.head),
        creator: ProcessId {
            pid: fixed.creator_pid,
            start_ns: fixed.creator_start,
        },
        creator_tid: fixed.creator_tid,
        vfork: Some(fixed.flags & fork_flags::FORK_VFORK.0 != 0),
        by_tracer: fixed.flags & fork_flags::FORK_BY_TRACER.0 != 0,
        exec_number: NonZeroU32::new(fixed.exec_number),
        ns_pid: nonzero(fixed.ns_pid),
    };
    sink(&event(&fixed.head, clock, EventData::Fork(fork)));
    Ok(())
}

pub(super) fn exit(
    record: &[u8],
    clock: &WallClock,
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    let (fixed, _) =
        read_record::<rec_exit>(record).ok_or(DecodeError::Short(Some(CountedKind::Exit)))?;
    let has = |flag: exit_flags| fixed.flags & flag.0 != 0;
    let status = (!has(exit_flags::EXIT_NO_CODE)).then(|| ExitStatus::from_wait(fixed.code));
    let by_exec = has(exit_flags::EXIT_BY_EXEC);
    let exit = Exit {
        process: process(&fixed.head),
        parent: ProcessId {
            pid: fixed.ppid,
            start_ns: fixed.parent_start,
        },
        comm: until_nul(&fixed.comm),
        uid: known_id(fixed.uid),
        gid: known_id(fixed.gid),
        place: cgroup_ref(&fixed.place),
        ns_pid: nonzero(fixed.ns_pid),
        status,
        oom_killed: oom_killed(&fixed, status),
        by_exec,
        exec_ns: None,
        // The kernel counts the one that failed, too.
        exec_number: NonZeroU32::new(fixed.exec_number.saturating_sub(u32::from(by_exec))),
        cost: (!has(exit_flags::EXIT_NO_COSTS)).then(|| cost(&fixed)),
    };
    sink(&event(&fixed.head, clock, EventData::Exit(exit)));
    Ok(())
}

/// A victim that was about to end by itself is not killed.
fn oom_killed(fixed: &rec_exit, status: Option<ExitStatus>) -> Option<bool> {
    let has = |flag: exit_flags| fixed.flags & flag.0 != 0;
    match status? {
        _ if has(exit_flags::EXIT_NO_OOM) => None,
        ExitStatus::Signal { number, .. } => Some(number == SIGKILL && has(exit_flags::EXIT_OOM)),
        ExitStatus::Code(_) => Some(false),
    }
}

pub(super) fn cost(fixed: &rec_exit) -> Cost {
    let has = |flag: exit_flags| fixed.flags & flag.0 != 0;
    Cost {
        cpu: Cpu::divided(fixed.runtime, false, fixed.utime, fixed.stime),
        max_rss_bytes: has(exit_flags::EXIT_MM).then(|| page_bytes(fixed.image_rss)),
        peak_rss_bytes: page_bytes(fixed.max_rss),
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

pub(super) fn final_usage(
    record: &[u8],
    clock: &WallClock,
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    let (fixed, _) = read_record::<rec_freed>(record)
        .ok_or(DecodeError::Short(Some(CountedKind::FinalUsage)))?;
    let freed = FinalUsage {
        process: process(&fixed.head),
        cpu: Cpu::divided(fixed.runtime, true, fixed.utime, fixed.stime),
    };
    sink(&event(&fixed.head, clock, EventData::FinalUsage(freed)));
    Ok(())
}

pub(super) fn cgroup(
    record: &[u8],
    path: &mut Vec<u8>,
    clock: &WallClock,
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    let (fixed, rest) = read_record::<rec_cgroup>(record).ok_or(DecodeError::Short(None))?;
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
    let path = join_reversed_path(names, path);
    sink(&event(
        &fixed.head,
        clock,
        EventData::Cgroup(Cgroup { key, path }),
    ));
    Ok(())
}

pub(super) fn hierarchy(number: u32) -> Hierarchy {
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

/// The cgroup of a process whose cgroup is not known.
pub(super) const NO_CGROUP: rec_cgroup_ref = rec_cgroup_ref {
    unified: 0,
    id: 0,
    hierarchy: 0,
    pad: 0,
};

/// kernfs ids begin with 1: 0 is for who does not know.
pub(super) fn cgroup_ref(fixed: &rec_cgroup_ref) -> Option<CgroupRef> {
    (fixed.unified != 0).then(|| CgroupRef {
        unified_id: fixed.unified,
        cgroup: CgroupKey {
            hierarchy: hierarchy(fixed.hierarchy),
            id: fixed.id,
        },
    })
}

/// The kernel counts memory in pages.
pub(super) fn page_bytes(pages: u64) -> u64 {
    static PAGE_SIZE: OnceLock<u64> = OnceLock::new();
    let page_size = PAGE_SIZE.get_or_init(|| {
        let size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
        size.and_then(|size| u64::try_from(size).ok())
            .unwrap_or(4096)
    });
    pages.saturating_mul(*page_size)
}

pub(super) fn event<'a>(head: &rec_header, clock: &WallClock, data: EventData<'a>) -> Event<'a> {
    Event {
        time: clock.at(head.time),
        boot_ns: head.time,
        data,
    }
}

/// An exec with what is common to those that succeeded and those that failed.
pub(super) fn exec_common<'a>(
    head: &rec_header,
    task_info: &'a rec_task,
    args: Argv<'a>,
) -> Exec<'a> {
    let image = Image {
        args,
        ..Image::UNKNOWN
    };
    Exec {
        tid: task_info.tid,
        parent: ProcessId {
            pid: task_info.ppid,
            start_ns: task_info.parent_start,
        },
        comm: until_nul(&task_info.comm),
        parent_comm: until_nul(&task_info.parent_comm),
        uid: known_id(task_info.uid),
        euid: known_id(task_info.euid),
        gid: known_id(task_info.gid),
        egid: known_id(task_info.egid),
        session: LoginSession {
            login_uid: known_id(task_info.loginuid),
            audit_id: known_id(task_info.session),
            leader: (task_info.sid != 0).then_some(task_info.sid),
            tty: Some(until_nul(&task_info.tty)).filter(|tty| !tty.is_empty()),
        },
        cpu: Some(task_info.cpu),
        place: cgroup_ref(&task_info.place),
        ns_pid: nonzero(task_info.ns_pid),
        pid_ns: nonzero(task_info.pid_ns),
        mnt_ns: nonzero(task_info.mnt_ns),
        ..Exec::of_image(process(head), &image)
    }
}

pub(super) fn process(head: &rec_header) -> ProcessId {
    ProcessId {
        pid: head.pid,
        start_ns: head.start,
    }
}

pub(super) fn known_id(id: u32) -> Option<u32> {
    (id != UNSET).then_some(id)
}

/// What cannot be 0: pids, inodes.
pub(super) fn nonzero(number: u32) -> Option<u32> {
    (number != 0).then_some(number)
}

/// A path from its names, leaf first, each with a NUL. A memfd has one name, and shows as the
/// kernel shows it: `/memfd:name`.
pub(super) fn join_reversed_path<'a>(names: &[u8], out: &'a mut Vec<u8>) -> &'a [u8] {
    out.clear();
    let names = names.strip_suffix(b"\0").unwrap_or(names);
    for name in names.rsplit(|&byte| byte == 0) {
        out.push(b'/');
        out.extend_from_slice(name);
    }
    out
}

/// The same where it may not be whole, or was not asked for.
pub(super) fn join_reversed_path_if<'a>(
    whole: bool,
    names: &[u8],
    out: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    (whole && !names.is_empty()).then(|| join_reversed_path(names, out))
}
