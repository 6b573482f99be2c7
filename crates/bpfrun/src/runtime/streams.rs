//! Reading what programs send, through ring buffers and perf buffers.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::Duration;

use libbpf_rs::MapHandle;
use libbpf_rs::RingBuffer;
use libbpf_rs::RingBufferBuilder;
use nix::errno::Errno;
use nix::poll::PollTimeout;

use execsnoop_host::perf_buffer::PerfBuffer;
use execsnoop_host::perf_buffer::PerfRecord;
use execsnoop_host::perf_buffer::WakeUp;

/// A batch ends when it holds this much, so that output is written while a storm goes on.
const BATCH_BYTES: usize = 1 << 20;

/// What the callback answers to make libbpf stop. Any number below 0 that libbpf does not use.
const BATCH_FULL: i32 = -(Errno::ENOBUFS as i32);

/// With several kinds of buffers, the second one waits for this long at most.
const TURN: Duration = Duration::from_millis(20);

/// Records, back to back.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    records: Vec<Record>,
    /// Of each map, how many records the kernel had no room for.
    lost: Vec<u64>,
}

#[derive(Clone, Copy)]
struct Record {
    map: usize,
    cpu: Option<u32>,
    end: usize,
}

impl Batch {
    fn push(&mut self, map: usize, cpu: Option<u32>, record: &[u8]) -> i32 {
        self.bytes.extend_from_slice(record);
        let end = self.bytes.len();
        self.records.push(Record { map, cpu, end });
        if self.bytes.len() < BATCH_BYTES {
            0
        } else {
            BATCH_FULL
        }
    }

    fn lose(&mut self, map: usize, count: u64) {
        if self.lost.len() <= map {
            self.lost.resize(map + 1, 0);
        }
        self.lost[map] += count;
    }
}

/// All output maps of a program.
///
/// Records are copied out before they are looked at: the kernel gets its room back at once.
pub(crate) struct Streams {
    rings: Option<RingBuffer<'static>>,
    /// With the numbers of their maps.
    perfs: Vec<(usize, PerfBuffer)>,
    batch: Rc<RefCell<Batch>>,
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

/// A record, with the map through which it came and the CPU (of a perf buffer).
pub(crate) struct RawEvent<'a> {
    pub(crate) map: usize,
    pub(crate) cpu: Option<u32>,
    pub(crate) bytes: &'a [u8],
}

impl Streams {
    /// Opens maps, each with its number. Perf buffers get `pages` pages on each CPU.
    pub(crate) fn open(
        rings: &[(usize, &MapHandle)],
        perfs: &[(usize, &MapHandle)],
        pages: usize,
    ) -> Result<Self, libbpf_rs::Error> {
        let batch = Rc::new(RefCell::new(Batch::default()));
        let perfs = perfs
            .iter()
            .map(|(number, map)| Ok((*number, open_perf(*number, map, pages, &batch)?)))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            rings: open_rings(rings, &batch)?,
            perfs,
            batch,
        })
    }

    /// Waits until something comes, `timeout` is over, or a signal arrives, then takes out what is
    /// there.
    pub(crate) fn fill(&mut self, timeout: Duration) -> Result<(), libbpf_rs::Error> {
        let several = self.perfs.len() + usize::from(self.rings.is_some()) > 1;
        let timeout = if several { timeout.min(TURN) } else { timeout };
        let mut wait = Some(timeout);
        if let Some(rings) = &self.rings {
            let outcome = rings.poll_raw(wait.take().unwrap_or_default());
            ring_outcome(outcome)?;
            if outcome != BATCH_FULL {
                // A program may ask not to wake us, and then the poll does not look at the ring.
                ring_outcome(rings.consume_raw())?;
            }
        }
        for (_, perf) in &mut self.perfs {
            interrupted(match wait.take() {
                Some(timeout) => perf.poll(timeout),
                None => perf.consume(),
            })?;
        }
        if let Some(timeout) = wait {
            // Nothing to read: a signal may end the sleep all the same.
            let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
            let _ = nix::poll::poll(&mut [], timeout);
        }
        Ok(())
    }

    /// How many records of each perf buffer's map were lost in all, where the kernel tells.
    pub(crate) fn lost(&self) -> impl Iterator<Item = (usize, u64)> {
        let told = |(map, perf): &(usize, PerfBuffer)| Some((*map, perf.lost()?));
        self.perfs.iter().filter_map(told)
    }

    /// Hands each record out, in the order in which they were read, and then the numbers of maps
    /// with how many records of theirs were lost meanwhile.
    pub(crate) fn drain(
        &mut self,
        mut each: impl FnMut(RawEvent<'_>),
        mut lost: impl FnMut(usize, u64),
    ) {
        let mut batch = self.batch.borrow_mut();
        let mut start = 0;
        for &Record { map, cpu, end } in &batch.records {
            let bytes = &batch.bytes[start..end];
            each(RawEvent { map, cpu, bytes });
            start = end;
        }
        for (map, count) in batch.lost.iter_mut().enumerate() {
            if *count > 0 {
                lost(map, std::mem::take(count));
            }
        }
        batch.bytes.clear();
        batch.records.clear();
    }
}

fn open_rings(
    maps: &[(usize, &MapHandle)],
    batch: &Rc<RefCell<Batch>>,
) -> libbpf_rs::Result<Option<RingBuffer<'static>>> {
    if maps.is_empty() {
        return Ok(None);
    }
    let mut builder = RingBufferBuilder::new();
    for (number, map) in maps {
        let (number, batch) = (*number, Rc::clone(batch));
        builder.add(*map, move |record| {
            batch.borrow_mut().push(number, None, record)
        })?;
    }
    builder.build().map(Some)
}

fn open_perf(
    number: usize,
    map: &MapHandle,
    pages: usize,
    batch: &Rc<RefCell<Batch>>,
) -> io::Result<PerfBuffer> {
    let batch = Rc::clone(batch);
    let sink = move |record: PerfRecord<'_>| {
        let mut batch = batch.borrow_mut();
        match record {
            PerfRecord::Lost(count) => batch.lose(number, count),
            // How much that can be is limited by the buffers.
            PerfRecord::Sample(cpu, bytes) => {
                batch.push(number, u32::try_from(cpu).ok(), bytes);
            }
        }
    };
    PerfBuffer::open(map.as_fd(), pages, WakeUp::EachRecord, Box::new(sink))
}

fn ring_outcome(outcome: i32) -> io::Result<()> {
    const INTERRUPTED: i32 = -(Errno::EINTR as i32);
    match outcome {
        BATCH_FULL | INTERRUPTED => Ok(()),
        error if error < 0 => Err(io::Error::from_raw_os_error(-error)),
        _ => Ok(()),
    }
}

fn interrupted(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        other => other,
    }
}
