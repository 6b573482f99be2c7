//! How wall-clock time and time since boot relate.

use jiff::Timestamp;

use crate::event::Event;

/// The distance between the two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Relation {
    distance_ns: i128,
}

impl Relation {
    /// That of two readings of the same moment.
    pub(super) fn new(time: Timestamp, boot_ns: u64) -> Self {
        Self {
            distance_ns: nanosecond(time) - i128::from(boot_ns),
        }
    }

    /// That of an event.
    pub(super) fn of(event: &Event<'_>) -> Self {
        Self::new(event.time, event.boot_ns)
    }

    /// The time since boot at this time; `None` if the machine did not run then.
    pub(super) fn boot_ns(self, time: Timestamp) -> Option<u64> {
        u64::try_from(nanosecond(time) - self.distance_ns).ok()
    }
}

/// As [`Timestamp::as_nanosecond`], with numbers of one word.
fn nanosecond(time: Timestamp) -> i128 {
    let (second, rest) = (time.as_second(), time.subsec_nanosecond());
    i128::from(second) * 1_000_000_000 + i128::from(rest)
}
