//! What doctor says in situations that are made, and that it is true: what it says works, traces.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use crate::Case;
use crate::backends::privileges::BPF_ALONE;
use crate::backends::privileges::SETPRIV;
use crate::backends::privileges::UNPRIVILEGED;
use crate::backends::privileges::WITHOUT_BTF;
use crate::cli::terminal_escapes::without_colors;
use crate::support::execsnoop;
use crate::support::executable;
use crate::support::public_dir;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Setcap;
use crate::support::requirements::Need::Setpriv;
use crate::support::requirements::Need::Terminal;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::Need::Unshare;
use crate::support::requirements::Need::UserNamespaceForAll;
use crate::support::run::CommandRun;
use crate::support::run::run;
use crate::support::run_subject;
use crate::support::text;
use crate::support::workload;

/// What doctor said, in both forms.
struct Diagnosis {
    status: Option<i32>,
    report: Value,
    text: String,
}

impl Diagnosis {
    /// Asks it behind the words of `wrapper`. Both forms must say the same, and it must be true:
    /// the status says whether a trace starts there.
    #[track_caller]
    fn behind(wrapper: &[&str]) -> Self {
        let json = run(wrapper, &["doctor", "--format", "json"]);
        assert_eq!(json.stderr, "");
        let text = run(wrapper, &["doctor"]);
        let diagnosis = Self {
            status: json.status.code(),
            report: serde_json::from_str(json.text()).expect("one JSON object"),
            text: text.text().to_owned(),
        };
        assert_eq!(diagnosis.status, text.status.code());
        assert_eq!(
            diagnosis.report["status"],
            diagnosis.status.expect("it ends by itself")
        );
        diagnosis.check_same_facts();
        diagnosis
    }

    /// The same, and that a trace starts there when, and only when, doctor says that one can.
    #[track_caller]
    fn confirmed_behind(wrapper: &[&str]) -> Self {
        let diagnosis = Self::behind(wrapper);
        let traces = run(wrapper, &["--duration", "1ms"]).status.code() == Some(0);
        assert_eq!(traces, diagnosis.status != Some(77), "{}", diagnosis.text);
        diagnosis
    }

    fn checks(&self) -> impl Iterator<Item = (&str, &Value)> {
        let checks = self.report["checks"].as_object().expect("an object");
        checks.iter().map(|(name, check)| (name.as_str(), check))
    }

    /// Every finding and every piece of advice is in the text, too. (The time of a load differs.)
    #[track_caller]
    fn check_same_facts(&self) {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let table = words(&self.text.replace("-> ", ""));
        for (name, check) in self.checks().filter(|(name, _)| *name != "programs") {
            let found = check["found"].as_str().expect("words");
            let advice = check["advice"]["text"].as_str().unwrap_or_default();
            let commands = check["advice"]["commands"].as_array();
            let commands = commands.into_iter().flatten().filter_map(Value::as_str);
            for said in [found, advice].into_iter().chain(commands) {
                assert!(
                    table.contains(&words(said)),
                    "{name}: {said:?} in {}",
                    self.text
                );
            }
        }
    }

    /// What prevents it.
    fn causes(&self) -> Vec<&str> {
        let no = self.checks().filter(|(_, check)| check["state"] == "no");
        no.map(|(name, _)| name).collect()
    }

    fn fact(&self, check: &str, fact: &str) -> &Value {
        &self.report["checks"][check]["facts"][fact]
    }

    /// Not everything can be traced, for this one cause, and the text says these words. Lower
    /// backends may be there.
    #[track_caller]
    fn refuses(self, cause: &str, words: &[&str]) -> Self {
        assert_eq!(self.causes(), [cause], "{}", self.text);
        match self.report["backend"].as_str() {
            None => assert_eq!(self.status, Some(77), "{}", self.text),
            Some(backend) => assert!(backend != "core" && self.status == Some(1), "{}", self.text),
        }
        for word in words {
            assert!(self.text.contains(word), "{word} in {}", self.text);
        }
        self
    }

