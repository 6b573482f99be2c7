//! From the bytes of the ring to events.
//!
//! The decoder is total: whatever the bytes are, it gives events or an error, it does not panic,
//! and it allocates no more than has arrived. An exec whose arguments come in several records is
//! kept until it is whole, or until it is clear that it will not be.

use std::collections::HashMap;
use std::time::Duration;
use std::time::Instant;

use execsnoop_events::CountedKind;
use execsnoop_events::Sink;
use execsnoop_events::WallClock;

use super::convert::cgroup;
use super::convert::exit;
use super::convert::final_usage;
use super::convert::fork;
use super::exec_record::Buffers;
use super::exec_record::ExecRecord;
use super::exec_record::FailedRecord;
use super::records::DecodeError;
use super::records::read_record;
use super::records::to_usize;
use crate::skeleton::types::args_flags;
use crate::skeleton::types::exec_flags;
use crate::skeleton::types::rec_args;
use crate::skeleton::types::rec_exec;
use crate::skeleton::types::rec_header;
use crate::skeleton::types::record_type;

/// An exec that waits this long for its next piece has lost it: pieces follow each other within
/// microseconds.
const PIECE_TIMEOUT: Duration = Duration::from_millis(200);

/// Execs under assembly hold at most this much; beyond it they are given out as they are.
const PENDING_BYTES: usize = 64 << 20;

/// Which exec a piece of arguments belongs to. Several threads of a process may fail at once.
#[derive(Debug, PartialEq, Eq, Hash, Clone, Copy)]
struct ExecKey {
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
    pending: HashMap<ExecKey, Pending>,
    pending_bytes: usize,
    buffers: Buffers,
}

impl Decoder {
    /// Decodes one record, and hands what is complete by it to `sink`.
    pub(crate) fn decode(
        &mut self,
        record: &[u8],
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) -> Result<(), DecodeError> {
        let (head, _) = read_record::<rec_header>(record).ok_or(DecodeError::Short(None))?;
        match record_type(head.r#type) {
            record_type::RECORD_EXEC => self.exec(record, clock, sink),
            record_type::RECORD_FAILED => self.failed(record, clock, sink),
            record_type::RECORD_ARGS => self.args(record, clock, sink),
            record_type::RECORD_FORK => fork(record, clock, sink),
            record_type::RECORD_EXIT => exit(record, clock, sink),
            record_type::RECORD_FREED => final_usage(record, clock, sink),
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
        let callers: Vec<ExecKey> = self
            .pending
            .iter()
            .filter(|(_, pending)| hopeless(pending))
            .map(|(&key, _)| key)
            .collect();
        for key in callers {
            self.emit_pending(key, false, clock, sink);
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
            let key = exec_key(&exec.fixed.head, exec.fixed.task_info.tid);
            self.keep(key, CountedKind::Exec, record, data.block, clock, sink);
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
            let key = exec_key(&failed.fixed.head, failed.fixed.task_info.tid);
            self.keep(key, CountedKind::Failed, record, data.entries, clock, sink);
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
        let (fixed, rest) = read_record::<rec_args>(record).ok_or(DecodeError::Short(None))?;
        let data = rest
            .get(..to_usize(fixed.data_len))
            .ok_or(DecodeError::Short(None))?;
        let key = exec_key(&fixed.head, fixed.tid);
        let Some(pending) = self.pending.get_mut(&key) else {
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
            self.emit_pending(key, complete && follows, clock, sink);
        } else if self.pending_bytes > PENDING_BYTES {
            self.give_up_all(clock, sink);
        }
        Ok(())
    }

    fn keep(
        &mut self,
        key: ExecKey,
        kind: CountedKind,
        record: &[u8],
        args: &[u8],
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) {
        self.emit_pending(key, false, clock, sink);
        self.pending_bytes += args.len();
        let pending = Pending {
            kind,
            record: record.to_vec(),
            args: args.to_vec(),
            latest: Instant::now(),
        };
        self.pending.insert(key, pending);
    }

    fn emit_pending(
        &mut self,
        key: ExecKey,
        to_the_end: bool,
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) {
        let Some(pending) = self.pending.remove(&key) else {
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
            && read_record::<rec_exec>(&self.record)
                .is_some_and(|(fixed, _)| self.args.len() >= ExecRecord { fixed }.block_len())
    }
}

fn exec_key(head: &rec_header, tid: u32) -> ExecKey {
    ExecKey {
        pid: head.pid,
        tid,
        start: head.start,
    }
}

#[cfg(test)]
mod tests;
