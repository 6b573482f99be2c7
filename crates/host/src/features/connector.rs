//! The process connector: what is left where there is no BPF.

use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::fd::FromRawFd as _;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::libc;

use super::attempt::Attempt;
use super::attempt::in_child;

/// The multicast group of process events (include/uapi/linux/connector.h).
const CN_IDX_PROC: u32 = 1;

/// The process connector, seen from this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connector {
    /// Its events can be subscribed to.
    Usable,
    /// The kernel has none (`CONFIG_CONNECTOR`, `CONFIG_PROC_EVENTS`).
    Missing,
    /// Not here: in another network namespace than the machine's, or without /proc to tell.
    Hidden,
    /// There, and not for us.
    Refused(Errno),
    /// A seccomp filter kills the process that asks.
    Killed,
}

impl Connector {
    /// Subscribes to nobody's events: binding to the group does not yet make the kernel send any.
    pub fn look() -> Self {
        let registered = fs::read_to_string("/proc/net/connector").ok();
        of(in_child(bind), registered.as_deref())
    }
}

fn bind() -> Result<(), Errno> {
    // SAFETY: it takes three integers.
    let fd = unsafe {
        libc::socket(
            libc::AF_NETLINK,
            libc::SOCK_DGRAM | libc::SOCK_CLOEXEC,
            libc::NETLINK_CONNECTOR,
        )
    };
    // SAFETY: the kernel has just given us this descriptor, and nothing else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(Errno::result(fd)?) };
    // SAFETY: integers alone, for which zero is a value.
    let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
    address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
    address.nl_groups = CN_IDX_PROC;
    // SAFETY: the address outlives the call, and the size is its own.
    let answer = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            size_of::<libc::sockaddr_nl>() as libc::socklen_t,
        )
    };
    Errno::result(answer).map(drop)
}

/// What follows from an attempt to bind, and from `/proc/net/connector`, which lists who sends by
/// it.
fn of(bound: Attempt, registered: Option<&str>) -> Connector {
    match (bound, registered) {
        (Attempt::Refused(Errno::EPROTONOSUPPORT), _) => Connector::Missing,
        (Attempt::Killed, _) => Connector::Killed,
        (Attempt::Skipped, _) | (_, None) => Connector::Hidden,
        (_, Some(list)) if !list.contains("cn_proc") => Connector::Missing,
        (Attempt::Refused(errno), _) => Connector::Refused(errno),
        _ => Connector::Usable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "Name            ID\ncn_proc         1:1\n";

    /// Each way in which it can be there, or not.
    #[test]
    fn conclusions() {
        let refused = Attempt::Refused;
        for (bound, registered, expected) in [
            (Attempt::Works, Some(LIST), Connector::Usable),
            (
                Attempt::Works,
                Some("Name            ID\n"),
                Connector::Missing,
            ),
            (Attempt::Works, None, Connector::Hidden),
            (Attempt::Skipped, Some(LIST), Connector::Hidden),
            (
                refused(Errno::EPERM),
                Some(LIST),
                Connector::Refused(Errno::EPERM),
            ),
            (refused(Errno::EPROTONOSUPPORT), None, Connector::Missing),
            (Attempt::Killed, Some(LIST), Connector::Killed),
        ] {
            assert_eq!(of(bound, registered), expected, "{bound:?} {registered:?}");
        }
    }
}
