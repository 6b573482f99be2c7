//! What this kernel offers and what this user may do, for tracing.

pub mod attempt;
pub mod bpf;
pub mod btf;
pub mod cgroup;
pub mod connector;
pub mod mounts;
pub mod namespace;
pub mod security;

use std::fs;

use caps::CapSet;
use caps::Capability;
use nix::sys::utsname::uname;

const BTF: &str = "/sys/kernel/btf/vmlinux";
/// There with `CONFIG_IA32_EMULATION` alone.
const VSYSCALL32: &str = "/proc/sys/abi/vsyscall32";
const OWN_CGROUPS: &str = "/proc/self/cgroup";
const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

/// What was found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFeatures {
    /// `CAP_BPF` and `CAP_PERFMON`, or `CAP_SYS_ADMIN`, are in effect.
    pub capable: bool,
    /// Capabilities hold for the whole machine, not only inside a user namespace.
    pub initial_user_ns: bool,
    /// The kernel describes its own types.
    pub btf: bool,
    /// The kernel's lockdown level: `none`, `integrity` or `confidentiality`.
    pub lockdown: Option<String>,
    /// Kernel release, as `uname -r` prints it.
    pub release: String,
}

impl HostFeatures {
    /// Looks at this machine, loading nothing.
    pub fn detect() -> Self {
        Self {
            capable: has(Capability::CAP_SYS_ADMIN)
                || (has(Capability::CAP_BPF) && has(Capability::CAP_PERFMON)),
            initial_user_ns: namespace::in_initial_user_ns().unwrap_or(true),
            btf: fs::metadata(BTF).is_ok(),
            lockdown: fs::read_to_string(LOCKDOWN)
                .ok()
                .and_then(|text| lockdown_level(&text)),
            release: uname()
                .map(|names| names.release().to_string_lossy().into_owned())
                .unwrap_or_default(),
        }
    }

    /// Whether this process has the capabilities that BPF needs, in the initial user namespace.
    pub fn has_bpf_privileges(&self) -> bool {
        self.capable && self.initial_user_ns
    }

    /// Major and minor version of the kernel.
    pub fn version(&self) -> Option<(u32, u32)> {
        let mut numbers = self.release.split(|c: char| !c.is_ascii_digit());
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

/// Whether the process connector can be listened to: it speaks to the machine's own namespaces
/// only.
pub fn process_connector_allowed() -> bool {
    has(Capability::CAP_NET_ADMIN)
        && namespace::in_initial_pid_ns().unwrap_or(true)
        && namespace::in_initial_user_ns().unwrap_or(true)
}

/// Whether programs may make system calls as 32-bit programs do (`int 0x80`). Without /proc that is
/// taken for granted, as distributions have it.
pub fn takes_32_bit_calls() -> bool {
    let is_there = |path| fs::metadata(path).is_ok();
    cfg!(target_arch = "x86_64") && (is_there(VSYSCALL32) || !is_there("/proc/sys"))
}

/// Whether the machine has a cgroup v1 hierarchy of this controller. (Without /proc, it is taken to
/// have version 2.)
pub fn has_v1_hierarchy(controller: &str) -> bool {
    fs::read_to_string(OWN_CGROUPS).is_ok_and(|text| names_v1_hierarchy(&text, controller))
}

/// Whether a line like `4:cpu,cpuacct:/path` is about this controller; that of version 2 is
/// `0::/path`.
fn names_v1_hierarchy(text: &str, controller: &str) -> bool {
    text.lines()
        .filter_map(|line| line.split(':').nth(1))
        .any(|controllers| controllers.split(',').any(|name| name == controller))
}

fn has(capability: Capability) -> bool {
    caps::has_cap(None, CapSet::Effective, capability).unwrap_or(false)
}

/// The word in brackets of `none [integrity] confidentiality`.
fn lockdown_level(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('[')?;
    let (level, _) = rest.split_once(']')?;
    Some(level.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms that the kernel writes.
    #[test]
    fn reads_lockdown() {
        let level = |text| lockdown_level(text);
        assert_eq!(
            level("[none] integrity confidentiality\n").as_deref(),
            Some("none")
        );
        assert_eq!(
            level("none integrity [confidentiality]\n").as_deref(),
            Some("confidentiality")
        );
        assert_eq!(level(""), None);
    }

    /// The three ways to mount cgroups.
    #[test]
    fn tells_cgroup_versions() {
        let hybrid = "9:name=systemd:/\n4:memory:/a:pids\n1:cpu,cpuacct:/\n0::/\n";
        assert!(names_v1_hierarchy(hybrid, "memory") && names_v1_hierarchy(hybrid, "cpuacct"));
        assert!(!names_v1_hierarchy(hybrid, "pids") && !names_v1_hierarchy(hybrid, "systemd"));
        assert!(!names_v1_hierarchy("0::/user.slice\n", "memory"));
        assert!(!names_v1_hierarchy("", "memory"));
    }

    /// Distributions write all kinds of things behind the numbers.
    #[test]
    fn reads_versions() {
        for (release, version) in [
            ("5.10.0-46-cloud-amd64", Some((5, 10))),
            ("6.18.44", Some((6, 18))),
            ("7.3-rc7", Some((7, 3))),
            ("", None),
        ] {
            let features = HostFeatures {
                capable: true,
                initial_user_ns: true,
                btf: true,
                lockdown: None,
                release: release.to_owned(),
            };
            assert_eq!(features.version(), version);
        }
    }
}
