//! Shapes of machines, and what is said of them.

use std::time::Duration;

use caps::Capability;
use execsnoop_host::Obstacle;
use execsnoop_host::features::HostFeatures;
use execsnoop_host::features::attempt::Attempt;
use execsnoop_host::features::btf::Btf;
use execsnoop_host::features::cgroup::CgroupVersion;
use execsnoop_host::features::cgroup::Cgroups;
use execsnoop_host::features::connector::Connector;
use execsnoop_host::features::security::SecurityModules;
use execsnoop_probe::Capabilities;
use execsnoop_probe::Tracefs;
use execsnoop_probe::Trial;
use execsnoop_probe::obstacle;
use nix::errno::Errno;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::cmd::doctor::check::State;
use crate::cmd::doctor::text;

const PROGRAM: &str = "/usr/bin/execsnoop";

const ALL: &[Backend] = &Backend::ALL;

const DENIED: Attempt = Attempt::Refused(Errno::EPERM);

/// Root on an ordinary machine of today.
fn good() -> Diagnosis {
    Diagnosis {
        features: HostFeatures {
            capable: true,
            initial_user_ns: true,
            btf: true,
            lockdown: Some("none".to_owned()),
            release: "6.12.5-amd64".to_owned(),
        },
        architecture: "x86_64".to_owned(),
        uid: 0,
        proc_mounted: true,
        sys_mounted: true,
        capabilities: Capabilities {
            effective: Capabilities::NAMED.to_vec(),
            obtainable: Capabilities::NAMED.to_vec(),
            no_new_privs: false,
        },
        user_ns_initial: Some(true),
        pid_ns_initial: Some(true),
        guards: SecurityModules {
            seccomp: Some(false),
            modules: Some(vec!["capability".to_owned(), "apparmor".to_owned()]),
            selinux_enforcing: false,
            label: Some("unconfined".to_owned()),
        },
        unprivileged_bpf_disabled: Some(2),
        perf_event_paranoid: Some(2),
        memlock: Some(8 << 20),
        cgroups: Some(Cgroups {
            version: CgroupVersion::V2,
            v2_mount: Some("/sys/fs/cgroup".into()),
            whole: true,
        }),
        tracefs: Tracefs {
            mount: Some("/sys/kernel/tracing".into()),
            readable: true,
        },
        takes_32_bit_calls: false,
        connector: Connector::Usable,
        bpf_syscall: Attempt::Works,
        btf: Btf::Readable {
            bytes: 5 << 20,
            types: 120_000,
            tracepoint: Some(77),
        },
        tp_btf: Attempt::Works,
        ring_buffer: Attempt::Works,
        tracepoints: Attempt::Works,
        kernel_reads: Attempt::Works,
        perf_events: Attempt::Works,
        core: Trial::Loads {
            took: Duration::from_millis(50),
        },
        classic: None,
        cnproc: None,
    }
}

/// What follows from the facts for what is tried, as a survey would find it.
fn settled(mut survey: Diagnosis) -> Diagnosis {
    if let Some(obstacle) = obstacle(Backend::Core, &survey.features) {
        survey.core = Trial::Blocked(obstacle);
    }
    if !survey.features.has_bpf_privileges() || !survey.bpf_syscall.works() {
        survey.tp_btf = Attempt::Skipped;
        survey.ring_buffer = Attempt::Skipped;
        survey.tracepoints = Attempt::Skipped;
        survey.kernel_reads = Attempt::Skipped;
        survey.classic = survey.classic.or(Some(Obstacle::Capabilities));
    }
    if !survey.bpf_syscall.works() && survey.core.loads() {
        survey.core = Trial::Blocked(Obstacle::Forbidden);
    }
    if !matches!(survey.btf, Btf::Readable { .. }) {
        survey.tp_btf = Attempt::Skipped;
    }
    survey
}

fn no_capabilities(survey: &mut Diagnosis) {
    survey.uid = 1000;
    survey.features.capable = false;
    survey.capabilities.effective.clear();
    survey.perf_events = Attempt::Refused(Errno::EACCES);
    survey.cnproc = Some(Obstacle::Connector);
}

fn no_btf(survey: &mut Diagnosis) {
    survey.features.btf = false;
    survey.btf = Btf::Missing;
}

fn no_sys(survey: &mut Diagnosis) {
    no_btf(survey);
    survey.sys_mounted = false;
    survey.features.lockdown = None;
    survey.guards.modules = None;
    no_tracefs(survey);
}

