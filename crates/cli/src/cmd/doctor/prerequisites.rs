//! What tracing needs. Of what is missing, only the cause says NO: what follows from it is unknown.

use caps::Capability;
use execsnoop_events::errno_name;
use execsnoop_host::ENOUGH_LOCKED;
use execsnoop_host::Obstacle;
use execsnoop_host::features::attempt::Attempt;
use execsnoop_host::features::btf::Btf;
use execsnoop_probe::Capabilities;
use execsnoop_probe::Diagnosis;
use execsnoop_probe::Trial;
use nix::errno::Errno;
use serde_json::Value;
use serde_json::json;

use crate::cmd::doctor::check::Check;
use crate::cmd::doctor::check::Finding;
use crate::cmd::doctor::check::State;

const ALLOW_BPF: &str =
    "docker run --cap-add=BPF --cap-add=PERFMON --security-opt seccomp=unconfined ...";

const LOGS: &str =
    "a security module such as SELinux prevents it; its log names the rule: change that";

const UNLOCK: &str = "boot with lockdown=integrity, or without lockdown= (it cannot be lowered while the system runs)";

const DENIALS: &str = "sudo dmesg | grep -i -e denied -e avc";

const ALLOW: &str = "allow the system calls bpf and perf_event_open where this was started: in a service by \
                     SystemCallFilter=bpf perf_event_open, in a container by";

/// The checks of all that the core backend stands on; `program` is execsnoop's own file, for a
/// shell.
pub fn checks(survey: &Diagnosis, program: &str) -> Vec<Check> {
    let guards = &survey.guards;
    let (proc, sys) = (survey.proc_mounted, survey.sys_mounted);
    let mut checks = vec![
        Check::new(
            "mounts",
            "/proc and /sys",
            mounts(proc, sys),
            json!({"proc": proc, "sys": sys}),
        ),
        Check::new("bpf_syscall", "BPF system call", bpf_syscall(survey), {
            let mut facts = attempt_facts(survey.bpf_syscall);
            facts["seccomp_filter"] = json!(guards.seccomp);
            facts
        }),
        Check::new(
            "capabilities",
            "capabilities",
            capabilities(survey, program),
            capability_facts(&survey.capabilities),
        ),
        Check::new(
            "user_namespace",
            "user namespace",
            user_namespace(survey),
            json!({"initial": survey.user_ns_initial}),
        ),
        Check::new(
            "lockdown",
            "lockdown",
            lockdown(survey),
            lockdown_facts(survey),
        ),
        Check::new("btf", "BTF", btf(survey), btf_facts(&survey.btf)),
        Check::new(
            "tp_btf",
            "tp_btf programs",
            tp_btf(survey),
            attempt_facts(survey.tp_btf),
        ),
        Check::new(
            "ring_buffer",
            "ring buffer",
            ring_buffer(survey),
            attempt_facts(survey.ring_buffer),
        ),
        Check::new(
            "memlock",
            "locked memory",
            memlock(survey),
            json!({"limit_bytes": survey.memlock}),
        ),
    ];
    let explained = checks.iter().any(|check| check.state == State::No);
    checks.push(Check::new(
        "programs",
        "own programs",
        programs(survey, explained),
        program_facts(&survey.core),
    ));
    checks
}

fn mounts(proc: bool, sys: bool) -> Finding {
    let (missing, command) = match (proc, sys) {
        (true, true) => return Finding::ok("both are there"),
        (false, true) => (
            "/proc is not mounted: some lines below cannot be told",
            "mount -t proc proc /proc",
        ),
        (true, false) => (
            "/sys is not mounted, and with it BTF is not there",
            "mount -t sysfs sysfs /sys",
        ),
        (false, false) => (
            "neither is mounted: little can be checked, and there is no BTF",
            "mount -t proc proc /proc && mount -t sysfs sysfs /sys",
        ),
    };
    Finding::note(missing).advise(
        "mount what is missing, as root, inside this chroot or container",
        &[command],
    )
}

