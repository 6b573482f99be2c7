//! What else may forbid: seccomp filters, security modules.

use std::fs;

/// What stands guard beside capabilities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityModules {
    /// A seccomp filter is in force. `None` without /proc.
    pub seccomp: Option<bool>,
    /// The names of the security modules. `None` when securityfs is not readable.
    pub modules: Option<Vec<String>>,
    /// SELinux enforces its rules (and does not only log).
    pub selinux_enforcing: bool,
    /// Who we are for them: an AppArmor profile, an SELinux context.
    pub label: Option<String>,
}

impl SecurityModules {
    /// Looks at this machine.
    pub fn look() -> Self {
        let read = |path| fs::read_to_string(path).ok();
        let label = [
            "/proc/self/attr/apparmor/current",
            "/proc/self/attr/current",
        ];
        Self {
            seccomp: seccomp_filter(),
            modules: read("/sys/kernel/security/lsm").map(|list| names(&list)),
            selinux_enforcing: read("/sys/fs/selinux/enforce").is_some_and(|word| is_set(&word)),
            label: label
                .into_iter()
                .find_map(read)
                .and_then(|text| word(&text)),
        }
    }
}

/// Whether a seccomp filter is in force. `None` without /proc.
pub fn seccomp_filter() -> Option<bool> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    filters(&status)
}

/// `Seccomp:` of `/proc/PID/status` is 0 (off), 1 (strict) or 2 (filter).
fn filters(status: &str) -> Option<bool> {
    let mut lines = status.lines();
    let mode = lines.find_map(|line| line.strip_prefix("Seccomp:"))?;
    Some(mode.trim() == "2")
}

fn names(list: &str) -> Vec<String> {
    let names = list.trim().split(',').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn is_set(word: &str) -> bool {
    word.trim() == "1"
}

/// SELinux ends its contexts with a NUL, AppArmor with a newline.
fn word(text: &str) -> Option<String> {
    let text = text.trim_end_matches(['\0', '\n']);
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The three modes, and a kernel without seccomp.
    #[test]
    fn reads_seccomp() {
        let status =
            |mode| format!("Name:\tx\nNoNewPrivs:\t0\nSeccomp:\t{mode}\nSeccomp_filters:\t1\n");
        assert_eq!(filters(&status(0)), Some(false));
        assert_eq!(filters(&status(1)), Some(false));
        assert_eq!(filters(&status(2)), Some(true));
        assert_eq!(filters("Name:\tx\n"), None);
    }

    /// Lists and labels as modules write them.
    #[test]
    fn reads_modules_and_labels() {
        assert_eq!(names("lockdown,capability,apparmor\n").len(), 3);
        assert!(names("\n").is_empty());
        assert_eq!(
            word("docker-default (enforce)\n").as_deref(),
            Some("docker-default (enforce)")
        );
        assert_eq!(
            word("system_u:system_r:container_t:s0\0").as_deref(),
            Some("system_u:system_r:container_t:s0")
        );
        assert_eq!(word("\0"), None);
    }
}
