//! The processes that are there when tracing begins: the ancestors of those to come.

use std::collections::HashMap;
use std::io::Read as _;
use std::mem::offset_of;

use execsnoop_events::Argv;
use execsnoop_events::Sink;
use execsnoop_events::WallClock;
use libbpf_rs::Iter;

use crate::command_line::CommandLine;
use crate::load::other;
use crate::proc_table;
use crate::proc_table::Found;
use crate::skeleton::CoreSkel;
use crate::skeleton::types::rec_exec;
use crate::skeleton::types::rec_exit;
use crate::skeleton::types::rec_failed;
use crate::skeleton::types::rec_fork;
use crate::skeleton::types::rec_header;
use crate::skeleton::types::rec_task;
use crate::skeleton::types::record_type;
use crate::start_error::StartError;
use crate::wire::snapshot_entry::SnapshotEntry;

/// What was found, until it is handed out as events.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    processes: Vec<(SnapshotEntry, Option<CommandLine>)>,
}

impl Snapshot {
    /// Asks the kernel's iterator over all tasks (5.8+), and /proc for their command lines. To be
    /// called when the programs are attached: who begins later is seen by them.
    pub(crate) fn from_kernel(skeleton: &mut CoreSkel<'_>) -> Result<Self, StartError> {
        let what = "listing the running processes";
        let link = skeleton.progs.each_existing.attach().map_err(other(what))?;
        let mut records = Vec::new();
        Iter::new(&link)
            .map_err(other(what))?
            .read_to_end(&mut records)
            .map_err(|err| other(what)(err.into()))?;
        Ok(Self::parse(&records))
    }

    fn parse(mut records: &[u8]) -> Self {
        let mut processes = Vec::new();
        while let Some((listed, rest)) = SnapshotEntry::read(records) {
            processes.push((listed, CommandLine::of_running(listed.seen_pid())));
            records = rest;
        }
        Self { processes }
    }

    /// Asks /proc alone. Start times are those of its ticks, and events that name the same
    /// processes have to be put right by what is returned beside.
    pub(crate) fn from_proc(now_ns: u64) -> (Self, TickStartTimes) {
        let found = proc_table::all();
        let starts: HashMap<u32, u64> = found
            .iter()
            .map(|one| (one.pid, one.start_ticks * proc_table::TICK_NS))
            .collect();
        let start_of = |pid: u32| starts.get(&pid).copied().unwrap_or(0);
        let listed = |one: &Found| {
            let owner = proc_table::owners(one.pid).map(|ids| (ids.uid, ids.gid));
            let listed = SnapshotEntry::from_proc(one, start_of(one.ppid), owner, now_ns);
            (listed, CommandLine::of_running(one.pid))
        };
        let processes = found.iter().map(listed).collect();
        (Self { processes }, TickStartTimes(starts))
    }

    /// Hands all of them out.
    pub(crate) fn hand_out(self, clock: &WallClock, sink: &mut Sink<'_>) {
        for (listed, args) in &self.processes {
            let args = args.as_ref().map_or(Argv::UNKNOWN, CommandLine::args);
            listed.hand_out(args, clock, sink);
        }
    }
}

/// The start times, by ticks, of processes that were there before tracing began.
///
/// A record has them to the nanosecond, but the list of those that were there, made from /proc,
/// does not: that both mean the same process, the records take over what the list has. (A pid does
/// not come back within one tick.)
#[derive(Debug, Default)]
pub(crate) struct TickStartTimes(HashMap<u32, u64>);

impl TickStartTimes {
    /// Puts the processes right that a record names.
    pub(crate) fn align_start_times(&self, record: &mut [u8]) {
        self.at(
            record,
            offset_of!(rec_header, pid),
            offset_of!(rec_header, start),
        );
        let Some(kind) = u32_at(record, offset_of!(rec_header, r#type)) else {
            return;
        };
        let of_actor = |task_info: usize| {
            let pid = task_info + offset_of!(rec_task, ppid);
            (pid, task_info + offset_of!(rec_task, parent_start))
        };
        let (pid, start) = match record_type(kind) {
            record_type::RECORD_EXEC => of_actor(offset_of!(rec_exec, task_info)),
            record_type::RECORD_FAILED => of_actor(offset_of!(rec_failed, task_info)),
            record_type::RECORD_FORK => (
                offset_of!(rec_fork, creator_pid),
                offset_of!(rec_fork, creator_start),
            ),
            record_type::RECORD_EXIT => (
                offset_of!(rec_exit, ppid),
                offset_of!(rec_exit, parent_start),
            ),
            _ => return,
        };
        self.at(record, pid, start);
    }

    fn at(&self, record: &mut [u8], pid: usize, start: usize) {
        let known = u32_at(record, pid).and_then(|pid| self.0.get(&pid));
        let place = record.get_mut(start..start + 8);
        if let (Some(&known), Some(place)) = (known, place)
            && let Ok(bytes) = <[u8; 8]>::try_from(&*place)
            && u64::from_ne_bytes(bytes) / proc_table::TICK_NS == known / proc_table::TICK_NS
        {
            place.copy_from_slice(&known.to_ne_bytes());
        }
    }
}

fn u32_at(record: &[u8], at: usize) -> Option<u32> {
    let bytes = record.get(at..at + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKS: u64 = 7 * proc_table::TICK_NS;

    fn fork(creator_pid: u32, creator_start: u64) -> Vec<u8> {
        let mut record = vec![0; size_of::<rec_fork>()];
        let mut put = |at: usize, bytes: &[u8]| record[at..at + bytes.len()].copy_from_slice(bytes);
        let kind = record_type::RECORD_FORK.0;
        put(offset_of!(rec_header, r#type), &kind.to_ne_bytes());
        put(
            offset_of!(rec_fork, creator_pid),
            &creator_pid.to_ne_bytes(),
        );
        put(
            offset_of!(rec_fork, creator_start),
            &creator_start.to_ne_bytes(),
        );
        record
    }

    fn creator_start(record: &[u8]) -> u64 {
        let at = offset_of!(rec_fork, creator_start);
        u64::from_ne_bytes(record[at..at + 8].try_into().expect("8 bytes"))
    }

    /// A start within the same tick is the same process's; any other is another process's.
    #[test]
    fn the_same_process_has_the_same_start() {
        let starts = TickStartTimes(HashMap::from([(4711, TICKS)]));
        let cases = [
            (4711, TICKS + 123, TICKS),
            (
                4711,
                TICKS + proc_table::TICK_NS,
                TICKS + proc_table::TICK_NS,
            ),
            (4712, TICKS + 123, TICKS + 123),
        ];
        for (pid, before, after) in cases {
            let mut record = fork(pid, before);
            starts.align_start_times(&mut record);
            assert_eq!(creator_start(&record), after);
        }
    }

    /// Bytes that are no record stay as they are.
    #[test]
    fn short_records() {
        let starts = TickStartTimes(HashMap::from([(0, 0)]));
        let whole = fork(0, 5);
        for length in 0..whole.len() {
            let mut record = whole[..length].to_vec();
            starts.align_start_times(&mut record);
            assert_eq!(record.len(), length);
        }
    }
}