fn bpf_syscall(survey: &Diagnosis) -> Finding {
    match survey.bpf_syscall {
        Attempt::Works => Finding::ok("answers"),
        Attempt::Skipped => Finding::unknown("not tried, since no process could be made for it"),
        Attempt::Killed => Finding::no("a seccomp filter kills the caller", ALLOW, &[ALLOW_BPF]),
        Attempt::Refused(errno) => refused_bpf(survey, errno),
    }
}

fn refused_bpf(survey: &Diagnosis, errno: Errno) -> Finding {
    let filtered = survey.guards.seccomp == Some(true);
    let name = errno_name(errno as i32).unwrap_or("an error");
    match (errno, filtered) {
        (Errno::ENOSYS, true) => Finding::no(
            format!("{name}: a seccomp filter hides it, or the kernel has none"),
            ALLOW,
            &[ALLOW_BPF],
        ),
        (Errno::ENOSYS, false) => Finding::no(
            "this kernel has none",
            "boot a kernel that was built with CONFIG_BPF_SYSCALL=y, as those of all distributions are",
            &[],
        ),
        (_, false) if !survey.features.has_bpf_privileges() => {
            Finding::ok(format!("there, with the capabilities ({name} without)"))
        }
        (_, true) if !survey.features.has_bpf_privileges() => Finding::unknown(format!(
            "{name}: for want of capabilities, or from the seccomp filter that is in force"
        )),
        (_, true) => Finding::no(
            format!("a seccomp filter refuses it ({name})"),
            ALLOW,
            &[ALLOW_BPF],
        ),
        (_, false) => Finding::no(
            format!("refused ({name}) although the capabilities are there"),
            LOGS,
            &[DENIALS],
        ),
    }
}

fn capabilities(survey: &Diagnosis, program: &str) -> Finding {
    let held = &survey.capabilities;
    let (have, lack): (Vec<Capability>, Vec<Capability>) = Capabilities::NAMED
        .into_iter()
        .partition(|one| held.has(*one));
    if survey.features.capable {
        return Finding::ok(match lack.as_slice() {
            [] => names(&have),
            lack => format!("{}; not {}", names(&have), names(lack)),
        });
    }
    let found = match have.as_slice() {
        [] => "none that matters".to_owned(),
        have => format!("{} alone", names(have)),
    };
    let found = format!("{found}: tracing needs CAP_BPF and CAP_PERFMON (or root)");
    capability_advice(survey, program, Finding::new(State::No, found))
}

fn capability_advice(survey: &Diagnosis, program: &str, finding: Finding) -> Finding {
    let held = &survey.capabilities;
    let obtainable = |one| held.obtainable.contains(&one);
    let enough = obtainable(Capability::CAP_SYS_ADMIN)
        || (obtainable(Capability::CAP_BPF) && obtainable(Capability::CAP_PERFMON));
    let sudo = format!("sudo {program}");
    let to_group = format!("sudo chgrp GROUP {program} && sudo chmod 750 {program}");
    let setcap = format!("sudo setcap cap_bpf,cap_perfmon+ep {program}");
    let old = survey
        .features
        .version()
        .is_some_and(|version| version < (5, 8));
    if !enough {
        return finding.advise(
            "nothing started here can get them (the bounding set is without them): let the program that starts \
             this container or service grant them, a service with AmbientCapabilities=CAP_BPF CAP_PERFMON",
            &["docker run --cap-add=BPF --cap-add=PERFMON ..."],
        );
    }
    if held.no_new_privs {
        return finding.advise(
            "sudo and setcap do nothing here (no_new_privs is set): run it from another shell, a service \
             with AmbientCapabilities=CAP_BPF CAP_PERFMON",
            &[],
        );
    }
    match old {
        true => finding.advise(
            "run it as root (before Linux 5.8 there is no CAP_BPF)",
            &[&sudo],
        ),
        false => finding.advise(
            "run it as root; or keep the program to a group, and give it once the two capabilities that \
             suffice. Whoever may execute it then sees the arguments and the environment of all \
             processes, root's too",
            &[&sudo, &to_group, &setcap],
        ),
    }
}

