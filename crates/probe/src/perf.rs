//! Reading perf buffers, for kernels without the BPF ring buffer (before 5.8): one for each CPU.
//!
//! Between CPUs records arrive in any order, so each is held back for a moment, and what is older is
//! handed out by its time.

use std::ffi::c_int;
use std::ffi::c_void;
use std::fmt;
use std::os::fd::AsRawFd as _;
use std::ptr;
use std::ptr::NonNull;
use std::time::Duration;

use libbpf_rs::MapCore;
use libbpf_sys::perf_buffer;
use libbpf_sys::perf_event_attr;
use libbpf_sys::perf_event_header;
use nix::errno::Errno;

use crate::clock;

/// A record that is older than this has been overtaken by nothing: a program stamps its record when it
/// begins, and ends within a millisecond or two; but a virtual machine's CPU may stand still meanwhile, and has
/// been seen to do so for longer than 50 ms.
const HELD_BACK: Duration = Duration::from_millis(200);

/// Each CPU's buffer has at least this much room: some of the largest records.
const LEAST_BYTES: usize = 256 << 10;

// From include/uapi/linux/perf_event.h.
const TYPE_SOFTWARE: u32 = 1;
const COUNT_SW_BPF_OUTPUT: u64 = 10;
const SAMPLE_RAW: u64 = 1 << 10;
const RECORD_SAMPLE: u32 = 9;

/// What the callback answers for libbpf to go on (`LIBBPF_PERF_EVENT_CONT`).
const GO_ON: c_int = -2;

/// Records that have arrived.
#[derive(Default)]
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
pub(crate) struct PerfReader {
    buffer: NonNull<perf_buffer>,
    /// libbpf holds its address, too. It is ours until drop, and only looked at between two calls.
    inbox: NonNull<Inbox>,
    horizon: u64,
    last: bool,
}

impl fmt::Debug for PerfReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerfReader").finish_non_exhaustive()
    }
}

impl PerfReader {
    /// Opens a buffer for each CPU, `bytes` in all, or somewhat more.
    pub(crate) fn new(map: &dyn MapCore, bytes: u32) -> Result<Self, Errno> {
        let cpus = libbpf_rs::num_possible_cpus().map_or(1, |cpus| cpus.max(1));
        let each = (bytes as usize / cpus).max(LEAST_BYTES);
        let pages = (each / page_size()).next_power_of_two();
        // SAFETY: the struct is made of integers, for which zero is a value.
        let mut attr: perf_event_attr = unsafe { std::mem::zeroed() };
        attr.size = u32::try_from(size_of::<perf_event_attr>()).expect("some hundred bytes");
        attr.type_ = TYPE_SOFTWARE;
        attr.config = COUNT_SW_BPF_OUTPUT;
        attr.sample_type = SAMPLE_RAW;
        attr.__bindgen_anon_1.sample_period = 1;
        attr.set_watermark(1);
        let wake_at = u32::try_from(pages * page_size() / 4).unwrap_or(u32::MAX);
        attr.__bindgen_anon_2.wakeup_watermark = wake_at;
        let inbox = NonNull::from(Box::leak(Box::<Inbox>::default()));
        // SAFETY: the map is open, `attr` outlives the call, and the callback's context is `inbox`,
        // which lives at its place until the buffer is freed (see drop).
        let buffer = unsafe {
            libbpf_sys::perf_buffer__new_raw(
                map.as_fd().as_raw_fd(),
                pages as libbpf_sys::size_t,
                &raw mut attr,
                Some(on_event),
                inbox.as_ptr().cast(),
                ptr::null(),
            )
        };
        let Some(buffer) = NonNull::new(buffer) else {
            let errno = Errno::last();
            free(inbox);
            return Err(errno);
        };
        Ok(Self {
            buffer,
            inbox,
            horizon: 0,
            last: false,
        })
    }

    /// Waits until `timeout` is over, a buffer is a quarter full, or a signal arrives, then empties all
    /// buffers.
    pub(crate) fn fill(&mut self, timeout: Duration) -> Result<bool, Errno> {
        let milliseconds = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the buffer lives until drop; its callback writes to the inbox, of which nobody holds a
        // reference now.
        let polled = unsafe { libbpf_sys::perf_buffer__poll(self.buffer.as_ptr(), milliseconds) };
        if polled < 0 && polled != -(Errno::EINTR as c_int) {
            return Err(Errno::from_raw(-polled));
        }
        let held_back = u64::try_from(HELD_BACK.as_nanos()).unwrap_or(0);
        self.horizon = clock::boot_time_ns().saturating_sub(held_back);
        // SAFETY: as above.
        let consumed = unsafe { libbpf_sys::perf_buffer__consume(self.buffer.as_ptr()) };
        match consumed {
            error if error < 0 => Err(Errno::from_raw(-error)),
            _ => Ok(false),
        }
    }

    /// Hands out the records that are old enough, by their time.
    pub(crate) fn drain(&mut self, each: impl FnMut(&mut [u8])) {
        let horizon = if self.last { u64::MAX } else { self.horizon };
        // SAFETY: the inbox lives until drop, and libbpf writes to it only inside fill.
        let inbox = unsafe { self.inbox.as_mut() };
        inbox.drain(horizon, each);
    }

    /// From now on nothing is held back.
    pub(crate) fn no_more_comes(&mut self) {
        self.last = true;
    }
}

impl Drop for PerfReader {
    fn drop(&mut self) {
        // SAFETY: it was made by perf_buffer__new_raw, and is freed once.
        unsafe { libbpf_sys::perf_buffer__free(self.buffer.as_ptr()) };
        free(self.inbox);
    }
}

/// Frees an inbox that libbpf does not know, or not any more.
fn free(inbox: NonNull<Inbox>) {
    // SAFETY: it was leaked from a box in new, and this is called once for each.
    drop(unsafe { Box::from_raw(inbox.as_ptr()) });
}

/// One record of a perf buffer: of ours, or the kernel's word that some were lost, which our programs
/// have counted themselves.
extern "C" fn on_event(context: *mut c_void, _cpu: c_int, event: *mut perf_event_header) -> c_int {
    // SAFETY: the context is the inbox (see new), and libbpf calls this only inside fill.
    let inbox = unsafe { &mut *context.cast::<Inbox>() };
    // SAFETY: libbpf gives a whole record, which begins with this header.
    let header = unsafe { event.read_unaligned() };
    if header.type_ == RECORD_SAMPLE {
        // SAFETY: the record is as long as its header says.
        let record =
            unsafe { std::slice::from_raw_parts(event.cast::<u8>(), usize::from(header.size)) };
        inbox.push(raw_data(record));
    }
    GO_ON
}

/// What the program sent: behind the header and a length.
fn raw_data(record: &[u8]) -> &[u8] {
    let rest = record
        .get(size_of::<perf_event_header>()..)
        .unwrap_or_default();
    let Some((length, data)) = rest.split_first_chunk() else {
        return &[];
    };
    let length = usize::try_from(u32::from_ne_bytes(*length)).unwrap_or(usize::MAX);
    data.get(..length).unwrap_or(data)
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

    /// What two CPUs sent comes out by time; what is new waits; pieces of one exec keep their order.
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

    /// A length beyond the record's end is not believed.
    #[test]
    fn data_of_a_sample() {
        let sample = |length: u32| [&[0; 8][..], &length.to_ne_bytes(), b"data"].concat();
        assert_eq!(raw_data(&sample(3)), b"dat");
        assert_eq!(raw_data(&sample(99)), b"data");
        assert_eq!(raw_data(&[0; 9]), b"");
    }
}
