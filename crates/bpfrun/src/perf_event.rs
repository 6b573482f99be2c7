//! Programs that run at regular times on every CPU. This is the only file with unsafe code here: nobody
//! wraps perf_event_open(2) for what we need of it.

use std::fs;
use std::io;
use std::mem::size_of;
use std::os::fd::AsRawFd as _;
use std::os::fd::FromRawFd as _;
use std::os::fd::IntoRawFd as _;
use std::os::fd::OwnedFd;

use libbpf_rs::Link;
use libbpf_rs::ProgramMut;
use libbpf_sys::perf_event_attr;
use nix::libc;

const ONLINE: &str = "/sys/devices/system/cpu/online";

/// Attaches a program to a clock on each CPU: `99`, `cpu-clock:99` (so many times a second).
pub(crate) fn attach(program: &ProgramMut<'_>, event: &str) -> libbpf_rs::Result<Vec<Link>> {
    let frequency = event.rsplit(':').next().and_then(|hertz| hertz.parse().ok());
    let Some(frequency) = frequency.filter(|hertz| *hertz > 0) else {
        let usage = "write it as perf_event/99: so many times a second";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, usage).into());
    };
    let online = fs::read_to_string(ONLINE)?;
    cpus(&online)
        .map(|cpu| {
            let fd = open_clock(cpu, frequency)?;
            let link = program.attach_perf_event(fd.as_raw_fd())?;
            // libbpf closes it together with the link.
            let _ = fd.into_raw_fd();
            Ok(link)
        })
        .collect()
}

/// The numbers in `0-3,5`.
fn cpus(list: &str) -> impl Iterator<Item = i32> + '_ {
    list.trim().split(',').flat_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let first = first.parse().unwrap_or(0);
        first..=last.parse().unwrap_or(-1)
    })
}

fn open_clock(cpu: i32, frequency: u64) -> io::Result<OwnedFd> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms of the kernel's lists.
    #[test]
    fn lists_of_cpus() {
        assert_eq!(cpus("0-1\n").collect::<Vec<_>>(), [0, 1]);
        assert_eq!(cpus("0,2-3,7").collect::<Vec<_>>(), [0, 2, 3, 7]);
        assert_eq!(cpus("0").collect::<Vec<_>>(), [0]);
    }
}
