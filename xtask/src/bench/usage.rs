//! Resource usage of a running tracer: CPU time, memory, kernel memory, files.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::thread::sleep;
use std::thread::spawn;
use std::time::Duration;
use std::time::Instant;

use anyhow::Result;
use anyhow::anyhow;

/// Resource usage at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    /// CPU time since the start.
    pub(crate) cpu_ns: u64,
    /// Peak resident memory, including pages that are shared with the kernel.
    pub(crate) peak_rss_kb: u64,
    /// The part of it that is mapped from ring buffers now.
    pub(crate) ring_kb: u64,
    /// Kernel memory of its maps and perf buffers.
    pub(crate) kernel_kb: u64,
}

impl Usage {
    /// Of a process. A kernel thread that works for it adds its CPU time. Values that cannot be
    /// read are 0.
    pub(crate) fn of(pid: u32, helper: Option<u32>) -> Self {
        let rings = ring_mappings(pid);
        Self {
            cpu_ns: cpu_ns(pid) + helper.map_or(0, cpu_ns),
            peak_rss_kb: status_kb(pid, "VmHWM:"),
            ring_kb: rings.resident,
            kernel_kb: map_bytes(pid) / 1024 + rings.perf,
        }
    }

    fn or_more(self, other: Self) -> Self {
        Self {
            cpu_ns: self.cpu_ns.max(other.cpu_ns),
            peak_rss_kb: self.peak_rss_kb.max(other.peak_rss_kb),
            ring_kb: self.ring_kb.max(other.ring_kb),
            kernel_kb: self.kernel_kb.max(other.kernel_kb),
        }
    }
}

/// CPU time of all threads, from schedstat, since ticks are too coarse
/// (`Documentation/scheduler/sched-stats.rst`).
pub(crate) fn cpu_ns(pid: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return 0;
    };
    let of_thread = |path: std::path::PathBuf| {
        let text = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        text.split(' ')
            .next()
            .and_then(|word| word.parse::<u64>().ok())
    };
    threads
        .flatten()
        .filter_map(|thread| of_thread(thread.path()))
        .sum::<u64>()
}

fn status_kb(pid: u32, field: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    text.lines()
        .find_map(|line| kb_of(line, field))
        .unwrap_or(0)
}

/// `VmHWM:      1234 kB`
fn kb_of(line: &str, field: &str) -> Option<u64> {
    line.strip_prefix(field)?
        .trim()
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()
}

#[derive(Debug, Default, PartialEq)]
struct Rings {
    resident: u64,
    perf: u64,
}

/// A BPF ring buffer maps its pages twice, so that records never wrap. Resident memory counts them
/// twice as well.
fn ring_mappings(pid: u32) -> Rings {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap_or_default();
    rings_in(&text)
}

fn rings_in(smaps: &str) -> Rings {
    let mut rings = Rings::default();
    let (mut bpf, mut perf) = (false, false);
    for line in smaps.lines() {
        if line.contains("-") && line.split(' ').nth(1).is_some_and(|word| word.len() == 4) {
            bpf = line.contains("anon_inode:bpf");
            perf = line.contains("anon_inode:[perf_event]");
        } else if let Some(kb) = kb_of(line, "Rss:").filter(|_| bpf || perf) {
            rings.resident += kb;
        } else if let Some(kb) = kb_of(line, "Size:").filter(|_| perf) {
            rings.perf += kb;
        }
    }
    rings
}

/// Counts each map once, even if several descriptors refer to it.
fn map_bytes(pid: u32) -> u64 {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fdinfo")) else {
        return 0;
    };
    let infos = files
        .flatten()
        .filter_map(|file| fs::read_to_string(file.path()).ok());
    let maps: HashMap<u64, u64> = infos.filter_map(|info| map_in(&info)).collect();
    maps.values().sum()
}

