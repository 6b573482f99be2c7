//! What the machine must offer for a test, found out before any test runs.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

use execsnoop_e2e_harness::Need as _;
use execsnoop_e2e_harness::kernel_version;

use crate::programs;
use crate::support::bpfrun;

/// Something that not every machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// bpfrun itself says that it can load programs here, and there is something to load.
    Tracing,
    /// Probes on any kernel function.
    Kprobes,
    /// fentry and its kin, which some hardened kernels refuse.
    Trampolines,
    /// Linux 5.11: what is kept with sockets and tasks is for tracing programs, too.
    Storage,
    /// The kernel asks BPF programs for permission.
    BpfLsm,
}

impl execsnoop_e2e_harness::Need for Need {
    fn lack(self) -> Option<&'static str> {
        static ANSWERS: [OnceLock<Option<&'static str>>; Need::COUNT] =
            [const { OnceLock::new() }; Need::COUNT];
        *ANSWERS[self as usize].get_or_init(|| (!self.is_met()).then_some(self.lack_in_words()))
    }
}

impl Need {
    const COUNT: usize = Self::BpfLsm as usize + 1;

    fn is_met(self) -> bool {
        match self {
            Self::Tracing => programs::are_there() && verdict("opens"),
            Self::Kprobes => Path::new("/sys/bus/event_source/devices/kprobe").exists(),
            Self::Trampolines => Self::Tracing.lack().is_none() && verdict("fentries"),
            Self::Storage => kernel_version() >= (5, 11),
            Self::BpfLsm => {
                let active = fs::read_to_string("/sys/kernel/security/lsm");
                active.is_ok_and(|active| active.trim().split(',').any(|name| name == "bpf"))
            }
        }
    }

    fn lack_in_words(self) -> &'static str {
        match self {
            Self::Tracing => {
                "no clang and no OBJECTS, or bpfrun says that it cannot load programs here (exit status 77)"
            }
            Self::Kprobes => "this kernel has no kprobes",
            Self::Trampolines => "this kernel refuses trampolines (exit status 77)",
            Self::Storage => "storage for tracing programs came with Linux 5.11",
            Self::BpfLsm => "bpf is not among the security modules in /sys/kernel/security/lsm",
        }
    }
}

/// Whether programs of a kind load. Any answer but "this machine cannot" lets the tests run, and
/// fail.
fn verdict(program: &str) -> bool {
    let status = Command::new(bpfrun())
        .args(programs::arguments(program))
        .arg("--dry-run")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.expect("bpfrun can be executed").code() != Some(77)
}