    /// Everything can be traced.
    #[track_caller]
    fn traces_all(self) -> Self {
        assert_eq!(
            (self.status, self.causes()),
            (Some(0), vec![]),
            "{}",
            self.text
        );
        assert_eq!(self.report["backend"], "core");
        assert!(self.fact("programs", "load_ms").is_u64());
        self
    }
}

/// What follows is given this answer to this system call.
fn forbidden<'a>(workload: &'a Path, call: &'a str, answer: &'a str) -> [&'a str; 4] {
    [text(workload), "forbidden", call, answer]
}

/// Where execsnoop traces, everything that it needs is there.
fn all_is_there() {
    let diagnosis = Diagnosis::confirmed_behind(&[]).traces_all();
    for need in ["bpf_syscall", "btf", "tp_btf", "ring_buffer", "programs"] {
        assert_eq!(diagnosis.report["checks"][need]["state"], "ok", "{need}");
    }
    assert!(diagnosis.fact("btf", "types").as_u64() > Some(10_000));
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("proc is there");
    assert_eq!(diagnosis.report["release"], release.trim_end());
}

/// The two capabilities that suffice for tracing suffice for doctor, and one alone does not.
fn capabilities() {
    let both = Diagnosis::confirmed_behind(SETPRIV).traces_all();
    assert_eq!(both.fact("capabilities", "CAP_BPF"), true);
    assert_eq!(both.fact("capabilities", "CAP_SYS_ADMIN"), false);
    assert_eq!(both.report["uid"], 65534);
    Diagnosis::confirmed_behind(BPF_ALONE).refuses("capabilities", &["CAP_BPF alone"]);
}

/// The user `nobody` gets advice on how to trace.
fn as_nobody() {
    let path = execsnoop();
    let setcap = format!("sudo setcap cap_bpf,cap_perfmon+ep {}", text(&path));
    let sudo = format!("sudo {}", text(&path));
    let words = ["none that matters", &setcap, &sudo];
    Diagnosis::confirmed_behind(UNPRIVILEGED).refuses("capabilities", &words);
}

/// Where a program gains nothing by its file's capabilities or by sudo, neither is recommended.
fn as_nobody_for_good() {
    let wrapper = [UNPRIVILEGED, &["--no-new-privs"]].concat();
    let diagnosis = Diagnosis::behind(&wrapper).refuses("capabilities", &["no_new_privs"]);
    assert!(
        !diagnosis.text.contains("sudo setcap"),
        "{}",
        diagnosis.text
    );
    let wrapper = [UNPRIVILEGED, &["--bounding-set=-all"]].concat();
    let diagnosis = Diagnosis::behind(&wrapper).refuses("capabilities", &["--cap-add=BPF"]);
    assert!(
        !diagnosis.text.contains("sudo setcap"),
        "{}",
        diagnosis.text
    );
}

/// Who does what it says is well: the recommended command, word for word.
fn advice_works() {
    let dir = public_dir();
    let program = dir.path().join("execsnoop");
    fs::copy(execsnoop(), &program).expect("execsnoop can be copied");
    let ask = || {
        let mut command = Command::new("setpriv");
        command.args(&UNPRIVILEGED[1..]).arg(&program);
        let output = command.args(["doctor", "--format", "json"]).output();
        let output = output.expect("execsnoop can be executed");
        let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        (output.status.code(), report)
    };
    let (status, report) = ask();
    assert_eq!(status, Some(77));
    let commands = &report["checks"]["capabilities"]["advice"]["commands"];
    let commands = commands.as_array().expect("a list").iter();
    let mut setcap = commands.filter_map(|one| one.as_str()?.strip_prefix("sudo setcap"));
    let command = format!("setcap{}", setcap.next().expect("setcap is recommended"));
    run_subject(Command::new("sh").args(["-c", &command]));
    assert_eq!(ask().0, Some(0));
}

/// In a user namespace one seems to be root, and is not.
fn in_a_user_namespace() {
    let diagnosis = Diagnosis::confirmed_behind(&["unshare", "-U", "-r"]);
    let diagnosis = diagnosis.refuses("user_namespace", &["run it outside"]);
    assert_eq!(diagnosis.fact("capabilities", "CAP_BPF"), true);
    assert_eq!(diagnosis.fact("process_connector", "usable"), false);
}

