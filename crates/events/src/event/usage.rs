//! What a process used.

use super::process_id::ProcessId;

/// What a process cost, all of its threads together, from its fork on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Time on a CPU, and how it divides.
    pub cpu: Cpu,
    /// Peak memory in bytes of the image that ran at the end; `None` when the kernel only knows the
    /// process's peak, and that is from before the exec.
    pub max_rss_bytes: Option<u64>,
    /// Peak memory in bytes of the process, what it had before exec among it (`ru_maxrss`).
    pub peak_rss_bytes: u64,
    /// Page faults that needed no I/O.
    pub minor_faults: u64,
    /// Page faults that did.
    pub major_faults: u64,
    /// Context switches because it waited.
    pub voluntary_switches: u64,
    /// Context switches because its time was over.
    pub involuntary_switches: u64,
    /// Reading and writing; `None` when the kernel keeps no account of it.
    pub io: Option<Io>,
}

/// Bytes read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Io {
    /// Read from storage.
    pub read_bytes: u64,
    /// To be written to storage.
    pub write_bytes: u64,
    /// Read by system calls, from wherever.
    pub read_chars: u64,
    /// Written by system calls, to wherever.
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

/// Of a total, the share of `one` beside `other`.
fn share(total: u64, one: u64, other: u64) -> u64 {
    // Nearly always words are enough, and are divided in a tenth of the time.
    if let (Some(product), Some(sum)) = (total.checked_mul(one), one.checked_add(other)) {
        return product / sum;
    }
    let (wide, one) = (u128::from(total), u128::from(one));
    u64::try_from(wide * one / (u128::from(other) + one)).unwrap_or(total)
}

/// The final accounts of a process that was reaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinalUsage {
    /// The process.
    pub process: ProcessId,
    /// Its time on a CPU, exact.
    pub cpu: Cpu,
}
