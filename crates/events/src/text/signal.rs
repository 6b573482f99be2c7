//! Names of Linux's signals.

use std::borrow::Cow;

/// The first real-time signal that a program can use with glibc (`SIGRTMIN`).
const FIRST_REAL_TIME: u8 = 34;

/// The name of a Linux signal, such as `SIGKILL` for 9 or `SIGRTMIN+2` for 36; `None` for a number
/// that is no signal.
///
/// The table is built in (include/uapi/asm-generic/signal.h; the same on x86-64 and arm64), because
/// a recording may be read on another system with different numbers.
pub fn signal_name(number: u8) -> Option<Cow<'static, str>> {
    let name = match number {
        1..=31 => NAMES[usize::from(number) - 1],
        FIRST_REAL_TIME => "SIGRTMIN",
        35..=64 => return Some(format!("SIGRTMIN+{}", number - FIRST_REAL_TIME).into()),
        _ => return None,
    };
    Some(name.into())
}

const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Spot checks at the borders.
    #[test]
    fn names() {
        let name = |number| signal_name(number).map(|name| name.into_owned());
        assert_eq!(name(9).as_deref(), Some("SIGKILL"));
        assert_eq!(name(11).as_deref(), Some("SIGSEGV"));
        assert_eq!(name(31).as_deref(), Some("SIGSYS"));
        assert_eq!(name(34).as_deref(), Some("SIGRTMIN"));
        assert_eq!(name(64).as_deref(), Some("SIGRTMIN+30"));
        assert_eq!((name(0), name(32), name(65)), (None, None, None));
    }
}
