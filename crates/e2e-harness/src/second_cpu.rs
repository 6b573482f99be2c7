//! A second CPU that tests may switch off and on.

use std::fs;
use std::thread;
use std::time::Duration;

use nix::sched::CpuSet;
use nix::sched::sched_getaffinity;
use nix::sched::sched_setaffinity;
use nix::unistd::Pid;

const SWITCH: &str = "/sys/devices/system/cpu/cpu1/online";
const THIS_THREAD: Pid = Pid::from_raw(0);

/// Programs look for CPUs that came back every second.
const NOTICED: Duration = Duration::from_secs(4);

/// What a machine lacks where [`may_switch_cpus`] is false.
pub const NO_SWITCHABLE_CPU: &str = "SWITCH_CPUS=1 is not set, or there is no second CPU to switch";

/// Whether the tests may switch the second CPU off and on. It is taken from all others on the
/// machine, so that a person has to allow it.
pub fn may_switch_cpus() -> bool {
    std::env::var_os("SWITCH_CPUS").is_some() && fs::metadata(SWITCH).is_ok()
}

/// Switches it off and on, and waits until others must have noticed.
///
/// # Panics
///
/// If that does not work.
pub fn switch_second_cpu_off_and_on() {
    for state in ["0", "1"] {
        fs::write(SWITCH, state).expect("the second CPU can be switched");
        thread::sleep(NOTICED);
    }
}

/// Does something on that CPU. Children inherit the place.
///
/// # Panics
///
/// If this thread cannot go there.
pub fn on_second_cpu<T>(work: impl FnOnce() -> T) -> T {
    let everywhere = sched_getaffinity(THIS_THREAD).expect("it is somewhere");
    let mut there = CpuSet::new();
    there.set(1).expect("a small number");
    sched_setaffinity(THIS_THREAD, &there).expect("the CPU is online");
    let outcome = work();
    sched_setaffinity(THIS_THREAD, &everywhere).expect("it has been there");
    outcome
}
