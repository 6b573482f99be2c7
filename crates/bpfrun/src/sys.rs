//! Calls of libbpf and of the kernel that nobody wraps as we need them. This is the only file here with
//! unsafe code.

use std::ffi::c_char;
use std::ffi::c_int;
use std::ffi::c_void;
use std::io;
use std::mem::size_of;
use std::os::fd::AsRawFd as _;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd as _;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::slice;
use std::time::Duration;

use libbpf_sys::bpf_perf_event_ret;
use libbpf_sys::libbpf_print_fn_t;
use libbpf_sys::libbpf_print_level;
use libbpf_sys::perf_buffer;
use libbpf_sys::perf_event_attr;
use libbpf_sys::perf_event_header;
use nix::libc;

/// libbpf's callback as C sees it. How bindgen writes a `va_list` depends on the machine; handed over,
/// it is a pointer on those that we know.
type PrintCallback = unsafe extern "C" fn(libbpf_print_level, *const c_char, *mut c_void) -> c_int;

/// Makes libbpf talk to [`libbpf_log`](crate::libbpf_log). (libbpf-rs can do that as well, but panics at
/// text that is not UTF-8, and names in a hostile object need not be.)
pub(crate) fn capture_messages() {
    let callback: PrintCallback = on_message;
    // SAFETY: the two types differ only in how they write the last argument, which is a pointer.
    let callback: libbpf_print_fn_t = unsafe { std::mem::transmute(callback) };
    // SAFETY: libbpf keeps a function, which is there for ever.
    unsafe { libbpf_sys::libbpf_set_print(callback) };
}

unsafe extern "C" fn on_message(
    level: libbpf_print_level,
    format: *const c_char,
    arguments: *mut c_void,
) -> c_int {
    // SAFETY: libbpf calls us with a format and the arguments that belong to it, as it would vprintf.
    if let Ok(message) = unsafe { vsprintf::vsprintf_raw(format, arguments) } {
        let message = String::from_utf8_lossy(&message);
        crate::libbpf_log::on_message(level == libbpf_sys::LIBBPF_WARN, &message);
    }
    0
}

/// Opens a clock that ticks so many times a second, as long as that CPU does something.
pub(crate) fn open_clock(cpu: i32, frequency: u64) -> io::Result<OwnedFd> {
    let mut attr = perf_event_attr {
        type_: libbpf_sys::PERF_TYPE_SOFTWARE,
        size: u32::try_from(size_of::<perf_event_attr>()).unwrap_or(0),
        config: u64::from(libbpf_sys::PERF_COUNT_SW_CPU_CLOCK),
        ..perf_event_attr::default()
    };
    attr.__bindgen_anon_1.sample_freq = frequency;
    attr.set_freq(1);
    let (every_process, no_group) = (-1, -1);
    // SAFETY: `attr` is a whole perf_event_attr that says its own size and outlives the call; the kernel
    // reads it, and writes to it only its size when it does not know this one.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw mut attr,
            every_process,
            cpu,
            no_group,
            libbpf_sys::PERF_FLAG_FD_CLOEXEC,
        )
    };
    let fd = i32::try_from(fd).unwrap_or(-1);
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// What comes out of a perf buffer: from a CPU, the bytes of a sample or a number of lost ones.
pub(crate) enum PerfRecord<'a> {
    Sample(i32, &'a [u8]),
    Lost(u64),
}

type Sink = Box<dyn FnMut(PerfRecord<'_>)>;

/// A perf buffer of libbpf's that also tells, at any time, how much was lost in all. (That of libbpf-rs
/// hears of losses only when there is room again, and so never of the last ones.)
pub(crate) struct PerfBuffer {
    buffer: NonNull<perf_buffer>,
    /// Boxed twice, for an address that stays and fits into one pointer.
    _sink: Box<Sink>,
    counts_losses: bool,
}

impl PerfBuffer {
    /// Opens a perf event array, with so many pages for each CPU.
    pub(crate) fn open(map: BorrowedFd<'_>, pages: usize, sink: Sink) -> io::Result<Self> {
        let mut sink = Box::new(sink);
        let mut open = |read_format| {
            let context: *mut Sink = &mut *sink;
            open_perf_buffer(map, pages, read_format, context.cast())
        };
        // PERF_FORMAT_LOST came with Linux 6.0.
        let counting = open(u64::from(libbpf_sys::PERF_FORMAT_LOST));
        let counts_losses = counting.is_ok();
        let buffer = counting.or_else(|_| open(0))?;
        Ok(Self {
            buffer,
            _sink: sink,
            counts_losses,
        })
    }

    /// Waits for records, and hands what there is to the sink.
    pub(crate) fn poll(&self, timeout: Duration) -> io::Result<()> {
        let milliseconds = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the buffer is open until we are dropped.
        outcome(unsafe { libbpf_sys::perf_buffer__poll(self.buffer.as_ptr(), milliseconds) })
    }

    /// Hands what there is to the sink.
    pub(crate) fn consume(&self) -> io::Result<()> {
        // SAFETY: the buffer is open until we are dropped.
        outcome(unsafe { libbpf_sys::perf_buffer__consume(self.buffer.as_ptr()) })
    }

    /// How many samples there was no room for, if the kernel tells.
    pub(crate) fn lost(&self) -> Option<u64> {
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
        // SAFETY: it was opened by libbpf, and nobody uses it after us.
        unsafe { libbpf_sys::perf_buffer__free(self.buffer.as_ptr()) };
    }
}

fn outcome(code: c_int) -> io::Result<()> {
    match code {
        0.. => Ok(()),
        error => Err(io::Error::from_raw_os_error(-error)),
    }
}

fn open_perf_buffer(
    map: BorrowedFd<'_>,
    pages: usize,
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
    attr.__bindgen_anon_2.wakeup_events = 1;
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
