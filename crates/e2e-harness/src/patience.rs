//! How long things may take.

use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;
use std::time::Instant;

/// How many times slower this machine is than usual: `SLOW=20` for an emulated processor.
pub fn slowness() -> u32 {
    static SLOW: OnceLock<u32> = OnceLock::new();
    let number = |slow: String| slow.parse::<NonZeroU32>().expect("SLOW is a number");
    *SLOW.get_or_init(|| std::env::var("SLOW").map_or(1, |slow| number(slow).get()))
}

/// A time that is longer than anything takes that works.
pub fn patience() -> Duration {
    Duration::from_secs(30) * slowness()
}

/// Waits until `condition` holds; fails when it never does.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience();
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