fn no_proc(survey: &mut Diagnosis) {
    survey.proc_mounted = false;
    survey.user_ns_initial = None;
    survey.pid_ns_initial = None;
    survey.cgroups = None;
    survey.guards = SecurityModules::default();
    survey.unprivileged_bpf_disabled = None;
    survey.connector = Connector::Hidden;
}

fn no_tracefs(survey: &mut Diagnosis) {
    survey.tracefs.readable = false;
    survey.tracefs.mount = None;
    survey.classic = Some(Obstacle::Tracefs);
}

fn filtered(survey: &mut Diagnosis, answer: Attempt) {
    survey.guards.seccomp = Some(true);
    survey.bpf_syscall = answer;
}

fn user_namespace(survey: &mut Diagnosis) {
    survey.features.initial_user_ns = false;
    survey.user_ns_initial = Some(false);
    survey.cnproc = Some(Obstacle::Connector);
}

fn container(survey: &mut Diagnosis) {
    survey.pid_ns_initial = Some(false);
    survey.cnproc = Some(Obstacle::Connector);
    survey.connector = Connector::Hidden;
    if let Some(cgroups) = &mut survey.cgroups {
        cgroups.whole = false;
    }
}

fn locked_down(survey: &mut Diagnosis) {
    survey.features.lockdown = Some("confidentiality".to_owned());
    survey.classic = Some(Obstacle::Lockdown);
}

fn old_kernel(survey: &mut Diagnosis, release: &str) {
    survey.features.release = release.to_owned();
    survey.ring_buffer = Attempt::Refused(Errno::EINVAL);
}

fn shape(change: impl FnOnce(&mut Diagnosis)) -> Diagnosis {
    let mut survey = good();
    change(&mut survey);
    settled(survey)
}

fn report(survey: &Diagnosis, built_in: &[Backend]) -> Report {
    Report::with(survey, PROGRAM, built_in)
}

fn in_the_way(report: &Report) -> Vec<&'static str> {
    let checks = report.checks.iter();
    let no = checks.filter(|check| check.state == State::No);
    no.map(|check| check.name).collect()
}

/// All advice in one string.
fn advice(report: &Report) -> String {
    let given = report.checks.iter().filter_map(|one| one.advice.as_ref());
    given.fold(String::new(), |all, one| {
        format!("{all}{}\n{}\n", one.text, one.commands.join("\n"))
    })
}

/// A change of a good machine, and what is to be said of it.
type Case = (fn(&mut Diagnosis), &'static [&'static str], &'static str);

const CASES: &[Case] = &[
    (
        no_capabilities,
        &["capabilities"],
        "sudo chgrp GROUP /usr/bin/execsnoop && sudo chmod 750 /usr/bin/execsnoop\n\
         sudo setcap cap_bpf,cap_perfmon+ep /usr/bin/execsnoop",
    ),
    (
        |s| {
            no_capabilities(s);
            s.capabilities.no_new_privs = true;
        },
        &["capabilities"],
        "no_new_privs",
    ),
    (
        |s| {
            no_capabilities(s);
            s.capabilities.obtainable.clear();
        },
        &["capabilities"],
        "--cap-add=BPF",
    ),
    (
        |s| {
            no_capabilities(s);
            filtered(s, DENIED);
        },
        &["capabilities"],
        "setcap",
    ),
    (no_btf, &["btf"], "CONFIG_DEBUG_INFO_BTF=y"),
    (
        |s| {
            no_btf(s);
            container(s);
        },
        &["btf"],
        "-v /sys:/sys:ro",
    ),
    (no_sys, &["btf"], "mount -t sysfs sysfs /sys"),
    (
        |s| {
            no_sys(s);
            no_proc(s);
        },
        &["btf"],
        "mount -t proc proc /proc",
    ),
    (
        |s| {
            s.btf = Btf::Malformed;
            s.core = Trial::Fails("bad".to_owned());
        },
        &["btf"],
        "findmnt",
    ),
    (
        |s| filtered(s, DENIED),
        &["bpf_syscall"],
        "SystemCallFilter=bpf perf_event_open",
    ),
    (
        |s| filtered(s, Attempt::Killed),
        &["bpf_syscall"],
        "seccomp=unconfined",
    ),
    (
        |s| filtered(s, Attempt::Refused(Errno::ENOSYS)),
        &["bpf_syscall"],
        "seccomp=unconfined",
    ),
    (
        |s| s.bpf_syscall = Attempt::Refused(Errno::ENOSYS),
        &["bpf_syscall"],
        "CONFIG_BPF_SYSCALL=y",
    ),
    (|s| s.bpf_syscall = DENIED, &["bpf_syscall"], "dmesg"),
    (user_namespace, &["user_namespace"], "sudo podman run"),
    (locked_down, &["lockdown"], "lockdown=integrity"),
    (
        |s| {
            s.features.lockdown = None;
            s.kernel_reads = Attempt::Refused(Errno::EINVAL);
            s.core = Trial::Fails("the kernel refused the BPF program on_exec".to_owned());
        },
        &["lockdown"],
        "lockdown=integrity",
    ),
    (
        |s| old_kernel(s, "5.4.0-150-generic"),
        &["ring_buffer"],
        "newer kernel",
    ),
    (
        |s| s.core = Trial::Blocked(Obstacle::Forbidden),
        &["programs"],
        "SELinux",
    ),
    (
        |s| s.core = Trial::Fails("verifier".to_owned()),
        &["programs"],
        "execsnoop doctor --verbose",
    ),
];

