//! Programs that run at regular times on every CPU.

use std::fs;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::fd::IntoRawFd as _;

use libbpf_rs::Link;
use libbpf_rs::ProgramMut;

use crate::runtime::cpu_clock::open_clock;

const ONLINE: &str = "/sys/devices/system/cpu/online";

/// Attaches a program to a clock on each CPU: `99`, `cpu-clock:99` (99 times a second).
pub(crate) fn attach(program: &ProgramMut<'_>, event: &str) -> libbpf_rs::Result<Vec<Link>> {
    let frequency = event
        .rsplit(':')
        .next()
        .and_then(|hertz| hertz.parse().ok());
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
