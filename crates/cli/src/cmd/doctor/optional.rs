//! What the core backend can do without: it makes something cheaper, shows more, or carries a lower
//! backend.

use caps::Capability;
use execsnoop_events::errno_name;
use execsnoop_host::features::attempt::Attempt;
use execsnoop_host::features::cgroup::CgroupVersion;
use execsnoop_host::features::cgroup::Cgroups;
use execsnoop_host::features::connector::Connector;
use execsnoop_host::features::security::SecurityModules;
use execsnoop_probe::Diagnosis;
use serde_json::json;

use crate::cmd::doctor::check::Check;
use crate::cmd::doctor::check::Finding;
use crate::cmd::doctor::prerequisites::attempt_facts;

/// The checks of all that is useful, and of what tells why something else is not there.
pub fn checks(survey: &Diagnosis) -> Vec<Check> {
    let tracefs = &survey.tracefs;
    let sys_admin =
        survey.capabilities.has(Capability::CAP_SYS_ADMIN) && survey.features.initial_user_ns;
    vec![
        Check::new(
            "tracefs",
            "tracefs",
            tracefs_finding(survey),
            json!({
                "readable": tracefs.readable,
                "mount": tracefs.mount.as_ref().map(|path| path.to_string_lossy()),
            }),
        ),
        Check::new(
            "tracepoints",
            "tracepoint programs",
            tracepoints(survey),
            attempt_facts(survey.tracepoints),
        ),
        Check::new(
            "failed_execs",
            "failed execs",
            failed_execs(survey),
            json!({"system_calls_32_bit": survey.takes_32_bit_calls}),
        ),
        Check::new("perf_events", "perf events", perf_events(survey), {
            let mut facts = attempt_facts(survey.perf_events);
            facts["paranoid"] = json!(survey.perf_event_paranoid);
            facts
        }),
        Check::new(
            "unprivileged_bpf",
            "unprivileged BPF",
            unprivileged_bpf(survey),
            json!({
                "disabled": survey.unprivileged_bpf_disabled,
            }),
        ),
        Check::new(
            "run_times",
            "run times",
            run_times(sys_admin),
            json!({"measurable": sys_admin}),
        ),
        Check::new(
            "pid_namespace",
            "pid namespace",
            pid_namespace(survey),
            json!({
                "initial": survey.pid_ns_initial,
            }),
        ),
        Check::new(
            "cgroups",
            "cgroups",
            cgroups(survey.cgroups.as_ref()),
            cgroup_facts(survey.cgroups.as_ref()),
        ),
        Check::new(
            "security_modules",
            "security modules",
            security_modules(survey),
            guard_facts(&survey.guards),
        ),
        Check::new(
            "process_connector",
            "process connector",
            connector(survey),
            json!({
                "usable": connector_usable(survey),
            }),
        ),
    ]
}

fn tracefs_finding(survey: &Diagnosis) -> Finding {
    let otherwise = "-x then watches the exits of all system calls, which costs them a little more";
    match (&survey.tracefs.mount, survey.tracefs.readable) {
        (Some(_), true) => Finding::ok("readable"),
        (None, true) => Finding::ok("not mounted; opened without mounting it"),
        (Some(mount), false) => Finding::note(format!(
            "mounted at {}, and cannot be read: {otherwise}",
            shown(&mount.to_string_lossy())
        ))
        .advise("root may read it: run it with sudo if that matters", &[]),
        (None, false) => Finding::note(format!("not mounted, and cannot be opened: {otherwise}"))
            .advise(
                "run it as root (Linux 5.2+), or mount it, if that matters",
                &["sudo mount -t tracefs tracefs /sys/kernel/tracing"],
            ),
    }
}

fn tracepoints(survey: &Diagnosis) -> Finding {
    match survey.tracepoints {
        Attempt::Works => Finding::ok("load"),
        Attempt::Skipped => Finding::unknown("not tried: see the obstacle above"),
        other => Finding::note(format!("do not load ({})", why(other))).advise(
            "see what the kernel says of it (CONFIG_BPF_EVENTS=y is needed)",
            &["sudo dmesg | tail"],
        ),
    }
}

/// Without tracefs the core backend watches the exits of all system calls, 32-bit ones too.
fn failed_execs(survey: &Diagnosis) -> Finding {
    let core = survey.core.loads();
    match survey.takes_32_bit_calls && (!core || survey.tracefs.readable) {
        false => Finding::ok("-x shows all of them"),
        true if core => Finding::note("-x does not show those by 32-bit system calls (int 0x80)")
            .advise(
                "add --failed-32bit to see them",
                &["execsnoop -x --failed-32bit"],
            ),
        true => Finding::note("those by 32-bit system calls (int 0x80) cannot be seen"),
    }
}

fn perf_events(survey: &Diagnosis) -> Finding {
    let level = survey.perf_event_paranoid;
    let level = level.map_or(String::new(), |level| {
        format!("; perf_event_paranoid is {level}")
    });
    match survey.perf_events {
        Attempt::Works => Finding::ok(format!("may be opened{level}")),
        Attempt::Skipped => Finding::unknown("not tried, since no process could be made for it"),
        other if !survey.features.has_bpf_privileges() => Finding::note(format!(
            "refused without CAP_PERFMON ({}{level})",
            why(other)
        )),
        other if !survey.tracefs.readable => Finding::note(format!(
            "refused ({}{level}): they are of use with a readable tracefs alone",
            why(other)
        )),
        other if survey.perf_event_paranoid > Some(2) => {
            Finding::note(format!("refused ({}{level}): -x may fail", why(other))).advise(
                "lower that level, or run it as root",
                &["sudo sysctl kernel.perf_event_paranoid=2"],
            )
        }
        other => Finding::note(format!("refused ({}{level}): -x may fail", why(other))).advise(
            "a seccomp filter or a security module prevents it: allow the system call \
             perf_event_open",
            &["docker run --cap-add=BPF --cap-add=PERFMON --security-opt seccomp=unconfined ..."],
        ),
    }
}

