//! Reading perf buffers: one for each CPU, for BPF_MAP_TYPE_PERF_EVENT_ARRAY.

use std::ffi::c_int;
use std::ffi::c_void;
use std::fmt;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::slice;
use std::time::Duration;

use libbpf_sys::bpf_perf_event_ret;
use libbpf_sys::perf_buffer;
use libbpf_sys::perf_event_attr;
use libbpf_sys::perf_event_header;
use nix::errno::Errno;

/// PERF_FORMAT_LOST (6.0+): the counter of a buffer tells how many samples were lost.
const PERF_FORMAT_LOST: u64 = libbpf_sys::PERF_FORMAT_LOST as u64;

/// A record of a perf buffer.
#[derive(Debug)]
pub enum PerfRecord<'a> {
    /// What a program sent, and on which CPU.
    Sample(i32, &'a [u8]),
    /// This many samples did not fit.
    Lost(u64),
}

/// When the reader is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WakeUp {
    /// By each record.
    EachRecord,
    /// When this many bytes wait on a CPU.
    Bytes(u32),
}

/// Receives records. It must not panic: libbpf calls it.
pub type Sink = Box<dyn FnMut(PerfRecord<'_>)>;

/// The reading end of a perf event array.
pub struct PerfBuffer {
    buffer: NonNull<perf_buffer>,
    /// libbpf holds its address.
    _sink: Box<Sink>,
    counts_losses: bool,
}

impl fmt::Debug for PerfBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerfBuffer").finish_non_exhaustive()
    }
}

impl PerfBuffer {
    /// Opens a buffer of `pages` pages for each CPU. Records go to `sink`, from within
    /// [`poll`](Self::poll) and [`consume`](Self::consume).
    ///
    /// # Errors
    ///
    /// If the kernel refuses: mostly for want of memory or capabilities.
    pub fn open(
        map: BorrowedFd<'_>,
        pages: usize,
        wake_up: WakeUp,
        sink: Sink,
    ) -> io::Result<Self> {
        let mut sink = Box::new(sink);
        let context: *mut c_void = (&raw mut *sink).cast();
        let open = |read_format| open_buffer(map, pages, wake_up, read_format, context);
        let counting = open(PERF_FORMAT_LOST);
        let counts_losses = counting.is_ok();
        let buffer = counting.or_else(|_| open(0))?;
        Ok(Self {
            buffer,
            _sink: sink,
            counts_losses,
        })
    }

    /// Waits at most `timeout` for records or a signal, and hands the records of woken CPUs to the
    /// sink.
    ///
    /// # Errors
    ///
    /// As epoll_wait(2) fails, except for signals.
    pub fn poll(&self, timeout: Duration) -> io::Result<()> {
        let milliseconds = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the buffer is open until we are dropped.
        outcome(unsafe { libbpf_sys::perf_buffer__poll(self.buffer.as_ptr(), milliseconds) })
    }

    /// Hands all waiting records to the sink.
    ///
    /// # Errors
    ///
    /// If a buffer cannot be read.
    pub fn consume(&self) -> io::Result<()> {
        // SAFETY: the buffer is open until we are dropped.
        outcome(unsafe { libbpf_sys::perf_buffer__consume(self.buffer.as_ptr()) })
    }

    /// How many samples did not fit; `None` if the kernel does not tell (before 6.0).
    pub fn lost(&self) -> Option<u64> {
        // SAFETY: the buffer is open until we are dropped.
        let count = unsafe { libbpf_sys::perf_buffer__buffer_cnt(self.buffer.as_ptr()) };
        let all = (0..count).map(|index| self.lost_on(index)).sum();
        if self.counts_losses { all } else { None }
    }

    fn lost_on(&self, index: libbpf_sys::size_t) -> Option<u64> {
        // SAFETY: the buffer is open until we are dropped.
        let fd = unsafe { libbpf_sys::perf_buffer__buffer_fd(self.buffer.as_ptr(), index) };
        if fd < 0 {
            return None;
        }
        // SAFETY: the descriptor is the buffer's, which is open until we are dropped.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        // With our read_format: the event's value, then what was lost.
        let mut numbers = [0; 16];
        let length = nix::unistd::read(fd, &mut numbers).ok()?;
        let lost: &[u8; 8] = numbers.get(..length)?.last_chunk()?;
        (length == numbers.len()).then(|| u64::from_ne_bytes(*lost))
    }
}

