//! Reading perf buffers: one for each CPU, for BPF_MAP_TYPE_PERF_EVENT_ARRAY.

use std::ffi::c_int;
use std::ffi::c_void;
use std::fmt;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::slice;
use std::time::Duration;

use libbpf_sys::bpf_perf_event_ret;
use libbpf_sys::perf_buffer;
use libbpf_sys::perf_buffer_raw_opts;
use libbpf_sys::perf_event_attr;
use libbpf_sys::perf_event_header;
use nix::errno::Errno;
use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;

use crate::cpus;
use crate::cpus::CpuWatch;
use crate::cpus::PerfEventLife;

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
///
/// It follows CPUs that go offline and come back: what an offline CPU left is read, and one that
/// comes gets a new buffer within a second or two. That takes the privileges of the beginning;
/// without them a warning says that events are lost. (What happens on a CPU before it has its
/// buffer is lost, and the program hears of it.)
pub struct PerfBuffer {
    buffers: Vec<CpuBuffer>,
    opening: Opening,
    watch: CpuWatch,
    /// Lost in buffers that are closed.
    lost_before: u64,
}

/// What it takes to open another buffer.
struct Opening {
    map: OwnedFd,
    pages: usize,
    wake_up: WakeUp,
    read_format: u64,
    /// libbpf holds its address.
    sink: Box<Sink>,
}

/// The buffer of one CPU.
struct CpuBuffer {
    cpu: i32,
    buffer: NonNull<perf_buffer>,
    life: PerfEventLife,
}

impl fmt::Debug for PerfBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpus: Vec<i32> = self.buffers.iter().map(|buffer| buffer.cpu).collect();
        f.debug_struct("PerfBuffer")
            .field("cpus", &cpus)
            .finish_non_exhaustive()
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
        let mut opening = Opening {
            map: map.try_clone_to_owned()?,
            pages,
            wake_up,
            read_format: cpus::TIME_ENABLED | PERF_FORMAT_LOST,
            sink: Box::new(sink),
        };
        let online = cpus::online()?;
        let counting = opening.open_all(&online);
        let buffers = counting.or_else(|_| {
            opening.read_format = cpus::TIME_ENABLED;
            opening.open_all(&online)
        })?;
        Ok(Self {
            buffers,
            opening,
            watch: CpuWatch::new(online),
            lost_before: 0,
        })
    }

    /// Waits at most `timeout`, and at most a second, for records or a signal, and hands the
    /// records of woken CPUs to the sink.
    ///
    /// # Errors
    ///
    /// As poll(2) fails, except for signals; and if a buffer cannot be read.
    pub fn poll(&mut self, timeout: Duration) -> io::Result<()> {
        self.follow_cpus()?;
        let timeout = PollTimeout::try_from(timeout.min(cpus::LOOK_INTERVAL));
        let mut waiting: Vec<PollFd<'_>> = self.buffers.iter().map(CpuBuffer::to_wait).collect();
        match nix::poll::poll(&mut waiting, timeout.unwrap_or(PollTimeout::MAX)) {
            Err(Errno::EINTR) => return Ok(()),
            outcome => outcome?,
        };
        let is_woken = |fd: &PollFd<'_>| fd.any().unwrap_or(false);
        let woken = waiting.iter().map(is_woken).zip(&self.buffers);
        let mut woken = woken.filter(|(is_woken, _)| *is_woken);
        woken.try_for_each(|(_, buffer)| buffer.consume())
    }

    /// Hands all waiting records to the sink.
    ///
    /// # Errors
    ///
    /// If a buffer cannot be read.
    pub fn consume(&mut self) -> io::Result<()> {
        self.follow_cpus()?;
        self.buffers.iter().try_for_each(CpuBuffer::consume)
    }

    /// How many samples did not fit; `None` if the kernel does not tell (before 6.0).
    pub fn lost(&self) -> Option<u64> {
        if self.opening.read_format & PERF_FORMAT_LOST == 0 {
            return None;
        }
        let now: Option<u64> = self.buffers.iter().map(CpuBuffer::lost).sum();
        Some(self.lost_before + now?)
    }

    fn follow_cpus(&mut self) -> io::Result<()> {
        let Some(change) = self.watch.look() else {
            return Ok(());
        };
        for cpu in change.came {
            self.open_again(cpu)?;
            if !self.buffers.iter().any(|buffer| buffer.cpu == cpu) {
                tracing::warn!(
                    "CPU {cpu} has come online, and cannot be read: its events are lost"
                );
            }
        }
        for cpu in change.check.unwrap_or_default() {
            let buffer = self.buffers.iter_mut().find(|buffer| buffer.cpu == cpu);
            if buffer.is_none_or(CpuBuffer::has_ended) {
                self.open_again(cpu)?;
            }
        }
        Ok(())
    }

    /// Closes the buffer of a CPU, after reading what is left, and opens another. The CPU may be
    /// gone again by then: that is tried again.
    fn open_again(&mut self, cpu: i32) -> io::Result<()> {
        if let Some(place) = self.buffers.iter().position(|buffer| buffer.cpu == cpu) {
            self.buffers[place].consume()?;
            let closed = self.buffers.swap_remove(place); // its place in the map is free after this
            self.lost_before += closed.lost().unwrap_or(0);
        }
        match self.opening.open(cpu) {
            Ok(buffer) => self.buffers.push(buffer),
            Err(error) => tracing::debug!("no perf buffer for CPU {cpu}: {error}"),
        }
        Ok(())
    }
}

