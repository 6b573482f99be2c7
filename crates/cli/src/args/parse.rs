//! Values as they are written on a command line.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use jiff::SignedDuration;
use jiff::Span;
use jiff::SpanRelativeTo;
use nix::errno::Errno;
use nix::unistd::Uid;
use nix::unistd::User;

use crate::output::Color;
use crate::output::Compat;
use crate::pipeline::EventType;

/// The largest ring buffer.
const MOST_RING_BYTES: u64 = 1 << 30;

/// The smallest limit of a file.
const LEAST_FILE_BYTES: u64 = 64 << 10;

impl ValueEnum for EventType {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.description()))
    }
}

impl ValueEnum for Compat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Bcc, Self::Libbpf]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Bcc => PossibleValue::new("bcc").help("The execsnoop of bcc"),
            Self::Libbpf => PossibleValue::new("libbpf").help("The execsnoop of libbpf-tools"),
        })
    }
}

impl ValueEnum for Color {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Always, Self::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Auto => {
                PossibleValue::new("auto").help("On a terminal with colors, unless NO_COLOR is set")
            }
            Self::Always => PossibleValue::new("always").help("Always"),
            Self::Never => PossibleValue::new("never").help("Never"),
        })
    }
}

/// A user, by name or number.
pub(super) fn user(name: &str) -> Result<User, String> {
    let found = match name.parse() {
        Ok(uid) => User::from_uid(Uid::from_raw(uid)),
        Err(_) => User::from_name(name),
    };
    match found {
        Ok(Some(user)) => Ok(user),
        // ENOENT: there is not even a file of users.
        Ok(None) | Err(Errno::ENOENT) => Err("there is no such user".to_owned()),
        Err(errno) => Err(format!("cannot look up the user: {errno}")),
    }
}

/// A user id. A number need not belong to a user.
pub(super) fn user_id(text: &str) -> Result<u32, String> {
    if text.is_empty() {
        return Err("value must not be empty".to_owned());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text
            .parse()
            .map_err(|_| "the largest user id is 4294967295".to_owned());
    }
    user(text).map(|user| user.uid.as_raw())
}

/// Anything but nothing.
pub(super) fn not_empty(value: OsString) -> Result<OsString, &'static str> {
    match value.is_empty() {
        true => Err("value must not be empty"),
        false => Ok(value),
    }
}

/// The name of an environment variable.
pub(super) fn variable(name: OsString) -> Result<OsString, &'static str> {
    match name.is_empty() || name.as_bytes().contains(&b'=') {
        true => Err("variables are given by their names: PATH,LANG"),
        false => Ok(name),
    }
}

/// `500ms`, `10s`, `1m30s`, `2h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let usage = || "write it as 500ms, 10s, 1m30s, 2h".to_owned();
    let duration: SignedDuration = text.parse().map_err(|_| usage())?;
    Duration::try_from(duration).map_err(|_| usage())
}

/// `90m`, `12h`, `7d`, `2w`.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    let usage = || "write it as 90m, 12h, 7d, 2w".to_owned();
    let span: Span = text.parse().map_err(|_| usage())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours());
    Duration::try_from(length.map_err(|_| usage())?).map_err(|_| usage())
}

/// The size of a ring buffer in bytes.
pub(super) fn ring_size(text: &str) -> Result<u64, String> {
    match size(text)? {
        bytes if bytes > MOST_RING_BYTES => Err("the largest size is 1G".to_owned()),
        bytes => Ok(bytes),
    }
}

/// The size of a file: it has room for some lines.
pub(super) fn file_size(text: &str) -> Result<u64, String> {
    match size(text)? {
        bytes if bytes < LEAST_FILE_BYTES => Err("the smallest size is 64K".to_owned()),
        bytes => Ok(bytes),
    }
}

/// The size of something in memory.
pub(super) fn memory_size(text: &str) -> Result<usize, String> {
    size(text).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// A number of bytes: `65536`, `512K`, `16M`, `1G`.
fn size(text: &str) -> Result<u64, String> {
    let usage = || "write it as 65536, 512K, 16M, 1G".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => 1,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        _ => return Err(usage()),
    };
    let number: u64 = digits.parse().map_err(|_| usage())?;
    Ok(number.saturating_mul(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Durations and sizes as people write them, and a hint if they are wrong.
    #[test]
    fn durations_and_sizes() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(duration("-1s").is_err() && duration("ten").is_err());
        assert_eq!(age("7d"), Ok(Duration::from_secs(7 * 86_400)));
        assert_eq!(age("1w"), age("168h"));
        assert!(age("-1d").is_err() && age("1 month").is_err());
        assert_eq!(ring_size("64K"), Ok(64 << 10));
        assert_eq!(ring_size("3MiB"), Ok(3 << 20));
        assert!(ring_size("2G").is_err());
        assert_eq!(file_size("10G"), Ok(10 << 30));
        assert!(file_size("63K").is_err());
        assert!(ring_size("lots").is_err() && ring_size("").is_err());
    }
}