/// Without BTF, and with a file that is not BTF.
fn without_btf() {
    let words = ["CONFIG_DEBUG_INFO_BTF=y"];
    let diagnosis = Diagnosis::confirmed_behind(WITHOUT_BTF).refuses("btf", &words);
    assert_eq!(diagnosis.fact("ring_buffer", "works"), true);
    assert_eq!(diagnosis.fact("tp_btf", "works"), &Value::Null);
    let broken = "mount -t tmpfs none /sys/kernel/btf && echo nonsense > /sys/kernel/btf/vmlinux \
                  && exec \"$0\" \"$@\"";
    let diagnosis = Diagnosis::behind(&["unshare", "-m", "sh", "-c", broken]);
    diagnosis.refuses("btf", &["findmnt -T /sys/kernel/btf/vmlinux"]);
}

/// Without /proc and /sys, as in a bare chroot: it prints that, and what to mount.
fn without_proc_and_sys() {
    let hide = "mount -t tmpfs none /sys && mount -t tmpfs none /proc && exec \"$0\" \"$@\"";
    let diagnosis = Diagnosis::confirmed_behind(&["unshare", "-m", "sh", "-c", hide]);
    let words = [
        "neither is mounted",
        "mount -t sysfs sysfs /sys",
        "mount -t proc proc /proc",
    ];
    let diagnosis = diagnosis.refuses("btf", &words);
    assert_eq!(diagnosis.fact("mounts", "proc"), false);
    assert_eq!(diagnosis.fact("user_namespace", "initial"), &Value::Null);
}

/// Without /proc alone, less can be found out, and tracing works.
fn without_proc() {
    let hide = "mount -t tmpfs none /proc && exec \"$0\" \"$@\"";
    let diagnosis = Diagnosis::confirmed_behind(&["unshare", "-m", "sh", "-c", hide]).traces_all();
    assert_eq!(diagnosis.report["checks"]["mounts"]["state"], "note");
    assert_eq!(diagnosis.report["checks"]["cgroups"]["state"], "unknown");
}

/// In a container the machine's processes are traced all the same.
fn in_a_pid_namespace() {
    let wrapper = ["unshare", "-p", "-f", "--mount-proc"];
    let diagnosis = Diagnosis::confirmed_behind(&wrapper).traces_all();
    assert_eq!(diagnosis.fact("pid_namespace", "initial"), false);
}

/// The refusal of a seccomp filter is distinguished from the kernel's. A filter that kills does not
/// kill doctor.
fn under_seccomp() {
    let workload = workload();
    for answer in ["EPERM", "ENOSYS", "kill"] {
        let wrapper = forbidden(&workload, "bpf", answer);
        let diagnosis = Diagnosis::confirmed_behind(&wrapper);
        for backend in ["core", "classic"] {
            let trace = run(&wrapper, &["--backend", backend, "--duration", "1ms"]);
            assert_eq!(trace.status.code(), Some(77), "{backend}: {}", trace.stderr);
            assert!(trace.stderr.contains("seccomp"), "{}", trace.stderr);
        }
        let words = ["seccomp filter", "SystemCallFilter=bpf perf_event_open"];
        let diagnosis = diagnosis.refuses("bpf_syscall", &words);
        assert_eq!(diagnosis.fact("bpf_syscall", "seccomp_filter"), true);
    }
    for answer in ["EPERM", "kill"] {
        let wrapper = forbidden(&workload, "perf_event_open", answer);
        let diagnosis = Diagnosis::confirmed_behind(&wrapper).traces_all();
        assert_eq!(diagnosis.report["checks"]["perf_events"]["state"], "note");
    }
}

/// The old limit of locked memory is reported, and has no effect on current kernels.
fn with_little_locked_memory() {
    let limited = ["sh", "-c", "ulimit -l 64 && exec \"$0\" \"$@\""];
    let diagnosis = Diagnosis::confirmed_behind(&limited).traces_all();
    assert_eq!(diagnosis.fact("memlock", "limit_bytes"), 64 << 10);
}