/// What stands in the way of the core backend is named, and nothing that only follows from it; and
/// what to do about it is said.
#[test]
fn the_cause_is_named_with_what_to_do() {
    for (number, &(change, causes, words)) in CASES.iter().enumerate() {
        let report = report(&shape(change), &[Backend::Core]);
        assert_eq!(in_the_way(&report), causes, "case {number}");
        assert!(
            advice(&report).contains(words),
            "case {number}: {}",
            advice(&report)
        );
        assert_eq!((report.backend, report.status), (None, 77), "case {number}");
    }
}

/// The best backend that works is taken, of those that the build has; its losses are told.
#[test]
fn the_best_backend_is_picked() {
    let both: fn(&mut Diagnosis) = |survey| {
        no_btf(survey);
        no_tracefs(survey);
    };
    let no_perf: fn(&mut Diagnosis) = |survey| {
        no_btf(survey);
        survey.perf_events = DENIED;
    };
    let nothing: fn(&mut Diagnosis) = |survey| {
        filtered(survey, DENIED);
        container(survey);
    };
    for (change, backend, status) in [
        ((|_| ()) as fn(&mut Diagnosis), Some(Backend::Core), 0),
        (no_tracefs, Some(Backend::Core), 0),
        (container, Some(Backend::Core), 0),
        (no_btf, Some(Backend::Classic), 1),
        (|s| old_kernel(s, "5.6.0"), Some(Backend::Classic), 1),
        (both, Some(Backend::Cnproc), 1),
        (no_perf, Some(Backend::Cnproc), 1),
        (|s| filtered(s, Attempt::Killed), Some(Backend::Cnproc), 1),
        (nothing, None, 77),
        (no_capabilities, None, 77),
    ] {
        let survey = shape(change);
        let full = report(&survey, ALL);
        assert_eq!(
            (full.backend, full.status),
            (backend, status),
            "{survey:#?}"
        );
        assert_eq!(full.lost, backend.and_then(Backend::limitations));
        let core_alone = report(&survey, &[Backend::Core]).backend;
        assert_eq!(
            core_alone,
            backend.filter(|backend| *backend == Backend::Core)
        );
    }
}

/// Whatever is wrong together: what cannot trace says why, and each reason comes with what to do;
/// what can trace has no reason not to.
#[test]
fn every_combination_has_an_answer() {
    let changes: [fn(&mut Diagnosis); 11] = [
        no_capabilities,
        no_btf,
        no_sys,
        no_proc,
        no_tracefs,
        |survey| filtered(survey, DENIED),
        |survey| filtered(survey, Attempt::Killed),
        user_namespace,
        container,
        locked_down,
        |survey| old_kernel(survey, "5.6.0"),
    ];
    for chosen in 0..1u32 << changes.len() {
        let survey = shape(|survey| {
            let picked = changes.iter().enumerate();
            picked
                .filter(|(bit, _)| chosen & 1 << bit != 0)
                .for_each(|(_, change)| change(survey));
        });
        let report = report(&survey, ALL);
        let traces_all = report.backend == Some(Backend::Core);
        assert_eq!(in_the_way(&report).is_empty(), traces_all, "{survey:#?}");
        for check in report
            .checks
            .iter()
            .filter(|check| check.state == State::No)
        {
            assert!(check.advice.is_some(), "{}", check.name);
        }
    }
}

