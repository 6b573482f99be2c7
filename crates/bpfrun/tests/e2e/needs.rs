//! What the machine must offer for a test, found out before any test runs.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

use execsnoop_e2e_harness::Need as _;
use execsnoop_e2e_harness::kernel_version;
use execsnoop_e2e_harness::runs;

use crate::support::bpfrun;
use crate::support::object;

/// Something that not every machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// bpfrun itself says that it can load programs here.
    Tracing,
    /// clang, which compiles the tests' programs.
    Clang,
    /// System calls have tracepoints of their own.
    SyscallTracepoints,
    /// The kernel's trace pipe.
    TracePipe,
    /// A kernel without kprobes.
    NoKprobes,
    /// Probes on functions of programs.
    Uprobes,
    /// setpriv, to be without any right.
    Setpriv,
    /// Storage with tasks, sockets and cgroups: the last came with Linux 6.2.
    Storage,
    /// cargo, and packages to build with.
    Cargo,
}

impl execsnoop_e2e_harness::Need for Need {
    fn lack(self) -> Option<&'static str> {
        static ANSWERS: [OnceLock<Option<&'static str>>; Need::COUNT] =
            [const { OnceLock::new() }; Need::COUNT];
        *ANSWERS[self as usize].get_or_init(|| (!self.is_met()).then_some(self.lack_in_words()))
    }
}

impl Need {
    const COUNT: usize = Self::Cargo as usize + 1;

    fn is_met(self) -> bool {
        let there = |path: &str| Path::new(path).exists();
        match self {
            Self::Tracing => Self::Clang.lack().is_none() && can_trace(),
            Self::Clang => runs("clang", &["--version"]),
            Self::SyscallTracepoints => {
                there("/sys/kernel/tracing/events/syscalls/sys_enter_getpgid")
            }
            Self::TracePipe => there("/sys/kernel/tracing/trace_pipe"),
            Self::NoKprobes => !there("/sys/bus/event_source/devices/kprobe"),
            Self::Uprobes => there("/sys/bus/event_source/devices/uprobe"),
            Self::Setpriv => runs("setpriv", &["--reuid=1", "--clear-groups", "true"]),
            Self::Storage => kernel_version() >= (6, 2),
            Self::Cargo => runs(env!("CARGO"), &["--version"]),
        }
    }

    fn lack_in_words(self) -> &'static str {
        match self {
            Self::Tracing => "bpfrun says that it cannot load programs here (exit status 77)",
            Self::Clang => "there is no clang",
            Self::SyscallTracepoints => "no tracepoint syscalls:sys_enter_getpgid, or no tracefs",
            Self::TracePipe => "no /sys/kernel/tracing/trace_pipe",
            Self::NoKprobes => "this kernel has kprobes",
            Self::Uprobes => "this kernel has no uprobes",
            Self::Setpriv => "no setpriv, or not root",
            Self::Storage => "storage with cgroups came with Linux 6.2",
            Self::Cargo => "the cargo that built the tests is not there",
        }
    }
}

/// Whether programs load. Any answer but "this machine cannot" lets the tests run, and fail.
fn can_trace() -> bool {
    let status = Command::new(bpfrun())
        .arg(object("execs"))
        .arg("--dry-run")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.expect("bpfrun can be executed").code() != Some(77)
}