/// Coloured on a terminal, and only there; NO_COLOR and --color never turn that off. JSON never is.
fn colors() {
    let on_terminal = |options: &str, no_color: &str| {
        let line = format!("{} doctor {options}", text(&execsnoop()));
        let mut command = Command::new("script");
        command
            .args(["-qc", &line, "/dev/null"])
            .stdin(Stdio::null())
            .env("NO_COLOR", no_color);
        let output = command.output().expect("script can be executed");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(
            text.contains("bpf_syscall") || text.contains("BPF system call"),
            "{text}"
        );
        without_colors(&text) != text
    };
    assert!(on_terminal("", ""));
    assert!(!on_terminal("", "1"));
    assert!(!on_terminal("--color never", ""));
    assert!(!on_terminal("--format json --color always", ""));
    let piped = run(&[], &["doctor"]);
    assert_eq!(without_colors(piped.text()), piped.text());
}

/// A reader that is gone is no failure; a full disk is one.
fn output_that_fails() {
    let ask = |stdout: Stdio| {
        let mut command = Command::new(execsnoop());
        let output = command
            .arg("doctor")
            .stdout(stdout)
            .stderr(Stdio::piped())
            .output();
        let output = output.expect("execsnoop can be executed");
        let stderr = String::from_utf8(output.stderr).expect("text");
        (output.status.code(), stderr)
    };
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let (status, stderr) = ask(writer.into());
    assert!(
        matches!(status, Some(0 | 77)) && stderr.is_empty(),
        "{status:?} {stderr}"
    );
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("it is there");
    let (status, stderr) = ask(full.into());
    assert!(
        status == Some(1) && stderr.contains("cannot write"),
        "{stderr}"
    );
}

/// `doctor` is a verb only in the place of a verb; elsewhere there is a message.
fn the_word_doctor() {
    let dir = public_dir();
    let namesake = dir.path().join("doctor");
    executable(&namesake, "#!/bin/sh\nexit 7\n");
    let path = format!("{}:/usr/bin:/bin", text(dir.path()));
    let mut command = Command::new(execsnoop());
    let status = command
        .args(["--", "doctor"])
        .env("PATH", path)
        .stderr(Stdio::null())
        .status();
    assert_eq!(status.expect("execsnoop can be executed").code(), Some(7));
    for (args, words) in [
        (&["-x", "doctor"][..], "'doctor' comes first"),
        (&["--format", "json", "doctor"], "'doctor' comes first"),
        (&["doctor", "-x"], "-x"),
        (&["doctor", "--format", "csv"], "csv"),
        (&["ls"], "execsnoop -- ls"),
    ] {
        let run = run(&[], args);
        assert_eq!(run.status.code(), Some(2), "{args:?}");
        assert!(run.stderr.contains(words), "{args:?}: {}", run.stderr);
    }
}

/// A trace that cannot start sends its user here.
fn is_recommended() {
    let run = CommandRun::start_behind(UNPRIVILEGED, &[], &["true"]).wait();
    assert!(run.stderr.contains("execsnoop doctor"), "{}", run.stderr);
    let help = crate::support::run::run(&[], &["doctor", "--help"]).expect_success();
    assert!(help.text().contains("Exit status: 0"), "{}", help.text());
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [] => [output_that_fails];
        [Tracing] => [all_is_there, with_little_locked_memory, the_word_doctor];
        [Tracing, Root] => [under_seccomp];
        [Tracing, Root, Unshare] => [without_proc, in_a_pid_namespace];
        [Tracing, Root, Setpriv] => [capabilities];
        [Tracing, Root, Setpriv, Setcap] => [advice_works];
        [Root, Setpriv] => [as_nobody, as_nobody_for_good, is_recommended];
        [Root, UserNamespaceForAll] => [in_a_user_namespace];
        [Root, Unshare] => [without_btf, without_proc_and_sys];
        [Terminal] => [colors];
    ]
}
