//! Why tracing cannot start, in words for whoever wanted it: what is the matter, and what to do.

use std::fmt;
use std::path::PathBuf;

use nix::sys::resource::Resource;
use nix::sys::resource::getrlimit;

use crate::features::Features;
use execsnoop_events::Backend;

/// Locked memory that suffices for the default ring and the rest, before Linux 5.11 counts otherwise.
pub const ENOUGH_LOCKED: u64 = 32 << 20;

/// Lines of the verifier's log that are shown; the last ones name the reason.
const LOG_LINES: usize = 15;

/// Tracing could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// This kernel, or this user, cannot trace.
    #[error(transparent)]
    Cannot(#[from] Obstacle),
    /// The kernel's verifier did not accept a program. That is a bug in execsnoop.
    #[error(
        "the kernel ({release}) refused the BPF program {program}; please report this together with \
         the output of -v. The end of the verifier's log:\n{log_end}"
    )]
    Verifier {
        /// The program's name.
        program: String,
        /// Kernel release.
        release: String,
        /// The last lines of the verifier's log.
        log_end: String,
    },
    /// A file given as a filter cannot be used as one.
    #[error("cannot filter by {path:?}: {why}")]
    Filter {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what is expected.
        why: String,
    },
    /// The BTF file cannot be used.
    #[error("cannot use the BTF file {path:?}: {why}")]
    Btf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Something was asked for that this backend cannot give.
    #[error(
        "{what}: not possible on the {} backend, the one that was taken (`execsnoop doctor` tells why)",
        backend.name()
    )]
    Unsupported {
        /// What was asked for.
        what: String,
        /// The backend that was taken.
        backend: Backend,
    },
    /// Something else went wrong.
    #[error("cannot start tracing: {what}: {cause}")]
    Other {
        /// What was being done.
        what: String,
        /// What the kernel or libbpf said.
        cause: libbpf_rs::Error,
    },
}

/// What stands in the way of tracing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Not root, and not the capabilities that suffice.
    Capabilities,
    /// The capabilities are those of a user namespace.
    UserNamespace,
    /// The kernel does not describe its types.
    Btf,
    /// The kernel keeps its memory from everybody, root too.
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
    /// No right to use the process connector, or the kernel has none.
    Connector,
    /// The kernel was built without BPF.
    NoBpf,
    /// The capabilities are there, and still the answer is no.
    Forbidden,
    /// Before Linux 5.11, BPF memory counts against the limit of locked memory, which we may not raise.
    LockedMemory,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capabilities => f.write_str(
                "tracing needs root, or the capabilities CAP_BPF and CAP_PERFMON: run it with sudo, \
                 or give them to the program once with `sudo setcap cap_bpf,cap_perfmon+ep` and its path",
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
                "the kernel is locked down (confidentiality), so that not even root may read its \
                 memory with BPF: boot with lockdown=integrity, or without lockdown=",
            ),
            Self::RingBuffer { release } => write!(
                f,
                "kernel {release} is too old: BPF ring buffers came with 5.8; boot a newer kernel"
            ),
            Self::TooOld { release } => write!(
                f,
                "kernel {release} is too old for BPF as it is used here (5.5): boot a newer kernel, \
                 or try --backend cnproc"
            ),
            Self::Tracefs => f.write_str(
                "without BTF, tracepoints are found by tracefs, and that is not readable: mount it \
                 (`mount -t tracefs tracefs /sys/kernel/tracing`), and run this as root",
            ),
            Self::Layout { field } => write!(
                f,
                "this kernel has no BTF, and where it keeps {field} could not be found out: use a \
                 kernel built with CONFIG_DEBUG_INFO_BTF=y, or --backend cnproc"
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
                "the kernel forbids BPF although the capabilities are there: in a container, allow \
                 the bpf and perf_event_open system calls (a seccomp profile, or --privileged); else \
                 a security module such as SELinux stands in the way, and its log tells which",
            ),
            Self::LockedMemory => f.write_str(
                "the limit of locked memory is too small: before Linux 5.11 BPF counts against it. Raise it \
                 (`ulimit -l unlimited`, in a service LimitMEMLOCK=infinity), or give the program \
                 CAP_SYS_RESOURCE as well",
            ),
        }
    }
}

