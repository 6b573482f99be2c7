//! Waiting for a condition without spinning.

use std::thread;
use std::time::Duration;
use std::time::Instant;

/// The pause after the first look, and the longest one: each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Looks at a condition until it holds or the time is over, and sleeps between the looks. Returns
/// whether it held.
pub(crate) fn wait_until<E>(
    timeout: Duration,
    mut is_met: impl FnMut() -> Result<bool, E>,
) -> Result<bool, E> {
    let deadline = Instant::now() + timeout;
    let mut pause = FIRST_PAUSE;
    while !is_met()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        thread::sleep(pause.min(left));
        pause = LONGEST_PAUSE.min(2 * pause);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What never comes is looked for a few times, until the time is over.
    #[test]
    fn waits_without_spinning() {
        let (begin, timeout) = (Instant::now(), Duration::from_millis(200));
        let mut looks = 0;
        let held = wait_until(timeout, || {
            looks += 1;
            Ok::<_, ()>(false)
        });
        assert_eq!(held, Ok(false));
        assert!(begin.elapsed() >= timeout);
        assert!((2..30).contains(&looks), "{looks} looks");
    }

    /// What is there already is not waited for, and an error ends the wait.
    #[test]
    fn ends_at_once() {
        let long = Duration::from_secs(60);
        assert_eq!(wait_until(long, || Ok::<_, ()>(true)), Ok(true));
        assert_eq!(wait_until(long, || Err("broken")), Err("broken"));
    }
}
