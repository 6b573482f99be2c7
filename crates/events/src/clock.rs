//! From time since boot to wall-clock time, also when the wall clock is set.

use jiff::Timestamp;

/// The distance below which two readings of the clocks count as equal: they cannot be read at the
/// same instant, and a busy machine puts some time between them.
const TOLERANCE_NS: i128 = 1_000_000;

const SECOND_NS: i64 = 1_000_000_000;

/// Turns times since boot into wall-clock times.
///
/// The kernel stamps events with `CLOCK_BOOTTIME`, which no one can set. The distance between that
/// and `CLOCK_REALTIME` changes when an administrator or NTP sets the clock, so it has to be
/// [observed](Self::observe) now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WallClock {
    distance_ns: i128,
}

impl WallClock {
    /// A clock from one reading of both clocks, taken at the same moment: ns since boot, and ns
    /// since 1970.
    pub fn new(boot_ns: u64, wall_ns: i128) -> Self {
        Self {
            distance_ns: wall_ns - i128::from(boot_ns),
        }
    }

    /// Takes another reading, and says whether the wall clock was set since the last one.
    pub fn observe(&mut self, boot_ns: u64, wall_ns: i128) -> bool {
        let now = Self::new(boot_ns, wall_ns);
        let stepped = (now.distance_ns - self.distance_ns).abs() > TOLERANCE_NS;
        if stepped {
            *self = now;
        }
        stepped
    }

    /// The wall-clock time of a moment; the nearest that can be represented, should a clock be
    /// absurd.
    pub fn at(&self, boot_ns: u64) -> Timestamp {
        let wall_ns = self.distance_ns + i128::from(boot_ns);
        // To the year 2262 a word is enough, and need not be divided as two.
        if let Ok(wall_ns) = i64::try_from(wall_ns)
            && let Ok(time) = Timestamp::new(wall_ns / SECOND_NS, (wall_ns % SECOND_NS) as i32)
        {
            return time;
        }
        Timestamp::from_nanosecond(wall_ns).unwrap_or(if wall_ns < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i128 = 1_000_000_000;

    /// A step is followed and reported once; reading noise is neither.
    #[test]
    fn follows_a_step() {
        let mut clock = WallClock::new(5_000_000_000, 1_000 * SECOND);
        assert_eq!(clock.at(6_000_000_000).as_nanosecond(), 1_001 * SECOND);

        assert!(!clock.observe(6_000_000_000, 1_001 * SECOND + 900_000));
        assert_eq!(clock.at(6_000_000_000).as_nanosecond(), 1_001 * SECOND);

        assert!(clock.observe(7_000_000_000, 900 * SECOND));
        assert!(!clock.observe(8_000_000_000, 901 * SECOND));
        assert_eq!(
            clock.at(7_500_000_000).as_nanosecond(),
            900 * SECOND + SECOND / 2
        );
    }

    /// No pair of readings makes it panic.
    #[test]
    fn absurd_clocks_are_clamped() {
        assert_eq!(
            WallClock::new(0, i128::MAX / 4).at(u64::MAX),
            Timestamp::MAX
        );
        assert_eq!(
            WallClock::new(u64::MAX, i128::MIN / 4).at(0),
            Timestamp::MIN
        );
    }
}
