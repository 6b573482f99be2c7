//! What a process used.

use super::process_id::ProcessId;

/// What a process cost, all of its threads together, from its fork on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Time on a CPU, and how it divides.
    pub cpu: Cpu,
    /// Peak memory in bytes of the last image; `None` if the kernel only has the peak of the
    /// process, and that was reached before the exec.
    pub max_rss_bytes: Option<u64>,
    /// Peak memory in bytes of the process, including the time before exec (`ru_maxrss`).
    pub peak_rss_bytes: u64,
    /// Page faults that needed no I/O.
    pub minor_faults: u64,
    /// Page faults that needed I/O.
    pub major_faults: u64,
    /// Voluntary context switches: the process waited.
    pub voluntary_switches: u64,
    /// Involuntary context switches: the process was preempted.
    pub involuntary_switches: u64,
    /// Bytes read and written; `None` if the kernel does not count them.
    pub io: Option<Io>,
}

/// Bytes read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Io {
    /// Read from storage.
    pub read_bytes: u64,
    /// To be written to storage.
    pub write_bytes: u64,
    /// Read by system calls, from any kind of file.
    pub read_chars: u64,
    /// Written by system calls, to any kind of file.
    pub write_chars: u64,
}

/// Time on a CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpu {
    /// All of it, in ns.
    pub total_ns: u64,
    /// Whether that is the kernel's final figure, or an estimate made at the exit.
    pub exact: bool,
    /// In user mode, by clock ticks: a share of the total as the kernel divides it.
    pub user_ns: u64,
    /// In the kernel.
    pub system_ns: u64,
}

impl Cpu {
    /// Divides a total as the kernel does for `wait4` (`cputime_adjust`, kernel/sched/cputime.c):
    /// by the ratio of its clock ticks, and all to the user when no tick hit the kernel.
    pub fn divided(total_ns: u64, exact: bool, user_ticks_ns: u64, system_ticks_ns: u64) -> Self {
        let system_ns = match (user_ticks_ns, system_ticks_ns) {
            (_, 0) => 0,
            (0, _) => total_ns,
            (user, system) => share(total_ns, system, user),
        };
        Self {
            total_ns,
            exact,
            user_ns: total_ns - system_ns,
            system_ns,
        }
    }
}

/// The share of `part` in a total that is divided between `part` and `rest`.
fn share(total: u64, part: u64, rest: u64) -> u64 {
    // 64 bits are nearly always enough, and their division takes a tenth of the time.
    if let (Some(product), Some(sum)) = (total.checked_mul(part), part.checked_add(rest)) {
        return product / sum;
    }
    let (total_wide, part) = (u128::from(total), u128::from(part));
    u64::try_from(total_wide * part / (u128::from(rest) + part)).unwrap_or(total)
}

/// The final resource usage of a process that was reaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinalUsage {
    /// The process.
    pub process: ProcessId,
    /// Its time on a CPU, exact.
    pub cpu: Cpu,
}
