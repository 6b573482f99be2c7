//! What /proc tells of processes that are there.

use std::fs;

use execsnoop_events::ProcessId;

/// /proc counts times in ticks of this many ns (`USER_HZ` is 100 wherever BPF runs).
pub const TICK_NS: u64 = 10_000_000;

/// A process as /proc shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub pid: u32,
    pub is_zombie: bool,
    pub ppid: u32,
    /// Ticks since boot.
    pub start_ticks: u64,
    pub comm: Vec<u8>,
    pub threads: u32,
}

/// Whose a process is: real and effective ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owners {
    pub uid: u32,
    pub euid: u32,
    pub gid: u32,
    pub egid: u32,
}

/// All processes.
pub(crate) fn all() -> Vec<Found> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(find)
        .collect()
}

/// All processes that have not ended, by their pids in the pid namespace of /proc. Their starts are
/// cut to [`TICK_NS`].
pub fn running_processes() -> Vec<ProcessId> {
    let found = all().into_iter().filter(|found| !found.is_zombie);
    let id = |found: Found| ProcessId {
        pid: found.pid,
        start_ns: found.start_ticks * TICK_NS,
    };
    found.map(id).collect()
}

/// One process; `None` when it is gone.
pub(crate) fn find(pid: u32) -> Option<Found> {
    parse_stat(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// `4711 (name) S 4700 ...`; the name may contain anything, parentheses and newlines too.
fn parse_stat(stat: &[u8]) -> Option<Found> {
    let open = stat.iter().position(|&byte| byte == b'(')?;
    let close = stat.iter().rposition(|&byte| byte == b')')?;
    let pid = std::str::from_utf8(&stat[..open]).ok()?.trim();
    let comm = stat.get(open + 1..close)?.to_vec();
    let rest = std::str::from_utf8(&stat[close + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace(); // from the third field of proc(5) on
    Some(Found {
        pid: pid.parse().ok()?,
        is_zombie: fields.next()? == "Z",
        ppid: fields.next()?.parse().ok()?,
        threads: fields.nth(15)?.parse().ok()?,
        start_ticks: fields.nth(1)?.parse().ok()?,
        comm,
    })
}

/// Whose it is; `None` when it is gone.
pub(crate) fn owners(pid: u32) -> Option<Owners> {
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let ids = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let mut ids = line.split_ascii_whitespace();
        Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
    };
    let ((uid, euid), (gid, egid)) = (ids("Uid:")?, ids("Gid:")?);
    Some(Owners {
        uid,
        euid,
        gid,
        egid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name may look like the rest of the line.
    #[test]
    fn names_do_not_mislead() {
        let rest = "S 4700 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 6 0 987654 0";
        for name in ["cat", "a) S 1 (b", "a b\nc", ""] {
            let found =
                parse_stat(format!("4711 ({name}) {rest}").as_bytes()).expect("well-formed");
            assert_eq!(
                (found.pid, found.ppid, found.start_ticks),
                (4711, 4700, 987_654)
            );
            assert_eq!(found.comm, name.as_bytes());
        }
        for broken in ["", "4711", "4711 (cat", "4711 (cat) S", ") 1 ("] {
            assert_eq!(parse_stat(broken.as_bytes()), None);
        }
    }

    /// This process finds itself.
    #[test]
    fn finds_itself() {
        let own = std::process::id();
        let found = find(own).expect("it is there");
        assert_eq!(found.ppid, std::os::unix::process::parent_id());
        assert!(all().iter().any(|one| one.pid == own));
        assert_eq!(
            owners(own).map(|ids| ids.uid),
            Some(nix::unistd::getuid().as_raw())
        );
    }
}
