//! A process that existed before tracing began, as a record.

use std::num::NonZeroU32;

use execsnoop_events::Argv;
use execsnoop_events::EventData;
use execsnoop_events::Existing;
use execsnoop_events::Image;
use execsnoop_events::ProcessId;
use execsnoop_events::Sink;
use execsnoop_events::WallClock;

use super::convert::NO_CGROUP;
use super::convert::UNSET;
use super::convert::cgroup_ref;
use super::convert::event;
use super::convert::known_id;
use super::convert::nonzero;
use super::convert::process;
use super::records::read_record;
use super::records::until_nul;
use crate::proc_table::Found;
use crate::proc_table::TICK_NS;
use crate::skeleton::types::rec_existing;
use crate::skeleton::types::rec_header;

/// A process that the iterator over running processes has listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SnapshotEntry(rec_existing);

impl SnapshotEntry {
    /// Takes the first of the iterator's records off.
    pub(crate) fn read(records: &[u8]) -> Option<(Self, &[u8])> {
        read_record::<rec_existing>(records).map(|(fixed, rest)| (Self(fixed), rest))
    }

    /// One that /proc has shown, in the initial pid namespace.
    pub(crate) fn from_proc(
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
            place: NO_CGROUP,
            ppid: one.ppid,
            uid,
            gid,
            ns_pid: 0,
            seen_pid: one.pid,
            exec_number: 0,
            comm,
        })
    }

    /// The number by which the tracer knows it, 0 when it does not see it.
    pub(crate) fn seen_pid(&self) -> u32 {
        self.0.seen_pid
    }

    /// Hands it out with its arguments, which come from elsewhere.
    pub(crate) fn hand_out(&self, args: Argv<'_>, clock: &WallClock, sink: &mut Sink<'_>) {
        let fixed = &self.0;
        let parent = ProcessId {
            pid: fixed.ppid,
            start_ns: fixed.parent_start,
        };
        let image = Image {
            args,
            ..Image::UNKNOWN
        };
        let running = Existing {
            comm: until_nul(&fixed.comm),
            uid: known_id(fixed.uid),
            gid: known_id(fixed.gid),
            place: cgroup_ref(&fixed.place),
            ns_pid: nonzero(fixed.ns_pid),
            seen_pid: fixed.seen_pid,
            exec_number: NonZeroU32::new(fixed.exec_number),
            image,
            ..Existing::alive(process(&fixed.head), parent)
        };
        sink(&event(&fixed.head, clock, EventData::Existing(running)));
    }
}
