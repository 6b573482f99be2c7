//! Calls of libbpf and of the kernel that nobody wraps as we need them. This is the only file here with
//! unsafe code.

use std::ffi::c_char;
use std::ffi::c_int;
use std::ffi::c_void;
use std::io;
use std::mem::size_of;
use std::os::fd::FromRawFd as _;
use std::os::fd::OwnedFd;

use libbpf_sys::libbpf_print_fn_t;
use libbpf_sys::libbpf_print_level;
use libbpf_sys::perf_event_attr;
use nix::libc;

/// libbpf's callback as C sees it. How bindgen writes a `va_list` depends on the machine; handed over,
/// it is a pointer on those that we know.
type PrintCallback =
    unsafe extern "C" fn(libbpf_print_level, *const c_char, *mut c_void) -> c_int;

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