impl Drop for PerfBuffer {
    fn drop(&mut self) {
        // SAFETY: it was opened by libbpf, and is not used after this.
        unsafe { libbpf_sys::perf_buffer__free(self.buffer.as_ptr()) };
    }
}

fn outcome(code: c_int) -> io::Result<()> {
    match code {
        0.. => Ok(()),
        code if code == -(Errno::EINTR as c_int) => Ok(()),
        error => Err(io::Error::from_raw_os_error(-error)),
    }
}

fn open_buffer(
    map: BorrowedFd<'_>,
    pages: usize,
    wake_up: WakeUp,
    read_format: u64,
    context: *mut c_void,
) -> io::Result<NonNull<perf_buffer>> {
    let mut attr = perf_event_attr {
        type_: libbpf_sys::PERF_TYPE_SOFTWARE,
        size: u32::try_from(size_of::<perf_event_attr>()).unwrap_or(0),
        config: u64::from(libbpf_sys::PERF_COUNT_SW_BPF_OUTPUT),
        sample_type: u64::from(libbpf_sys::PERF_SAMPLE_RAW),
        read_format,
        ..perf_event_attr::default()
    };
    attr.__bindgen_anon_1.sample_period = 1;
    match wake_up {
        WakeUp::EachRecord => attr.__bindgen_anon_2.wakeup_events = 1,
        WakeUp::Bytes(bytes) => {
            attr.set_watermark(1);
            attr.__bindgen_anon_2.wakeup_watermark = bytes;
        }
    }
    // SAFETY: libbpf copies `attr`; the map is open; `context` is a Sink that lives as long as the
    // buffer, as `on_record` needs it.
    let buffer = unsafe {
        libbpf_sys::perf_buffer__new_raw(
            map.as_raw_fd(),
            pages as libbpf_sys::size_t,
            &raw mut attr,
            Some(on_record),
            context,
            std::ptr::null(),
        )
    };
    NonNull::new(buffer).ok_or_else(io::Error::last_os_error)
}

unsafe extern "C" fn on_record(
    context: *mut c_void,
    cpu: c_int,
    header: *mut perf_event_header,
) -> bpf_perf_event_ret {
    // SAFETY: it is the Sink that was given with this function, and only used here: libbpf calls us
    // from within `poll` and `consume`, one call at a time.
    let sink: &mut Sink = unsafe { &mut *context.cast() };
    // SAFETY: libbpf hands over a whole record, as long as its header says, and in one piece.
    let (kind, record) = unsafe {
        let length = usize::from((*header).size);
        (
            (*header).type_,
            slice::from_raw_parts(header.cast::<u8>(), length),
        )
    };
    if let Some(record) = perf_record(kind, cpu, record) {
        sink(record);
    }
    libbpf_sys::LIBBPF_PERF_EVENT_CONT
}

/// Reads a record (perf_event_open(2), "MMAP layout"): with its header of 8 bytes.
fn perf_record(kind: u32, cpu: i32, record: &[u8]) -> Option<PerfRecord<'_>> {
    let body = record.get(size_of::<perf_event_header>()..)?;
    match kind {
        libbpf_sys::PERF_RECORD_SAMPLE => {
            let (length, data) = body.split_first_chunk()?;
            let length = usize::try_from(u32::from_ne_bytes(*length)).ok()?;
            Some(PerfRecord::Sample(cpu, data.get(..length)?))
        }
        libbpf_sys::PERF_RECORD_LOST => {
            let (_id, lost) = body.split_first_chunk::<8>()?;
            Some(PerfRecord::Lost(u64::from_ne_bytes(*lost.first_chunk()?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples end where they say, and nothing is read beyond a record.
    #[test]
    fn perf_records() {
        let sample = [&[0; 8][..], &2u32.to_ne_bytes(), b"abc"].concat();
        let read = perf_record(libbpf_sys::PERF_RECORD_SAMPLE, 1, &sample);
        assert!(matches!(read, Some(PerfRecord::Sample(1, b"ab"))));
        let short = perf_record(libbpf_sys::PERF_RECORD_SAMPLE, 1, &sample[..13]);
        assert!(short.is_none());
        let lost = [&[0; 16][..], &7u64.to_ne_bytes()].concat();
        let read = perf_record(libbpf_sys::PERF_RECORD_LOST, 0, &lost);
        assert!(matches!(read, Some(PerfRecord::Lost(7))));
        assert!(perf_record(libbpf_sys::PERF_RECORD_LOST, 0, &lost[..20]).is_none());
    }
}