impl Opening {
    fn open_all(&mut self, cpus: &[i32]) -> io::Result<Vec<CpuBuffer>> {
        cpus.iter().map(|&cpu| self.open(cpu)).collect()
    }

    fn open(&mut self, cpu: i32) -> io::Result<CpuBuffer> {
        let mut attr = self.event();
        let (mut cpu_number, mut map_key) = (cpu, cpu);
        let options = perf_buffer_raw_opts {
            sz: size_of::<perf_buffer_raw_opts>() as libbpf_sys::size_t,
            cpu_cnt: 1,
            cpus: &raw mut cpu_number,
            map_keys: &raw mut map_key,
            ..perf_buffer_raw_opts::default()
        };
        let context: *mut c_void = (&raw mut *self.sink).cast();
        // SAFETY: libbpf copies `attr` and what the options point to; the map is open; `context` is
        // a Sink that lives as long as the buffers, as `on_record` needs it.
        let buffer = unsafe {
            libbpf_sys::perf_buffer__new_raw(
                self.map.as_raw_fd(),
                self.pages as libbpf_sys::size_t,
                &raw mut attr,
                Some(on_record),
                context,
                &raw const options,
            )
        };
        Ok(CpuBuffer {
            cpu,
            buffer: NonNull::new(buffer).ok_or_else(io::Error::last_os_error)?,
            life: PerfEventLife::default(),
        })
    }

    fn event(&self) -> perf_event_attr {
        let mut attr = perf_event_attr {
            type_: libbpf_sys::PERF_TYPE_SOFTWARE,
            size: u32::try_from(size_of::<perf_event_attr>()).unwrap_or(0),
            config: u64::from(libbpf_sys::PERF_COUNT_SW_BPF_OUTPUT),
            sample_type: u64::from(libbpf_sys::PERF_SAMPLE_RAW),
            read_format: self.read_format,
            ..perf_event_attr::default()
        };
        attr.__bindgen_anon_1.sample_period = 1;
        match self.wake_up {
            WakeUp::EachRecord => attr.__bindgen_anon_2.wakeup_events = 1,
            WakeUp::Bytes(bytes) => {
                attr.set_watermark(1);
                attr.__bindgen_anon_2.wakeup_watermark = bytes;
            }
        }
        attr
    }
}

impl CpuBuffer {
    fn to_wait(&self) -> PollFd<'_> {
        // SAFETY: the buffer is open until we are dropped, and its descriptor with it.
        let epoll = unsafe {
            BorrowedFd::borrow_raw(libbpf_sys::perf_buffer__epoll_fd(self.buffer.as_ptr()))
        };
        PollFd::new(epoll, PollFlags::POLLIN)
    }

    fn consume(&self) -> io::Result<()> {
        // SAFETY: the buffer is open until we are dropped.
        outcome(unsafe { libbpf_sys::perf_buffer__consume(self.buffer.as_ptr()) })
    }

    fn event(&self) -> Option<BorrowedFd<'_>> {
        // SAFETY: the buffer is open until we are dropped.
        let fd = unsafe { libbpf_sys::perf_buffer__buffer_fd(self.buffer.as_ptr(), 0) };
        // SAFETY: the descriptor is the buffer's, which is open until we are dropped.
        (fd >= 0).then(|| unsafe { BorrowedFd::borrow_raw(fd) })
    }

    fn has_ended(&mut self) -> bool {
        let mut life = std::mem::take(&mut self.life);
        let has_ended = self.event().is_none_or(|event| life.has_ended(event));
        self.life = life;
        has_ended
    }

    fn lost(&self) -> Option<u64> {
        // With our read_format: the event's value, how long it was enabled, then what was lost.
        let mut numbers = [0; 24];
        let length = nix::unistd::read(self.event()?, &mut numbers).ok()?;
        let lost: &[u8; 8] = numbers.get(..length)?.last_chunk()?;
        (length == numbers.len()).then(|| u64::from_ne_bytes(*lost))
    }
}

impl Drop for CpuBuffer {
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
