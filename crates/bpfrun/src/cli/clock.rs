//! When something was read.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Now, as it stands in JSON and CSV: UTC, with nine digits.
pub fn timestamp() -> String {
    format!("{:.9}", Timestamp::now())
}

/// Now, as people read it: the local time of day.
pub fn time_of_day() -> String {
    let time = TimeZone::system().to_datetime(Timestamp::now());
    time.strftime("%H:%M:%S").to_string()
}