fn user_namespace(survey: &Diagnosis) -> Finding {
    match survey.user_ns_initial {
        Some(true) => Finding::ok("the machine's own"),
        None => Finding::unknown("cannot be told without /proc"),
        Some(false) => Finding::no(
            "not the machine's own: capabilities in it do not count for BPF",
            "run it outside, as root of the machine: not in a rootless container, nor behind unshare -U. A \
             container that root starts will do",
            &["sudo podman run --cap-add=BPF --cap-add=PERFMON ..."],
        ),
    }
}

fn lockdown(survey: &Diagnosis) -> Finding {
    match survey.features.lockdown.as_deref() {
        Some("confidentiality") => Finding::no(
            "confidentiality: not even root may read the kernel's memory with BPF",
            UNLOCK,
            &[],
        ),
        Some("none") => Finding::ok("none"),
        Some(level) => Finding::ok(format!("{level}: does not touch tracing")),
        None if survey.core.loads() => Finding::ok("none that prevents tracing"),
        None if hides_memory(survey) => Finding::no(
            "programs may not read the kernel's memory: seemingly it is locked down (confidentiality)",
            UNLOCK,
            &[
                "sudo mount -t securityfs securityfs /sys/kernel/security && cat /sys/kernel/security/lockdown",
            ],
        ),
        None => Finding::unknown("cannot be told (no /sys/kernel/security/lockdown)"),
    }
}

/// Whether programs load, but none that reads the kernel's memory.
fn hides_memory(survey: &Diagnosis) -> bool {
    let has_helper = survey.features.version() >= Some((5, 5));
    let refused = matches!(survey.kernel_reads, Attempt::Refused(_));
    has_helper && survey.tracepoints.works() && refused
}

fn btf(survey: &Diagnosis) -> Finding {
    let rebuild = "boot a kernel that was built with CONFIG_DEBUG_INFO_BTF=y, as all distributions build \
                   theirs since 2021; in a container or chroot, mount the machine's /sys";
    match &survey.btf {
        Btf::Readable {
            tracepoint: Some(_),
            bytes,
            types,
        } => Finding::ok(format!("{} KiB, {types} types", bytes >> 10)),
        Btf::Readable { .. } => Finding::no(
            "it does not know the tracepoint sched_process_exec",
            rebuild,
            &[],
        ),
        Btf::Missing if !survey.sys_mounted => Finding::no(
            "not there, since /sys is not mounted",
            "mount it, as root",
            &["mount -t sysfs sysfs /sys"],
        ),
        Btf::Missing => Finding::no(
            "there is no /sys/kernel/btf/vmlinux",
            rebuild,
            match survey.pid_ns_initial {
                Some(false) => &["docker run -v /sys:/sys:ro ..."],
                _ => &[],
            },
        ),
        Btf::Unreadable(why) => Finding::no(
            format!("/sys/kernel/btf/vmlinux cannot be read: {why}"),
            "see what forbids it: by default every user can read the file",
            &["ls -l /sys/kernel/btf/vmlinux"],
        ),
        Btf::Malformed => Finding::no(
            "/sys/kernel/btf/vmlinux is not valid BTF",
            "something else seems to be mounted over it: see what",
            &["findmnt -T /sys/kernel/btf/vmlinux"],
        ),
    }
}

/// Why something was not tried: the first cause that applies.
fn untried(survey: &Diagnosis) -> Finding {
    let features = &survey.features;
    Finding::unknown(
        match (
            features.capable,
            features.initial_user_ns,
            survey.bpf_syscall,
        ) {
            (false, ..) => "not tried without the capabilities",
            (_, false, _) => "not tried in this user namespace",
            (_, _, Attempt::Works | Attempt::Skipped) => "not tried without BTF",
            _ => "not tried without the BPF system call",
        },
    )
}

/// Of something that takes BPF to find out.
fn attempted(survey: &Diagnosis, attempt: Attempt, works: &str) -> Finding {
    match attempt {
        Attempt::Works => Finding::ok(works),
        Attempt::Skipped => untried(survey),
        Attempt::Killed => Finding::no("a seccomp filter kills the caller", ALLOW, &[ALLOW_BPF]),
        Attempt::Refused(errno) => Finding::no(
            format!(
                "refused ({})",
                errno_name(errno as i32).unwrap_or("an error")
            ),
            "see what the kernel and the security modules say of it",
            &["sudo dmesg | tail"],
        ),
    }
}

