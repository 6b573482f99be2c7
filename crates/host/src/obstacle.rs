//! What prevents BPF on this machine, in words for the user: what is wrong, and what to do.

use std::fmt;

use execsnoop_events::Backend;
use nix::sys::resource::Resource;
use nix::sys::resource::getrlimit;

use crate::features::HostFeatures;

/// Locked memory that is enough for the default ring buffer and the rest, before Linux 5.11 counts
/// it otherwise.
pub const ENOUGH_LOCKED: u64 = 32 << 20;

/// What prevents tracing here.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Not root, and not the capabilities that suffice.
    Capabilities,
    /// The capabilities are those of a user namespace.
    UserNamespace,
    /// The kernel does not describe its types.
    Btf,
    /// The kernel does not let even root read its memory (lockdown).
    Lockdown,
    /// The kernel has no ring buffer for BPF: before 5.8.
    RingBuffer {
        /// Kernel release.
        release: String,
    },
    /// Not even the classic backend works: before 5.5.
    TooOld {
        /// Kernel release.
        release: String,
    },
    /// tracefs, which describes the tracepoints, is not mounted or not readable.
    Tracefs,
    /// Without BTF, fields have to be found, and this one was not.
    Layout {
        /// Its name.
        field: &'static str,
    },
    /// /proc is not mounted.
    Proc,
    /// No right to use the process connector, or the kernel has none.
    Connector,
    /// The kernel was built without BPF.
    NoBpf,
    /// The capabilities are there, and still the answer is no.
    Forbidden,
    /// Before Linux 5.11, BPF memory counts against the limit of locked memory, which we may not
    /// raise.
    LockedMemory,
}

impl Obstacle {
    /// The backend that this obstacle does not prevent, if tracing with it makes sense.
    pub fn fallback(&self) -> Option<Backend> {
        match self {
            Self::TooOld { .. } | Self::Layout { .. } => Some(Backend::Cnproc),
            _ => None,
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capabilities => f.write_str(
                "tracing needs root, or the capabilities CAP_BPF and CAP_PERFMON: run it with sudo, \
                 or give them to the program once with `sudo setcap cap_bpf,cap_perfmon+ep` and its path \
                 (whoever may execute it then sees the arguments of all users: `execsnoop doctor` says \
                 how to keep it to a group)",
            ),
            Self::UserNamespace => f.write_str(
                "the capabilities hold only inside this user namespace (a rootless container, or \
                 unshare -U), and tracing needs them on the machine: run it as root outside",
            ),
            Self::Btf => f.write_str(
                "this kernel has no BTF (there is no /sys/kernel/btf/vmlinux): use a kernel built \
                 with CONFIG_DEBUG_INFO_BTF=y, as all distributions build theirs since 2021, and in a \
                 container mount the host's /sys",
            ),
            Self::Lockdown => f.write_str(
                "the kernel is locked down (confidentiality): not even root may read its \
                 memory with BPF: boot with lockdown=integrity, or without lockdown=",
            ),
            Self::RingBuffer { release } => write!(
                f,
                "kernel {release} is too old: BPF ring buffers came with 5.8; boot a newer kernel"
            ),
            Self::TooOld { release } => write!(
                f,
                "kernel {release} is too old: the BPF programs need 5.5; boot a newer kernel"
            ),
            Self::Tracefs => f.write_str(
                "without BTF, tracepoints are described by tracefs, which cannot be read: run this as \
                 root; before Linux 5.2 it must be mounted as well (`mount -t tracefs tracefs \
                 /sys/kernel/tracing`)",
            ),
            Self::Layout { field } => write!(
                f,
                "this kernel has no BTF, and the offset of {field} could not be found: use a kernel built \
                 with CONFIG_DEBUG_INFO_BTF=y"
            ),
            Self::Proc => f.write_str(
                "/proc is not mounted here, and only the core backend, which needs /sys for BTF, works \
                 without it: `mount -t proc proc /proc`, `mount -t sysfs sysfs /sys`",
            ),
            Self::Connector => f.write_str(
                "the process connector needs CAP_NET_ADMIN (run it with sudo), the machine's own \
                 user, pid and network namespaces (run it outside the container), and a kernel with \
                 CONFIG_PROC_EVENTS=y",
            ),
            Self::NoBpf => f.write_str(
                "this kernel has no BPF: boot one that was built with CONFIG_BPF_SYSCALL=y; in a \
                 container, a seccomp filter may hide it",
            ),
            Self::Forbidden => f.write_str(
                "the kernel forbids BPF although the capabilities are there: in a container, allow the \
                 bpf and perf_event_open system calls (a seccomp profile, or a privileged \
                 container); else a security module such as SELinux prevents it: see its log",
            ),
            Self::LockedMemory => f.write_str(
                "the limit of locked memory is too small: before Linux 5.11 BPF counts against it. Raise it \
                 (`ulimit -l unlimited`, in a service LimitMEMLOCK=infinity), or give the program \
                 CAP_SYS_RESOURCE as well",
            ),
        }
    }
}

/// The obstacle that can be seen before anything is loaded, if there is one.
pub fn obstacle_before_load(features: &HostFeatures) -> Option<Obstacle> {
    if !features.capable {
        return Some(Obstacle::Capabilities);
    }
    if !features.initial_user_ns {
        return Some(Obstacle::UserNamespace);
    }
    if features.lockdown.as_deref() == Some("confidentiality") {
        return Some(Obstacle::Lockdown);
    }
    if features.version().is_some_and(|version| version < (5, 8)) {
        let release = features.release.clone();
        return Some(Obstacle::RingBuffer { release });
    }
    (!features.btf).then_some(Obstacle::Btf)
}

/// Whether the limit of locked memory can be the obstacle: BPF counts against it before Linux 5.11,
/// and it is small.
pub fn is_locked_memory_limited(features: &HostFeatures) -> bool {
    let limited = getrlimit(Resource::RLIMIT_MEMLOCK).is_ok_and(|(soft, _)| soft < ENOUGH_LOCKED);
    limited && features.version().is_some_and(|version| version < (5, 11))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> HostFeatures {
        HostFeatures {
            capable: true,
            initial_user_ns: true,
            btf: true,
            lockdown: None,
            release: "6.1.0-56".to_owned(),
        }
    }

    /// Nothing stands in the way of a root user on an ordinary kernel.
    #[test]
    fn no_obstacle() {
        assert_eq!(obstacle_before_load(&features()), None);
        let mut locked = features();
        locked.lockdown = Some("integrity".to_owned());
        assert_eq!(obstacle_before_load(&locked), None);
    }

    /// Each obstacle is recognised, and its sentence says what to do.
    #[test]
    fn obstacles_before_load() {
        type Change = fn(&mut HostFeatures);
        let cases: [(Change, &str); 5] = [
            (|f| f.capable = false, "sudo"),
            (|f| f.initial_user_ns = false, "outside"),
            (|f| f.btf = false, "CONFIG_DEBUG_INFO_BTF"),
            (
                |f| f.lockdown = Some("confidentiality".to_owned()),
                "lockdown=integrity",
            ),
            (|f| f.release = "5.4.0-150-generic".to_owned(), "5.8"),
        ];
        for (change, advice) in cases {
            let mut features = features();
            change(&mut features);
            let obstacle = obstacle_before_load(&features).expect("an obstacle");
            assert!(obstacle.to_string().contains(advice), "{obstacle}");
        }
    }
}
