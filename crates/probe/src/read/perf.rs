//! Reading perf buffers, for kernels without the BPF ring buffer (before 5.8): one for each CPU.
//!
//! Between CPUs records arrive in any order, so each is held back for a moment, and what is older
//! is handed out by its time.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use execsnoop_host::perf_buffer::PerfBuffer;
use execsnoop_host::perf_buffer::PerfRecord;
use execsnoop_host::perf_buffer::WakeUp;
use libbpf_rs::MapCore;
use nix::errno::Errno;

use crate::clock;

/// After this delay no older record from another CPU can still arrive. A program stamps its record
/// when it begins, and ends within a millisecond or two; but a virtual machine's CPU may be stopped
/// meanwhile, for longer than 50 ms in measurements.
const HELD_BACK: Duration = Duration::from_millis(200);

/// Each CPU's buffer has at least this much room: some of the largest records.
const LEAST_BYTES: usize = 256 << 10;

/// Records that have arrived.
#[derive(Debug, Default)]
struct Inbox {
    bytes: Vec<u8>,
    /// Each with its time and where it lies.
    records: Vec<(u64, usize, usize)>,
}

impl Inbox {
    fn push(&mut self, record: &[u8]) {
        let time = record
            .first_chunk()
            .map_or(0, |time| u64::from_ne_bytes(*time));
        let start = self.bytes.len();
        self.bytes.extend_from_slice(record);
        self.records.push((time, start, self.bytes.len()));
    }

    /// Hands out what is older than `horizon`, in order, and keeps the rest.
    fn drain(&mut self, horizon: u64, mut each: impl FnMut(&mut [u8])) {
        // Stable: the pieces of one exec have the same time, and come from the same CPU.
        self.records.sort_by_key(|(time, ..)| *time);
        let ripe = self.records.partition_point(|(time, ..)| *time < horizon);
        for &(_, start, end) in &self.records[..ripe] {
            each(&mut self.bytes[start..end]);
        }
        let mut rest = Self::default();
        for &(_, start, end) in &self.records[ripe..] {
            rest.push(&self.bytes[start..end]);
        }
        *self = rest;
    }
}

/// The reading end of the perf buffers.
#[derive(Debug)]
pub(crate) struct PerfReader {
    buffer: PerfBuffer,
    /// The buffer's sink fills it.
    inbox: Rc<RefCell<Inbox>>,
    horizon: u64,
    is_closed: bool,
}

impl PerfReader {
    /// Opens a buffer for each CPU, `bytes` in all, or somewhat more.
    pub(crate) fn new(map: &dyn MapCore, bytes: u32) -> Result<Self, Errno> {
        let cpus = libbpf_rs::num_possible_cpus().map_or(1, |cpus| cpus.max(1));
        let each = (bytes as usize / cpus).max(LEAST_BYTES);
        let pages = (each / page_size()).next_power_of_two();
        let quarter = u32::try_from(pages * page_size() / 4).unwrap_or(u32::MAX);
        let inbox = Rc::<RefCell<Inbox>>::default();
        let filled = Rc::clone(&inbox);
        // Our programs count losses themselves.
        let sink = Box::new(move |record: PerfRecord<'_>| {
            if let PerfRecord::Sample(_, data) = record {
                filled.borrow_mut().push(data);
            }
        });
        let buffer = PerfBuffer::open(map.as_fd(), pages, WakeUp::Bytes(quarter), sink);
        Ok(Self {
            buffer: buffer.map_err(errno)?,
            inbox,
            horizon: 0,
            is_closed: false,
        })
    }

    /// Waits until `timeout` is over, a buffer is a quarter full, or a signal arrives, then empties
    /// all buffers.
    pub(crate) fn fill(&mut self, timeout: Duration) -> Result<bool, Errno> {
        self.buffer.poll(timeout).map_err(errno)?;
        let held_back = u64::try_from(HELD_BACK.as_nanos()).unwrap_or(0);
        self.horizon = clock::boot_time_ns().saturating_sub(held_back);
        self.buffer.consume().map_err(errno)?;
        Ok(false)
    }

    /// Hands out the records that are old enough, ordered by time.
    pub(crate) fn drain(&mut self, each: impl FnMut(&mut [u8])) {
        let horizon = if self.is_closed {
            u64::MAX
        } else {
            self.horizon
        };
        self.inbox.borrow_mut().drain(horizon, each);
    }

    /// From now on nothing is held back.
    pub(crate) fn close_input(&mut self) {
        self.is_closed = true;
    }
}

fn errno(error: io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

fn page_size() -> usize {
    let size = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE);
    let size = size
        .ok()
        .flatten()
        .and_then(|size| usize::try_from(size).ok());
    size.unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(time: u64, rest: &[u8]) -> Vec<u8> {
        [&time.to_ne_bytes()[..], rest].concat()
    }

    /// What two CPUs sent comes out by time; what is new waits; pieces of one exec keep their
    /// order.
    #[test]
    fn ordered_by_time() {
        let mut inbox = Inbox::default();
        for (time, rest) in [
            (10, b"b1"),
            (10, b"b2"),
            (30, b"d1"),
            (5, b"a1"),
            (20, b"c1"),
        ] {
            inbox.push(&record(time, rest));
        }
        let mut out = Vec::new();
        inbox.drain(30, |record| out.push(record[8..].to_vec()));
        assert_eq!(out, [b"a1", b"b1", b"b2", b"c1"]);
        inbox.push(&record(25, b"late"));
        inbox.drain(u64::MAX, |record| out.push(record[8..].to_vec()));
        assert_eq!(out[4..], [b"late".to_vec(), b"d1".to_vec()]);
    }
}