/// What can be known before anything is loaded.
pub fn obstacle_before_load(features: &Features) -> Option<Obstacle> {
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

/// Whether the limit of locked memory can be what stands in the way: where it counts, and somebody without
/// `CAP_SYS_RESOURCE` has one.
fn locked_memory_counts(features: &Features) -> bool {
    let limited = getrlimit(Resource::RLIMIT_MEMLOCK).is_ok_and(|(soft, _)| soft < ENOUGH_LOCKED);
    limited && features.version().is_some_and(|version| version < (5, 11))
}

/// What a failed load means; `warnings` is what libbpf said meanwhile.
pub(crate) fn load_failure(
    features: &Features,
    cause: libbpf_rs::Error,
    warnings: &str,
) -> StartError {
    if let Some((program, log)) = verifier_log(warnings) {
        return StartError::Verifier {
            program: program.to_owned(),
            release: features.release.clone(),
            log_end: last_lines(log, LOG_LINES),
        };
    }
    match cause.kind() {
        libbpf_rs::ErrorKind::PermissionDenied if locked_memory_counts(features) => {
            Obstacle::LockedMemory.into()
        }
        libbpf_rs::ErrorKind::PermissionDenied => Obstacle::Forbidden.into(),
        libbpf_rs::ErrorKind::Unsupported => Obstacle::NoBpf.into(),
        _ if warnings.contains("Function not implemented") => Obstacle::NoBpf.into(),
        _ => StartError::Other {
            what: first_line(warnings)
                .unwrap_or("loading the BPF programs")
                .to_owned(),
            cause,
        },
    }
}

/// The program's name and the verifier's log, from libbpf's message about a refused program:
/// `libbpf: prog 'NAME': -- BEGIN PROG LOAD LOG --`, the log, `-- END PROG LOAD LOG --`.
fn verifier_log(warnings: &str) -> Option<(&str, &str)> {
    let (before, rest) = warnings.split_once("': -- BEGIN PROG LOAD LOG --")?;
    let (_, program) = before.rsplit_once("prog '")?;
    let log = rest.split("-- END PROG LOAD LOG --").next()?;
    // A denied load (EPERM) has a log too, of one line that only counts instructions.
    let says_something = log.lines().filter(|line| !line.trim().is_empty()).count() > 1;
    says_something.then_some((program, log))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn first_line(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    Some(line.trim_start_matches("libbpf: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Features {
        Features {
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
        type Change = fn(&mut Features);
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

    /// A verifier's refusal shows the program and the end of the log.
    #[test]
    fn verifier_refusal() {
        let mut log = "libbpf: prog 'on_exec': BPF program load failed: Permission denied\n\
                       libbpf: prog 'on_exec': -- BEGIN PROG LOAD LOG --\n"
            .to_owned();
        for line in 0..40 {
            log.push_str(&format!("{line}: (b7) r0 = 0\n"));
        }
        log.push_str("R3 unbounded memory access\n-- END PROG LOAD LOG --\n");
        let cause = libbpf_rs::Error::from_raw_os_error(nix::libc::EACCES);
        let error = load_failure(&features(), cause, &log);
        let StartError::Verifier {
            program, log_end, ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(program, "on_exec");
        assert_eq!(log_end.lines().count(), LOG_LINES);
        assert!(log_end.ends_with("R3 unbounded memory access"));
    }

    /// A plain refusal, and a kernel without BPF.
    #[test]
    fn refusals_without_a_log() {
        let load = |errno, warnings| {
            let cause = libbpf_rs::Error::from_raw_os_error(errno);
            load_failure(&features(), cause, warnings).to_string()
        };
        assert!(load(nix::libc::EPERM, "libbpf: map 'ring': failed").contains("seccomp"));
        let no_bpf = "libbpf: Error in bpf_object__probe_loading():Function not implemented(38).";
        assert!(load(nix::libc::ENOSYS, no_bpf).contains("CONFIG_BPF_SYSCALL"));
        let hidden = "libbpf: Failed to bump RLIMIT_MEMLOCK (err = -EPERM)";
        assert!(load(nix::libc::ENOSYS, hidden).contains("CONFIG_BPF_SYSCALL"));
        let other = load(
            nix::libc::ENOMEM,
            "libbpf: map 'ring': failed to create: -ENOMEM",
        );
        assert!(other.contains("map 'ring': failed to create"), "{other}");
    }
}