/// A map's id and memory, from the fdinfo of a descriptor.
fn map_in(fdinfo: &str) -> Option<(u64, u64)> {
    let number = |name: &str| {
        let line = fdinfo.lines().find(|line| line.starts_with(name))?;
        line.split(':').nth(1)?.trim().parse().ok()
    };
    number("map_type:")?;
    Some((number("map_id:")?, number("memlock:")?))
}

/// The size of the program and its libraries, in bytes.
pub(crate) fn loaded_bytes(pid: u32) -> u64 {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let mut files: Vec<&str> = maps.lines().filter_map(loaded_file).collect();
    files.sort_unstable();
    files.dedup();
    files
        .into_iter()
        .filter_map(|path| Some(fs::metadata(path).ok()?.len()))
        .sum()
}

/// The file of a mapping that holds code.
fn loaded_file(line: &str) -> Option<&str> {
    let mode = line.split(' ').nth(1)?;
    let path = &line[line.find('/')?..];
    mode.contains('x').then_some(path)
}

/// The pid of the kernel thread of this name.
pub(crate) fn kernel_thread(name: &str) -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?;
    let mut pids = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.find(|pid: &u32| {
        let comm = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        comm.trim_end() == name
    })
}

/// Waits until a process is idle, 30 s at most.
pub(crate) fn wait_until_quiet(pid: u32) {
    let start = Instant::now();
    let mut before = cpu_ns(pid);
    while start.elapsed() < Duration::from_secs(30) {
        sleep(Duration::from_millis(200));
        let now = cpu_ns(pid);
        if now - before < 1_000_000 {
            return;
        }
        before = now;
    }
}

/// Samples a process until it is stopped: usage cannot be read after the process has ended.
#[derive(Debug)]
pub(crate) struct Sampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Usage>,
}

impl Sampler {
    pub(crate) fn start(pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = spawn(move || {
            let mut most = Usage::default();
            while !stopped.load(Ordering::Relaxed) {
                most = most.or_more(Usage::of(pid, None));
                sleep(Duration::from_millis(20));
            }
            most
        });
        Self { stop, thread }
    }

    /// The maximum of each value.
    pub(crate) fn stop(self) -> Result<Usage> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the sampler died"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_told_from_other_files() {
        let map =
            "pos:\t0\nmap_type:\t27\nmax_entries:\t16777216\nmemlock:\t16797696\nmap_id:\t7\n";
        assert_eq!(map_in(map), Some((7, 16_797_696)));
        assert_eq!(
            map_in("pos:\t0\nprog_type:\t26\nmemlock:\t4096\nprog_id:\t3\n"),
            None
        );
    }

    #[test]
    fn rings_are_found_among_mappings() {
        let smaps = "\
7f00-7f10 rw-s 00000000 00:0e 12 anon_inode:[perf_event]
Size:                260 kB
Rss:                  64 kB
7f10-7f20 r--s 00001000 00:0e 12                         anon_inode:bpf-map
Size:               4096 kB
Rss:                2048 kB
7f20-7f30 r-xp 00000000 fe:00 99                         /usr/bin/x
Size:                100 kB
Rss:                 100 kB
";
        let expected = Rings {
            resident: 2112,
            perf: 260,
        };
        assert_eq!(rings_in(smaps), expected);
    }

    #[test]
    fn only_files_with_code_are_loaded() {
        let code = "55d0-55d1 r-xp 00000000 fe:00 99                         /usr/bin/x";
        let data = "55d0-55d1 r--p 00000000 fe:00 99                         /usr/share/x";
        assert_eq!(loaded_file(code), Some("/usr/bin/x"));
        assert_eq!(loaded_file(data), None);
        assert_eq!(
            loaded_file("7ffc-7ffd r-xp 00000000 00:00 0                          [vdso]"),
            None
        );
    }

    #[test]
    fn this_process_takes_time_and_memory() {
        let usage = Usage::of(std::process::id(), None);
        assert!(usage.cpu_ns > 0 && usage.peak_rss_kb > 100, "{usage:?}");
        assert!(loaded_bytes(std::process::id()) > 100_000);
    }
}
