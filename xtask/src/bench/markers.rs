//! Finds the execs of a storm in a tracer's output.

use anyhow::Context;
use anyhow::Result;
use memchr::memmem;
use regex::bytes::Regex;

use super::tools::MarkerKind;

/// The number of execs in an output, and the number of those with their last argument.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) seen: u64,
    pub(crate) whole: u64,
}

impl Found {
    /// Looks for a storm's execs in an output.
    pub(crate) fn in_output(output: &[u8], marker_kind: MarkerKind) -> Self {
        match marker_kind {
            MarkerKind::Arguments => Self {
                seen: count(output, "storm:"),
                whole: count(output, "end:"),
            },
            MarkerKind::Lines => Self {
                seen: count(output, " exec "),
                whole: count(output, "end:"),
            },
            MarkerKind::Calls => Self {
                seen: calls(output),
                whole: 0,
            },
        }
    }
}

/// Whether this output shows that the tracer has begun.
pub(crate) fn has_begun(output: &[u8], marker_kind: MarkerKind) -> bool {
    match marker_kind {
        MarkerKind::Arguments | MarkerKind::Lines => memmem::find(output, b"ready:").is_some(),
        MarkerKind::Calls => memmem::find(output, b"workload/").is_some(),
    }
}

fn count(output: &[u8], mark: &str) -> u64 {
    memmem::find_iter(output, mark.as_bytes()).count() as u64
}

/// `1.234 ( 0.123 ms): workload/4711 execve(filename: 0x55…, …) = 0`
fn calls(output: &[u8]) -> u64 {
    let lines = output.split(|&byte| byte == b'\n');
    let ended = |line: &&[u8]| {
        memmem::find(line, b"workload/").is_some()
            && memmem::find(line, b"exec").is_some()
            && memmem::find(line, b" = ").is_some()
    };
    lines.filter(ended).count() as u64
}

/// The sum of the numbers that a pattern matches.
pub(crate) fn sum_of(pattern: &str, text: &[u8]) -> Result<u64> {
    let pattern = Regex::new(pattern).context("a pattern of ours")?;
    let numbers = pattern.captures_iter(text).filter_map(|found| {
        let digits = found.get(1)?.as_bytes();
        std::str::from_utf8(digits).ok()?.parse::<u64>().ok()
    });
    Ok(numbers.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn execs_are_found_by_their_arguments() {
        let output = b"4711 noop storm:0-1 0-xx end:0-1\n4712 noop storm:0-2 0-xx ...\nready:0-0";
        let expected = Found { seen: 2, whole: 1 };
        assert_eq!(Found::in_output(output, MarkerKind::Arguments), expected);
        assert!(has_begun(output, MarkerKind::Arguments));
        assert!(!has_begun(b"storm:0-0", MarkerKind::Arguments));
    }

    #[test]
    fn execs_are_found_by_their_calls() {
        let output = b"\
  1.0 (     ): workload/7 execve(filename: 0x1, argv: 0x2, envp: 0x3) ...
  1.1 ( 0.1 ms): workload/7  ... [continued]: execve()) = 0
  1.2 ( 0.1 ms): cat/8 execve(filename: 0x1, argv: 0x2, envp: 0x3) = 0
  1.3 ( 0.1 ms): workload/9 execve(filename: 0x1, argv: 0x2, envp: 0x3) = -1 ENOENT
";
        assert_eq!(Found::in_output(output, MarkerKind::Calls).seen, 2);
    }

    #[test]
    fn losses_are_added_up() {
        assert_eq!(
            sum_of(r"Lost (\d+) events", b"Lost 3 events\nx\nLost 4 events").unwrap(),
            7
        );
        assert_eq!(sum_of(r"Lost (\d+) events", b"").unwrap(), 0);
    }
}
