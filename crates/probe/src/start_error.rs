//! Why tracing cannot start.

use std::path::PathBuf;

use execsnoop_events::Backend;
use execsnoop_host::Obstacle;
use execsnoop_host::features::HostFeatures;
use execsnoop_host::is_locked_memory_limited;
use execsnoop_host::verifier_log::last_log;

/// Lines of the verifier's log that are shown; the last ones name the reason.
const LOG_LINES: usize = 15;

/// Tracing could not be started.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// This kernel, or this user, cannot trace.
    #[error(transparent)]
    Cannot(#[from] Obstacle),
    /// The kernel's verifier did not accept a program. That is a bug in execsnoop.
    #[error(
        "the kernel ({release}) refused the BPF program {program}; please report this together with \
         all libbpf messages. The end of the verifier's log:\n{log_end}"
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
        "{what}: not supported by the {} backend, which was selected (`execsnoop doctor` says why)",
        backend.name()
    )]
    Unsupported {
        /// What was asked for.
        what: String,
        /// The selected backend.
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

/// What a failed load means; `warnings` is what libbpf said meanwhile.
pub(crate) fn load_failure(
    features: &HostFeatures,
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
        libbpf_rs::ErrorKind::PermissionDenied if is_locked_memory_limited(features) => {
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

/// The program's name and the verifier's log, from libbpf's messages about a refused program.
fn verifier_log(messages: &str) -> Option<(&str, &str)> {
    let (program, log) = last_log(messages)?;
    // A denied load (EPERM) has a log too, of one line that only counts instructions.
    let has_reason = log.lines().filter(|line| !line.trim().is_empty()).count() > 1;
    has_reason.then_some((program, log))
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

    fn features() -> HostFeatures {
        HostFeatures {
            capable: true,
            initial_user_ns: true,
            btf: true,
            lockdown: None,
            release: "6.1.0-56".to_owned(),
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
