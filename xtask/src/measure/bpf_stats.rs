//! `kernel.bpf_stats_enabled`: whether the kernel times BPF programs.

use std::fs;

use anyhow::Context;
use anyhow::Result;

const SETTING: &str = "/proc/sys/kernel/bpf_stats_enabled";

/// Holds the setting at a value, and puts the old one back when dropped.
#[derive(Debug)]
pub(crate) struct BpfStats {
    before: String,
}

impl BpfStats {
    /// Makes the kernel time BPF programs. This costs time itself, so it is off otherwise.
    pub(crate) fn on() -> Result<Self> {
        Self::set("1")
    }

    /// Makes sure that the kernel does not time BPF programs.
    pub(crate) fn off() -> Result<Self> {
        Self::set("0")
    }

    fn set(value: &str) -> Result<Self> {
        let before = fs::read_to_string(SETTING)
            .with_context(|| format!("{SETTING} cannot be read: it came with Linux 5.1"))?;
        write(value)?;
        Ok(Self { before })
    }
}

impl Drop for BpfStats {
    fn drop(&mut self) {
        if let Err(error) = write(self.before.trim()) {
            eprintln!("xtask: {error:#}; its value was {}", self.before.trim());
        }
    }
}

fn write(value: &str) -> Result<()> {
    fs::write(SETTING, value).with_context(|| format!("{SETTING} cannot be set to {value}"))
}
