//! Plays events as fast as they happened.

use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

/// A longer gap, such as between two recordings, is shortened to this.
const LONGEST_GAP: Duration = Duration::from_secs(60);

/// Waits between events as long as it took, divided by a factor.
#[derive(Debug)]
pub struct Pace {
    speed: f64,
    /// When the first event was played, and when it happened.
    begun: Option<(Instant, Timestamp)>,
}

impl Pace {
    /// This many times faster than it happened.
    pub fn new(speed: f64) -> Self {
        Self { speed, begun: None }
    }

    /// How long the event at this time still has to wait. After a step back of the clock it does
    /// not wait.
    pub fn time_left(&mut self, time: Timestamp) -> Duration {
        let now = Instant::now();
        let (begun, first) = *self.begun.get_or_insert((now, time));
        let since = Duration::try_from(time.duration_since(first)).unwrap_or_default();
        let wait = Duration::try_from_secs_f64(since.as_secs_f64() / self.speed);
        let due = wait.ok().and_then(|wait| begun.checked_add(wait));
        match due.map(|due| due.saturating_duration_since(now)) {
            Some(left) if left <= LONGEST_GAP => left,
            _ => {
                self.begun = Some((now + LONGEST_GAP, time));
                LONGEST_GAP
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance of events, divided by the speed.
    #[test]
    fn waits() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let mut pace = Pace::new(10.0);
        assert_eq!(pace.time_left(at(1000)), Duration::ZERO);
        let left = pace.time_left(at(1100)).as_secs_f64();
        assert!((9.0..=10.0).contains(&left), "{left}");
        assert_eq!(pace.time_left(at(900)), Duration::ZERO);
        assert_eq!(pace.time_left(at(100_000)), LONGEST_GAP);
        let left = pace.time_left(at(100_000)).as_secs_f64();
        assert!((59.0..=60.0).contains(&left), "{left}");
    }
}