/// Locked memory is only counted before Linux 5.11, and matters to users who cannot raise it.
#[test]
fn locked_memory() {
    let state = |release: &str, limit, raisable: bool| {
        let survey = shape(|survey| {
            survey.features.release = release.to_owned();
            survey.memlock = limit;
            survey.core = Trial::Blocked(Obstacle::Forbidden);
            if !raisable {
                let others = |one: &Capability| *one != Capability::CAP_SYS_RESOURCE;
                survey.capabilities.effective.retain(others);
            }
        });
        let checks = report(&survey, ALL).checks;
        let row = checks.into_iter().find(|check| check.name == "memlock");
        row.expect("there is such a row").state
    };
    assert_eq!(state("5.10.0", Some(64 << 10), false), State::No);
    assert_eq!(state("5.10.0", Some(64 << 10), true), State::Ok);
    assert_eq!(state("5.10.0", Some(1 << 30), false), State::Ok);
    assert_eq!(state("5.10.0", None, false), State::Ok);
    assert_eq!(state("5.11.0", Some(64 << 10), false), State::Ok);
}

fn table(report: &Report, colored: bool) -> String {
    let mut out = Vec::new();
    text::write(&mut out, report, colored);
    String::from_utf8(out).expect("text")
}

/// The table is plain ASCII, its columns stand under each other, and only commands are longer than
/// lines.
#[test]
fn the_table_is_plain() {
    for change in [
        (|_| ()) as fn(&mut Diagnosis),
        no_capabilities,
        no_sys,
        locked_down,
        container,
    ] {
        let text = table(&report(&shape(change), ALL), false);
        assert!(text.is_ascii() && !text.contains('\x1b'), "{text}");
        let titles = text
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        for line in titles {
            assert_eq!((&line[6..8], &line[27..29]), ("  ", "  "), "{line:?}");
        }
        for line in text
            .lines()
            .filter(|line| !line.starts_with("             "))
        {
            assert!(line.len() <= 80, "{line:?}");
        }
        let colored = table(&report(&shape(change), ALL), true);
        assert!(colored.contains("\x1b[32mok  \x1b[0m"));
    }
}

/// Which failed execs are not shown, and what shows them.
#[test]
fn failed_execs_of_32_bits() {
    let narrow: fn(&mut Diagnosis) = |survey| survey.takes_32_bit_calls = true;
    let without_tracefs: fn(&mut Diagnosis) = |survey| {
        survey.takes_32_bit_calls = true;
        no_tracefs(survey);
    };
    let classic: fn(&mut Diagnosis) = |survey| {
        survey.takes_32_bit_calls = true;
        no_btf(survey);
    };
    for (change, unseen, remedy) in [
        ((|_| ()) as fn(&mut Diagnosis), false, false),
        (narrow, true, true),
        (without_tracefs, false, false),
        (classic, true, false),
    ] {
        let table = table(&report(&shape(change), ALL), false);
        let said = ["by 32-bit system calls", "--failed-32bit"].map(|text| table.contains(text));
        assert_eq!(said, [unseen, remedy], "{table}");
    }
}

/// What others have named cannot command the terminal.
#[test]
fn hostile_names_are_escaped() {
    let survey = shape(|survey| {
        survey.guards.label = Some("a\x1b[2Jb".to_owned());
        survey.tracefs = Tracefs {
            mount: Some("/x\ny".into()),
            readable: false,
        };
    });
    let report = report(&survey, ALL);
    assert!(!table(&report, false).contains('\x1b'));
    assert!(table(&report, false).contains("/x\\ny"));
    let mut line = Vec::new();
    execsnoop_events::json::write_object(&mut line, &report).expect("JSON");
    assert!(!line.contains(&0x1b));
}

/// The JSON has the names that docs/doctor.md promises, and every check in both forms.
#[test]
fn json_is_stable() {
    let report = report(&shape(no_btf), ALL);
    let value = serde_json::to_value(&report).expect("JSON");
    assert_eq!(value["type"], "doctor");
    assert_eq!(value["backend"], "classic");
    assert_eq!(value["rung"], "classic");
    assert_eq!(value["status"], 1);
    assert!(value["lost"].is_string());
    let documented = include_str!("../../../../../../docs/doctor.md");
    let checks: &serde_json::Map<String, Value> = value["checks"].as_object().expect("an object");
    assert_eq!(checks.len(), report.checks.len());
    for (name, check) in checks {
        assert!(documented.contains(&format!("| `{name}` |")), "{name}");
        let facts = check["facts"].as_object().expect("an object");
        for fact in facts.keys() {
            assert!(documented.contains(&format!("`{fact}`")), "{name}: {fact}");
        }
    }
    let btf = json!({"there": false, "bytes": null, "types": null});
    assert_eq!(checks["btf"]["facts"], btf);
    assert_eq!(checks["btf"]["state"], "no");
}
