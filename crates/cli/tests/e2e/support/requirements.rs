//! What the machine must offer for a test, found out before any test runs.

use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

pub(crate) use execsnoop_e2e_harness::kernel_version;
use execsnoop_e2e_harness::runs;
use nix::sys::statvfs::FsFlags;

use crate::backends::classic::WITHOUT_BTF;
use crate::support::cgroups::Hierarchy;
use crate::support::execsnoop;
use crate::support::run::command;
use crate::support::text;
use crate::support::workload;

/// Something that not every machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// execsnoop itself says that it can trace here.
    Tracing,
    /// A mount namespace in which BTF can be hidden, and the right to trace without it.
    Classic,
    /// The process connector.
    Connector,
    /// To be root, in order to become another user.
    Root,
    /// setpriv, and a kernel that knows CAP_BPF and CAP_PERFMON.
    Setpriv,
    /// setcap, on a file system that keeps capabilities.
    Setcap,
    /// perf, and its right to count the machine's execs.
    Perf,
    /// bpftool, to see whether programs are still there.
    Bpftool,
    /// bpftool, and a BPF file system to pin maps in.
    PinnedMaps,
    /// A cgroup v2 hierarchy in which groups can be made.
    Cgroup2,
    /// A cgroup v2 hierarchy, seen whole: its root is that of the machine.
    UnifiedCgroups,
    /// A cgroup v1 hierarchy of the memory controller, seen whole.
    MemoryCgroups,
    /// A cgroup v1 hierarchy of the pids controller, seen whole.
    PidsCgroups,
    /// Processes that begin in a cgroup (Linux 5.7).
    IntoCgroup,
    /// A second mount namespace.
    Unshare,
    /// A user namespace of one's own.
    UserNamespace,
    /// `script`, which runs a command on a terminal.
    Terminal,
    /// System calls of 32-bit programs.
    Int80,
    /// A place for temporary files where set-user-id programs work.
    SetUserId,
    /// Linux 6.8 opens a file before it copies arguments, and so leaves those of a missing file
    /// alone.
    OpensFirst,
    /// Linux 6.10 has a tracepoint before the point of no return of an exec.
    PreparesExecs,
    /// The right to choose a new process's number (Linux 5.5).
    ChosenPid,
    /// A user `nobody`.
    Nobody,
    /// The right to set the login uid.
    LoginUid,
    /// User namespaces for everybody.
    UserNamespaceForAll,
    /// A second CPU that may be switched off and on: no other process needs it.
    SwitchableCpu,
    /// The right to mount a file system in memory.
    Tmpfs,
    /// An execsnoop that needs no library of the machine: see `make dist`.
    StaticTracer,
    /// A cgroup v2 hierarchy that accounts CPU time.
    CgroupCpuTime,
    /// GNU make.
    Make,
    /// tmux, which types keys and reads a screen.
    Tmux,
}

impl execsnoop_e2e_harness::Need for Need {
    fn lack(self) -> Option<&'static str> {
        static ANSWERS: [OnceLock<Option<&'static str>>; Need::COUNT] =
            [const { OnceLock::new() }; Need::COUNT];
        *ANSWERS[self as usize].get_or_init(|| (!self.is_met()).then_some(self.lack_in_words()))
    }
}

impl Need {
    const COUNT: usize = Self::Tmux as usize + 1;