fn tp_btf(survey: &Diagnosis) -> Finding {
    attempted(survey, survey.tp_btf, "load")
}

fn ring_buffer(survey: &Diagnosis) -> Finding {
    match survey.features.version() {
        Some(version) if version < (5, 8) && !survey.ring_buffer.works() => Finding::no(
            format!(
                "Linux {} has none: they came with 5.8",
                survey.features.release
            ),
            "boot a newer kernel",
            &[],
        ),
        _ => attempted(survey, survey.ring_buffer, "can be made"),
    }
}

fn memlock(survey: &Diagnosis) -> Finding {
    let limit = match survey.memlock {
        None => return Finding::ok("no limit"),
        Some(bytes) => format!("{} KiB", bytes >> 10),
    };
    if survey.features.version() >= Some((5, 11)) {
        return Finding::ok(format!("{limit}, which does not matter from Linux 5.11 on"));
    }
    if survey.capabilities.has(Capability::CAP_SYS_RESOURCE) {
        return Finding::ok(format!("{limit}, and it may be raised"));
    }
    if survey.core.loads() || survey.memlock >= Some(ENOUGH_LOCKED) {
        return Finding::ok(limit);
    }
    Finding::no(
        format!(
            "{limit}: too little before Linux 5.11, and CAP_SYS_RESOURCE is missing to raise it"
        ),
        "raise the limit of this shell, and run execsnoop from it; or run it as root",
        &["sudo prlimit --pid $$ --memlock=unlimited"],
    )
}

/// The last word: `explained` says whether something above already tells why they cannot load.
fn programs(survey: &Diagnosis, explained: bool) -> Finding {
    match &survey.core {
        Trial::Loads { took } => Finding::ok(format!("load, in {} ms", took.as_millis())),
        _ if explained => Finding::unknown("not loaded: see the obstacle above"),
        Trial::Blocked(Obstacle::Forbidden) => {
            Finding::no("the kernel refuses them (EPERM)", LOGS, &[DENIALS])
        }
        Trial::Blocked(obstacle) => Finding::no("do not load", obstacle.to_string(), &[]),
        Trial::Fails(words) => Finding::no(
            words.split(['\n', ';']).next().unwrap_or_default(),
            "please report this, together with what this command says",
            &["execsnoop doctor --verbose"],
        ),
    }
}

fn names(capabilities: &[Capability]) -> String {
    let names: Vec<String> = capabilities.iter().map(Capability::to_string).collect();
    names.join(" ")
}

fn capability_facts(held: &Capabilities) -> Value {
    let mut facts = json!({"no_new_privs": held.no_new_privs});
    for one in Capabilities::NAMED {
        facts[one.to_string()] = json!(held.has(one));
    }
    facts
}

fn lockdown_facts(survey: &Diagnosis) -> Value {
    let reads = attempt_facts(survey.kernel_reads);
    json!({"level": survey.features.lockdown, "kernel_reads": reads["works"]})
}

fn btf_facts(btf: &Btf) -> Value {
    let (bytes, types) = match btf {
        Btf::Readable { bytes, types, .. } => (Some(bytes), Some(types)),
        _ => (None, None),
    };
    json!({"there": *btf != Btf::Missing, "bytes": bytes, "types": types})
}

/// `works` is null for what was not tried; `errno` names the kernel's refusal.
pub fn attempt_facts(attempt: Attempt) -> Value {
    let works = (attempt != Attempt::Skipped).then_some(attempt.works());
    let errno = attempt.errno().and_then(|errno| errno_name(errno as i32));
    json!({"works": works, "errno": errno})
}

fn program_facts(trial: &Trial) -> Value {
    let (works, ms, error) = match trial {
        Trial::Loads { took } => (Some(true), u64::try_from(took.as_millis()).ok(), None),
        Trial::Blocked(obstacle) => (None, None, Some(obstacle.to_string())),
        Trial::Fails(words) => (Some(false), None, Some(words.clone())),
    };
    json!({"works": works, "load_ms": ms, "error": error})
}
