//! Reading the ring buffer, a batch at a time.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use libbpf_rs::MapCore;
use libbpf_rs::RingBuffer;
use libbpf_rs::RingBufferBuilder;
use nix::errno::Errno;

use crate::read::perf::PerfReader;

/// A batch ends when it holds this much, so that output is written while a storm goes on, and while
/// what it was made from and what it became are still in the CPU's cache.
const BATCH_BYTES: usize = 1 << 18;

/// What the callback answers to make libbpf stop. Any number below 0 that libbpf does not use.
const BATCH_FULL: i32 = -(Errno::ENOBUFS as i32);

/// Records, back to back.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Batch {
    fn push(&mut self, record: &[u8]) -> i32 {
        self.bytes.extend_from_slice(record);
        self.ends.push(self.bytes.len());
        if self.bytes.len() < BATCH_BYTES {
            0
        } else {
            BATCH_FULL
        }
    }
}

/// Where records come from.
#[derive(Debug)]
pub(crate) enum Reader {
    /// One ring for all CPUs (5.8+).
    Ring(RingReader),
    /// A buffer for each CPU.
    Perf(PerfReader),
}

impl Reader {
    /// As [`RingReader::fill`].
    pub(crate) fn fill(&mut self, timeout: Duration) -> Result<bool, Errno> {
        match self {
            Self::Ring(ring) => ring.fill(timeout),
            Self::Perf(perf) => perf.fill(timeout),
        }
    }

    /// As [`RingReader::drain`].
    pub(crate) fn drain(&mut self, each: impl FnMut(&mut [u8])) {
        match self {
            Self::Ring(ring) => ring.drain(each),
            Self::Perf(perf) => perf.drain(each),
        }
    }

    /// Whether nothing was taken that is not drained.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Ring(ring) => ring.batch.borrow().ends.is_empty(),
            Self::Perf(_) => true, // it keeps what it took for a while
        }
    }

    /// Nothing new is sent any more, so that nothing has to be waited for.
    pub(crate) fn close_input(&mut self) {
        if let Self::Perf(perf) = self {
            perf.close_input();
        }
    }
}

/// The reading end of the ring.
///
/// Records are copied out before they are looked at: the kernel gets its room back at once, and
/// what is decoded is ordinary memory that nothing else writes to.
pub(crate) struct RingReader {
    ring: RingBuffer<'static>,
    batch: Rc<RefCell<Batch>>,
}

impl fmt::Debug for RingReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingReader").finish_non_exhaustive()
    }
}

impl RingReader {
    /// Opens the ring of a loaded map.
    pub(crate) fn new(map: &dyn MapCore) -> libbpf_rs::Result<Self> {
        let batch = Rc::new(RefCell::new(Batch::default()));
        let filled = Rc::clone(&batch);
        let mut builder = RingBufferBuilder::new();
        builder.add(map, move |record| filled.borrow_mut().push(record))?;
        let ring = builder.build()?;
        Ok(Self { ring, batch })
    }

    /// Waits until `timeout` is over, the kernel side calls, or a signal arrives, then takes a
    /// batch out of the ring. Returns whether more is waiting.
    pub(crate) fn fill(&mut self, timeout: Duration) -> Result<bool, Errno> {
        let mut outcome = self.ring.poll_raw(timeout);
        if outcome >= 0 || outcome == -(Errno::EINTR as i32) {
            // The kernel side seldom wakes us, and without that the poll does not look at the ring.
            outcome = self.ring.consume_raw();
        }
        match outcome {
            BATCH_FULL => Ok(true),
            error if error < 0 && error != -(Errno::EINTR as i32) => Err(Errno::from_raw(-error)),
            _ => Ok(false),
        }
    }

    /// Hands each record of the batch to `each`, in order, and empties it.
    pub(crate) fn drain(&mut self, mut each: impl FnMut(&mut [u8])) {
        let mut batch = self.batch.borrow_mut();
        let Batch { bytes, ends } = &mut *batch;
        let mut start = 0;
        for &end in &*ends {
            each(&mut bytes[start..end]);
            start = end;
        }
        batch.bytes.clear();
        batch.ends.clear();
    }
}