    fn is_met(self) -> bool {
        match self {
            Self::Tracing => can_trace(),
            Self::Classic => answers(&WITHOUT_BTF, "classic"),
            Self::Connector => answers(&[], "cnproc"),
            Self::Root => nix::unistd::geteuid().is_root(),
            Self::Setpriv => runs(
                "setpriv",
                &[
                    "--ambient-caps=+bpf,+perfmon",
                    "--inh-caps=+bpf,+perfmon",
                    "true",
                ],
            ),
            Self::Setcap => can_set_capabilities(),
            Self::Perf => runs(
                "perf",
                &["stat", "-a", "-e", "sched:sched_process_exec", "true"],
            ),
            Self::Tmpfs => runs("unshare", &["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]),
            Self::Bpftool => runs("bpftool", &["prog", "show"]),
            Self::PinnedMaps => can_pin_maps(),
            Self::Cgroup2 => crate::support::Cgroup::create().is_some(),
            Self::UnifiedCgroups => Hierarchy::Unified.works(),
            Self::MemoryCgroups => Hierarchy::Memory.works(),
            Self::PidsCgroups => Hierarchy::Pids.works(),
            Self::IntoCgroup => kernel_version() >= (5, 7),
            Self::Unshare => runs("unshare", &["-m", "true"]),
            Self::UserNamespace => runs("unshare", &["-U", "-r", "true"]),
            Self::Terminal => runs("script", &["-qec", "true", "/dev/null"]),
            Self::Int80 => runs(workload(), &["int80-fail"]),
            Self::SetUserId => set_user_id_works(),
            Self::OpensFirst => kernel_version() >= (6, 8),
            Self::PreparesExecs => kernel_version() >= (6, 10),
            Self::ChosenPid => runs(workload(), &["reuse-pid"]),
            Self::Nobody => matches!(nix::unistd::User::from_name("nobody"), Ok(Some(_))),
            Self::LoginUid => runs("sh", &["-c", "echo 4711 > /proc/self/loginuid"]),
            Self::UserNamespaceForAll => runs(
                "setpriv",
                &["--reuid=61234", "--clear-groups", "unshare", "-r", "true"],
            ),
            Self::SwitchableCpu => execsnoop_e2e_harness::may_switch_cpus(),
            Self::StaticTracer => is_static(&execsnoop()),
            Self::CgroupCpuTime => has_cpu_time(),
            Self::Tmux => runs("tmux", &["-V"]),
            Self::Make => runs("make", &["--version"]),
        }
    }

    fn lack_in_words(self) -> &'static str {
        match self {
            Self::Tracing => "execsnoop says that it cannot trace here (exit status 77)",
            Self::Classic => "BTF cannot be hidden, or execsnoop cannot trace without it",
            Self::Connector => "no process connector (CONFIG_PROC_EVENTS), or no right to it",
            Self::Root => "not root",
            Self::Setpriv => "no setpriv that can grant CAP_BPF and CAP_PERFMON",
            Self::Setcap => "setcap is missing, or the temporary directory keeps no capabilities",
            Self::Perf => "perf cannot count sched:sched_process_exec",
            Self::Tmpfs => "no right to mount a file system in memory",
            Self::Bpftool => "bpftool is missing or may not list programs",
            Self::PinnedMaps => "no bpftool, or no BPF file system to pin maps in",
            Self::Cgroup2 => "no cgroup v2 hierarchy to make a group in",
            Self::UnifiedCgroups => "no cgroup v2 hierarchy to make groups in, or not seen whole",
            Self::MemoryCgroups => "no cgroup v1 hierarchy with the memory controller",
            Self::PidsCgroups => "no cgroup v1 hierarchy with the pids controller",
            Self::IntoCgroup => "before Linux 5.7 no process begins in another cgroup",
            Self::Unshare => "unshare -m does not work",
            Self::UserNamespace => "unshare -U -r does not work",
            Self::Terminal => "script, which provides a terminal, is missing",
            Self::SetUserId => "set-user-id programs do not work in the temporary directory",
            Self::Int80 => "the kernel takes no 32-bit system calls",
            Self::OpensFirst => {
                "before Linux 6.8 the kernel itself touches the arguments of a missing file"
            }
            Self::PreparesExecs => "before Linux 6.10 there is no sched_prepare_exec",
            Self::ChosenPid => "no right to choose the number of a new process (clone3, set_tid)",
            Self::Nobody => "there is no user nobody",
            Self::LoginUid => "no right to write a login uid (CAP_AUDIT_CONTROL, CONFIG_AUDIT)",
            Self::UserNamespaceForAll => "users may not make user namespaces",
            Self::SwitchableCpu => execsnoop_e2e_harness::NO_SWITCHABLE_CPU,
            Self::StaticTracer => {
                "execsnoop is linked dynamically (`make dist` tests the static one)"
            }
            Self::CgroupCpuTime => "the cgroup v2 hierarchy has no CPU time in cpu.stat",
            Self::Make => "there is no make",
            Self::Tmux => "there is no tmux, which reads the screen: apt install tmux",
        }
    }
}

/// Whether the tracer starts. Any answer but "this machine cannot" lets the tests run, and fail.
fn can_trace() -> bool {
    let status = Command::new(execsnoop())
        .args(["--duration", "1ms"])
        .stdout(Stdio::null())
        .status();
    status.expect("execsnoop can be executed").code() != Some(77)
}

/// Whether the tracer starts on this backend; again, any answer but "this machine cannot" will do.
fn answers(wrapper: &[&str], backend: &str) -> bool {
    let mut command = command(wrapper, &["--backend", backend, "--duration", "1ms"]);
    let status = command.stdout(Stdio::null()).status();
    runs("unshare", &["-m", "true"]) && status.is_ok_and(|status| status.code() != Some(77))
}

fn can_set_capabilities() -> bool {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    set_user_id_works() && runs("setcap", &["cap_bpf,cap_perfmon+ep", text(file.path())])
}

fn has_cpu_time() -> bool {
    let stat = crate::support::Cgroup::create()
        .map(|cgroup| std::fs::read_to_string(cgroup.path().join("cpu.stat")));
    stat.is_some_and(|stat| stat.is_ok_and(|text| text.starts_with("usage_usec")))
}

fn can_pin_maps() -> bool {
    runs("bpftool", &["map", "show"])
        && runs("unshare", &["-m", "mount", "-t", "bpf", "bpf", "/mnt"])
}

fn set_user_id_works() -> bool {
    let about = nix::sys::statvfs::statvfs(&std::env::temp_dir());
    about.is_ok_and(|about| !about.flags().contains(FsFlags::ST_NOSUID))
}

/// The loader of a binary that needs one is named within its first bytes.
fn is_static(binary: &std::path::Path) -> bool {
    let bytes = std::fs::read(binary).expect("execsnoop can be read");
    let head = &bytes[..bytes.len().min(4096)];
    !head.windows(5).any(|word| word == b"/ld-l")
}