fn unprivileged_bpf(survey: &Diagnosis) -> Finding {
    match survey.unprivileged_bpf_disabled {
        None => Finding::unknown("cannot be told (no /proc/sys/kernel/unprivileged_bpf_disabled)"),
        Some(0) => {
            Finding::ok("on (kernel.unprivileged_bpf_disabled is 0): never enough for tracing")
        }
        Some(value) => Finding::ok(format!(
            "off (kernel.unprivileged_bpf_disabled is {value}): capabilities count, not this"
        )),
    }
}

fn run_times(sys_admin: bool) -> Finding {
    match sys_admin {
        true => Finding::ok("--stats can measure them"),
        false => Finding::note("--stats shows none: measuring them needs CAP_SYS_ADMIN")
            .advise("run it with sudo when you want them", &[]),
    }
}

fn pid_namespace(survey: &Diagnosis) -> Finding {
    match survey.pid_ns_initial {
        Some(true) => Finding::ok("the machine's own"),
        Some(false) => {
            Finding::ok("a container's: pids are shown as the machine counts them, ns_pid as here")
        }
        None => Finding::unknown("cannot be told without /proc"),
    }
}

fn cgroups(cgroups: Option<&Cgroups>) -> Finding {
    let Some(cgroups) = cgroups else {
        return Finding::unknown("cannot be told without /proc");
    };
    let Some(mount) = &cgroups.v2_mount else {
        let version = version_name(cgroups.version);
        return Finding::note(format!(
            "{version}: -c takes directories of cgroup v2, which is not mounted"
        ))
        .advise(
            "mount it, as root, when you want to filter by cgroup",
            &["sudo mkdir -p /mnt/cgroup2 && sudo mount -t cgroup2 cgroup2 /mnt/cgroup2"],
        );
    };
    let at = shown(&mount.to_string_lossy());
    let both = match cgroups.version {
        CgroupVersion::Hybrid => "v1 and v2 (hybrid); ",
        _ => "",
    };
    match cgroups.whole {
        true => Finding::ok(format!("{both}v2 at {at}, whole")),
        false => Finding::note(format!(
            "{both}v2 at {at} shows a part of the machine's: -c reaches that only"
        ))
        .advise(
            "in a container, share the machine's cgroups when you want to filter by others",
            &["docker run --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:ro ..."],
        ),
    }
}

fn version_name(version: CgroupVersion) -> &'static str {
    match version {
        CgroupVersion::None => "none",
        CgroupVersion::V1 => "v1",
        CgroupVersion::V2 => "v2",
        CgroupVersion::Hybrid => "hybrid",
    }
}

fn cgroup_facts(cgroups: Option<&Cgroups>) -> serde_json::Value {
    json!({
        "version": cgroups.map(|cgroups| version_name(cgroups.version)),
        "v2_mount": cgroups.and_then(|cgroups| Some(cgroups.v2_mount.as_ref()?.to_string_lossy())),
        "whole": cgroups.map(|cgroups| cgroups.whole),
    })
}

fn security_modules(survey: &Diagnosis) -> Finding {
    let guards = &survey.guards;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(guards.modules.as_ref().map(|names| shown(&names.join(" "))));
    parts.extend(
        guards
            .selinux_enforcing
            .then(|| "SELinux enforces".to_owned()),
    );
    parts.extend(
        guards
            .label
            .as_ref()
            .map(|label| format!("we are {}", shown(label))),
    );
    match parts.is_empty() {
        false => Finding::ok(parts.join("; ")),
        true if survey.core.loads() => Finding::ok("none that prevents tracing"),
        true => Finding::unknown("cannot be told (no /sys/kernel/security/lsm)"),
    }
}

fn guard_facts(guards: &SecurityModules) -> serde_json::Value {
    json!({
        "modules": guards.modules,
        "selinux_enforcing": guards.selinux_enforcing,
        "label": guards.label,
    })
}

fn connector(survey: &Diagnosis) -> Finding {
    match survey.connector {
        Connector::Usable if survey.cnproc.is_none() => Finding::ok("there, and may be used"),
        Connector::Usable => Finding::note(
            "there, and not for this user: it takes CAP_NET_ADMIN, and the machine's own namespaces",
        ),
        Connector::Refused(errno) => Finding::note(format!(
            "there, and not for this user ({}): it takes CAP_NET_ADMIN",
            errno_name(errno as i32).unwrap_or("an error")
        )),
        Connector::Missing => Finding::note("this kernel has none (CONFIG_PROC_EVENTS)"),
        Connector::Hidden => {
            Finding::unknown("cannot be told (no /proc, or a network namespace of its own)")
        }
        Connector::Killed => Finding::note("a seccomp filter kills the process that asks for it"),
    }
}

fn connector_usable(survey: &Diagnosis) -> Option<bool> {
    let usable = survey.connector == Connector::Usable && survey.cnproc.is_none();
    (survey.connector != Connector::Hidden).then_some(usable)
}

fn why(attempt: Attempt) -> &'static str {
    match attempt {
        Attempt::Killed => "killed by a seccomp filter",
        other => other
            .errno()
            .and_then(|errno| errno_name(errno as i32))
            .unwrap_or("an error"),
    }
}

/// What others have named, made safe to show.
fn shown(text: &str) -> String {
    let mut out = Vec::new();
    execsnoop_events::quote::loose(&mut out, text.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}
