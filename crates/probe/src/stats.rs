//! What the programs cost, and whether the kernel skipped runs of them.

use std::mem;
use std::os::fd::AsRawFd as _;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd as _;
use std::os::fd::OwnedFd;

use libbpf_sys::bpf_prog_info;
use nix::errno::Errno;

/// What the kernel counts for one program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramStats {
    /// Name in the BPF object.
    pub name: String,
    /// Runs, counted while run times were measured.
    pub runs: u64,
    /// Nanoseconds of them all.
    pub run_ns: u64,
    /// Runs that the kernel skipped because the program was already running on that CPU (5.12+).
    pub skipped: u64,
}

/// What `--stats` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// Each attached program.
    pub programs: Vec<ProgramStats>,
    /// Whether run times were measured; else runs and their times are not known.
    pub measured: bool,
    /// The most bytes that waited in the ring at any time.
    pub ring_high_bytes: u64,
    /// Size of the ring in bytes.
    pub ring_bytes: u64,
}

/// Asks the kernel about one program.
pub(crate) fn of_program(name: &str, program: BorrowedFd<'_>) -> Result<ProgramStats, Errno> {
    // Zeroed: the kernel takes counts of arrays that it finds here for buffers to fill.
    // SAFETY: the struct is made of integers and pointer-sized integers.
    let mut info: bpf_prog_info = unsafe { mem::zeroed() };
    let mut size = u32::try_from(size_of::<bpf_prog_info>()).expect("some hundred bytes");
    // SAFETY: `info` and `size` outlive the call, and `size` is that of `info`.
    let outcome = unsafe {
        libbpf_sys::bpf_prog_get_info_by_fd(program.as_raw_fd(), &raw mut info, &raw mut size)
    };
    if outcome < 0 {
        return Err(Errno::from_raw(-outcome));
    }
    Ok(ProgramStats {
        name: name.to_owned(),
        runs: info.run_cnt,
        run_ns: info.run_time_ns,
        skipped: info.recursion_misses,
    })
}

/// Makes the kernel measure run times for as long as the descriptor lives (5.8+).
pub(crate) fn measure_run_times() -> Result<OwnedFd, Errno> {
    // SAFETY: no pointers are passed.
    let fd = unsafe { libbpf_sys::bpf_enable_stats(libbpf_sys::BPF_STATS_RUN_TIME) };
    if fd < 0 {
        return Err(Errno::from_raw(-fd));
    }
    // SAFETY: the kernel has just given us this descriptor, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
