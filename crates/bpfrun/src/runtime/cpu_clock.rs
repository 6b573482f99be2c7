//! A perf event that ticks, for `perf_event` programs.

use std::io;
use std::os::fd::FromRawFd as _;
use std::os::fd::OwnedFd;

use execsnoop_host::cpus;
use libbpf_sys::perf_event_attr;
use nix::libc;

/// Opens a clock that ticks `frequency` times a second while that CPU is busy.
pub(crate) fn open_clock(cpu: i32, frequency: u64) -> io::Result<OwnedFd> {
    let mut attr = perf_event_attr {
        type_: libbpf_sys::PERF_TYPE_SOFTWARE,
        size: u32::try_from(size_of::<perf_event_attr>()).unwrap_or(0),
        config: u64::from(libbpf_sys::PERF_COUNT_SW_CPU_CLOCK),
        read_format: cpus::TIME_ENABLED,
        ..perf_event_attr::default()
    };
    attr.__bindgen_anon_1.sample_freq = frequency;
    attr.set_freq(1);
    let (every_process, no_group) = (-1, -1);
    // SAFETY: `attr` is a whole perf_event_attr that says its own size and outlives the call; the
    // kernel reads it, and writes to it only its size when it does not know this one.
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
    // SAFETY: the kernel has just made this descriptor, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
