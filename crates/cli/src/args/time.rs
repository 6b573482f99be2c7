//! Times as they are written on a command line.

use jiff::Span;
use jiff::SpanRelativeTo;
use jiff::Timestamp;
use jiff::ZonedDateTime;
use jiff::civil::DateTime;
use jiff::civil::Time;

/// How a moment is written.
const USAGE: &str = "write it as 02:10, '2026-11-28 02:10', 2026-11-28T02:10:00Z, or -10m for ago";

/// A moment: in local time unless it says otherwise.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    moment_at(text, &ZonedDateTime::now())
}

/// The same, as it reads at this moment.
fn moment_at(text: &str, now: &ZonedDateTime) -> Result<Timestamp, String> {
    let text = text.trim();
    let found = match text.strip_prefix('-') {
        Some(ago) => before(ago, now),
        None if text == "now" => Some(now.timestamp()),
        None => absolute(text, now),
    };
    found.ok_or_else(|| USAGE.to_owned())
}

/// So long ago.
fn before(ago: &str, now: &ZonedDateTime) -> Option<Timestamp> {
    let span: Span = ago.parse().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    now.timestamp().checked_sub(length).ok()
}

/// A time of day is the last one that was: at 01:00, 23:00 is yesterday's.
fn absolute(text: &str, now: &ZonedDateTime) -> Option<Timestamp> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    let zone = now.time_zone();
    let at = |local: DateTime| Some(local.to_zoned_datetime(zone.clone()).ok()?.timestamp());
    if let Ok(local) = text.parse::<DateTime>() {
        return at(local);
    }
    let time: Time = text.parse().ok()?;
    let today = at(now.date().to_datetime(time))?;
    match today > now.timestamp() {
        true => at(now.date().yesterday().ok()?.to_datetime(time)),
        false => Some(today),
    }
}

/// How many times faster than real time.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.trim_end_matches('x').parse().unwrap_or(f64::NAN);
    match (0.001..=1e6).contains(&speed) {
        true => Ok(speed),
        false => Err("write it as 1 (real time), 10, or 0.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Result<String, String> {
        let now: ZonedDateTime = "2026-11-28T01:30:00+02:00[+02:00]".parse().expect("a time");
        moment_at(text, &now).map(|moment| moment.to_string())
    }

    /// Times as people write them.
    #[test]
    fn moments() {
        for (text, said) in [
            ("-10m", "2026-11-27T23:20:00Z"),
            ("-1h30m", "2026-11-27T22:00:00Z"),
            ("-2d", "2026-11-25T23:30:00Z"),
            ("01:10", "2026-11-27T23:10:00Z"),
            ("02:10", "2026-11-27T00:10:00Z"), // yesterday's
            ("23:00:30", "2026-11-27T21:00:30Z"),
            ("2026-11-20", "2026-11-19T22:00:00Z"),
            ("2026-11-20 02:10", "2026-11-20T00:10:00Z"),
            ("2026-11-20T02:10:00Z", "2026-11-20T02:10:00Z"),
            ("now", "2026-11-27T23:30:00Z"),
        ] {
            assert_eq!(at(text).as_deref(), Ok(said), "{text}");
        }
    }

    /// Anything else is refused.
    #[test]
    fn no_moments() {
        for text in ["", "-", "yesterday", "25:00", "-10", "10m", "2026-13-01"] {
            assert!(at(text).is_err(), "{text}");
        }
    }

    /// Factors.
    #[test]
    fn speeds() {
        assert_eq!(speed("1"), Ok(1.0));
        assert_eq!(speed("0.5x"), Ok(0.5));
        for text in ["0", "-1", "fast", "inf", ""] {
            assert!(speed(text).is_err(), "{text}");
        }
    }
}
