//! Audit rules in the kernel, set for a measurement and removed after it. auditd only writes their
//! records.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use super::markers::sum_of;
use crate::process::run::output_of;

/// auditd's default configuration, with another log file that has no size limit.
const CONFIG: &str = "\
local_events = yes
write_logs = yes
log_format = RAW
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 4000
max_log_file_action = IGNORE
space_left = 75
space_left_action = IGNORE
admin_space_left = 50
admin_space_left_action = IGNORE
disk_full_action = SUSPEND
disk_error_action = SUSPEND
";

const RULE: [&str; 8] = [
    "-a",
    "exit,always",
    "-F",
    "arch=b64",
    "-S",
    "execve",
    "-S",
    "execveat",
];

/// The rules are in force until this is dropped.
#[derive(Debug)]
pub(crate) struct AuditRules {
    lost_before: u64,
    enabled_before: u64,
    backlog_before: u64,
}

impl AuditRules {
    /// Writes auditd's configuration into a folder.
    pub(crate) fn write_config(dir: &Path) -> Result<()> {
        let log = dir.join("out");
        let config = format!("log_file = {}\n{CONFIG}", log.display());
        fs::write(dir.join("auditd.conf"), config).context("auditd.conf could not be written")
    }

    /// Makes the kernel report each exec.
    pub(crate) fn set() -> Result<Self> {
        let status = auditctl(&["-s"])?;
        ensure!(
            auditctl(&["-l"])?.contains("No rules"),
            "this machine has audit rules of its own, which are not to be disturbed"
        );
        let rules = Self {
            lost_before: in_status(&status, "lost")?,
            enabled_before: in_status(&status, "enabled")?,
            backlog_before: in_status(&status, "backlog_limit")?,
        };
        auditctl(&["-b", "8192"])?;
        auditctl(&RULE)?;
        auditctl(&["-e", "1"])?;
        Ok(rules)
    }

    /// The number of records lost since then.
    pub(crate) fn lost(self) -> Result<u64> {
        let lost = in_status(&auditctl(&["-s"])?, "lost")?;
        Ok(lost.saturating_sub(self.lost_before))
    }
}

impl Drop for AuditRules {
    fn drop(&mut self) {
        let (enabled, backlog) = (
            self.enabled_before.to_string(),
            self.backlog_before.to_string(),
        );
        for arguments in [&["-D"][..], &["-e", &enabled], &["-b", &backlog]] {
            if let Err(error) = auditctl(arguments) {
                eprintln!("xtask: the audit rules are still set: {error:#}");
            }
        }
    }
}

fn in_status(status: &str, field: &str) -> Result<u64> {
    sum_of(&format!(r"(?m)^{field} (\d+)"), status.as_bytes())
}

fn auditctl(arguments: &[&str]) -> Result<String> {
    output_of(Command::new("/usr/sbin/auditctl").args(arguments))
}
