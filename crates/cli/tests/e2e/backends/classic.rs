//! The classic backend: a kernel without BTF, as one looks when /sys/kernel/btf is hidden.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use execsnoop_e2e_harness::on_second_cpu;
use execsnoop_e2e_harness::switch_second_cpu_off_and_on;
use execsnoop_events::Backend;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::Case;
use crate::backends::privileges::WITHOUT_TRACEFS;
use crate::support::STRANGER;
use crate::support::Subject;
use crate::support::Waiting;
use crate::support::executable;
use crate::support::output_reader::Trace;
use crate::support::output_reader::args;
use crate::support::pattern;
use crate::support::patterns;
use crate::support::public_dir;
use crate::support::requirements::Need::Classic;
use crate::support::requirements::Need::Int80;
use crate::support::requirements::Need::SwitchableCpu;
use crate::support::requirements::Need::Tracing;
use crate::support::requirements::kernel_version;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::run_subject;
use crate::support::scaled;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_until;
use crate::support::workload;

/// Runs what follows where the kernel seems to have no BTF. Only there: the mount is in a namespace
/// of its own.
pub(crate) const WITHOUT_BTF: [&str; 5] = [
    "unshare",
    "-m",
    "sh",
    "-c",
    "mount -t tmpfs none /sys/kernel/btf && exec \"$0\" \"$@\"",
];

/// Records travel through a ring, or through a buffer for each CPU, as before 5.8.
const BUFFERS: [&[&str]; 2] = [&[], &["--perf-buffer"]];

fn classic(options: &[&str]) -> Tracer {
    let options = [&["--backend", "classic", "--format", "json"], options].concat();
    Tracer::start_behind(&WITHOUT_BTF, &options)
}

/// Everything about one process, by its number; all tests of this backend run in the initial pid
/// namespace.
pub(crate) fn about(trace: &Trace, pid: u32) -> Vec<Value> {
    let mut events = trace.json();
    events.retain(|event| event["pid"] == pid);
    events
}

#[track_caller]
fn last_exec(trace: &Trace, pid: u32) -> Value {
    let mut execs = about(trace, pid);
    execs.retain(|event| event["type"] == "exec");
    let exec = execs.pop();
    let exec = exec.unwrap_or_else(|| panic!("no exec of {pid}:\n{}", trace.stderr));
    check_lost(Backend::Classic, &exec);
    exec
}

/// Fields that this backend lacks are present and null: not zero, and not a guess.
#[track_caller]
pub(crate) fn check_lost(backend: Backend, record: &Value) {
    for (name, value) in record.as_object().expect("each is an object") {
        let known = !value.is_null();
        assert!(!(known && backend.lacks_field(name)), "{name} of {record}");
    }
}

/// Both records have the same fields, and this backend's lacks no more than is said.
#[track_caller]
pub(crate) fn check_shape(backend: Backend, record: &Value, by_core: &Value) {
    let names = |record: &Value| -> BTreeSet<String> {
        let fields = record.as_object().expect("each is an object");
        fields.keys().cloned().collect()
    };
    assert_eq!(names(record), names(by_core), "{record}");
    check_lost(backend, record);
    for name in names(record) {
        let lost = record[&name].is_null() && !by_core[&name].is_null();
        assert!(!lost || backend.lacks_field(&name), "{name} of {record}");
    }
}

/// Without BTF, auto takes this backend, and says once what is not known on it.
fn taken_without_btf() {
    let tracer = Tracer::start_behind(&WITHOUT_BTF, &["--format", "json"]);
    let subject = subject(&["noop"]);
    let trace = tracer.stop();
    args(&last_exec(&trace, subject.pid));
    let said =
        |line: &&str| line.contains("using the classic backend, which cannot provide: costs");
    assert_eq!(
        trace.stderr.lines().filter(said).count(),
        1,
        "{}",
        trace.stderr
    );
    trace.accounting();
}

/// It works where BTF is there, too, when it is asked for.
fn taken_when_asked_for() {
    let tracer = Tracer::json(&["--backend", "classic"]);
    let subject = subject(&["noop"]);
    args(&last_exec(&tracer.stop(), subject.pid));
}

/// The core backend, when it is asked for, does not make way for a lesser one.
fn core_is_not_replaced() {
    let trace = run(&WITHOUT_BTF, &["--backend", "core", "--duration", "1ms"]);
    assert_eq!(trace.status.code(), Some(77));
    assert!(trace.stderr.contains("BTF"), "{}", trace.stderr);
}

/// Arguments arrive whole, long ones in pieces, through both kinds of buffer.
fn whole_arguments() {
    let cases = [
        (1, 0),
        (1, 9_000),
        (100, 0),
        (2, 100_000),
        (20, 95_000),
        (10_000, 0),
    ];
    for options in BUFFERS {
        let tracer = classic(options);
        let run = |(count, len): (usize, usize)| {
            let case = ["argv", &count.to_string(), &len.to_string()];
            (count, len, subject(&case).pid)
        };
        let subjects = cases.map(run);
        let trace = tracer.stop();
        for (count, len, pid) in subjects {
            let exec = last_exec(&trace, pid);
            assert!(
                args(&exec) == patterns(count, len),
                "{count} of {len} bytes, {options:?}"
            );
        }
    }
}

/// Around the borders of what the first record and each continuation can hold.
fn at_the_borders_of_records() {
    let lengths = [
        16_382, 16_383, 16_384, 16_385, 49_109, 49_110, 49_111, 49_112, 49_113,
    ];
    let tracer = classic(&[]);
    let run = |len: usize| (len, subject(&["argv", "1", &len.to_string()]).pid);
    let subjects = lengths.map(run);
    let trace = tracer.stop();
    for (len, pid) in subjects {
        assert!(
            args(&last_exec(&trace, pid)) == [pattern(0, len)],
            "{len} bytes"
        );
    }
}

/// Formats and numbers of tracepoints are read from a tracefs that is mounted nowhere.
fn without_mounted_tracefs() {
    let options = ["--backend", "classic", "--format", "json", "-x"];
    let tracer = Tracer::start_behind(&WITHOUT_TRACEFS, &options);
    let failing = subject(&["fail", "ENOENT", "/nonexistent/program"]);
    let exec = last_exec(&tracer.stop(), failing.pid);
    assert_eq!(exec["errno"], "ENOENT");
    assert_eq!(args(&exec), ["failing", "first", "", "two words"]);
}

/// The largest list that the kernel takes at all.
fn of_6_mebibytes() {
    let tracer = classic(&[]);
    let subject = subject(&["argv-max"]);
    let exec = last_exec(&tracer.stop(), subject.pid);
    let total: usize = args(&exec).iter().map(|arg| arg.len() + 1).sum();
    assert!(total > (6 << 20) - 4096, "only {total} bytes");
}

/// Without an environment the arguments' end is found by the auxiliary vector.
fn without_environment() {
    let long = "x".repeat(40_000);
    let tracer = classic(&[]);
    let run = |words: &[&str]| run_subject(Command::new("/bin/true").args(words).env_clear()).pid;
    let (short, empty, long_one) = (run(&["a", "", "b"]), run(&[""]), run(&[&long]));
    let trace = tracer.stop();
    assert_eq!(args(&last_exec(&trace, short)), ["/bin/true", "a", "", "b"]);
    assert_eq!(args(&last_exec(&trace, empty)), ["/bin/true", ""]);
    assert_eq!(args(&last_exec(&trace, long_one)), ["/bin/true", &long]);
}

/// A list of no arguments, and a variable that looks like one.
fn odd_lists() {
    let tracer = classic(&[]);
    let none = subject(&["argv", "0"]);
    let empty_variable = run_subject(Command::new("/bin/true").env_clear().env("E", ""));
    let trace = tracer.stop();
    let of_none = last_exec(&trace, none.pid);
    assert!(args(&of_none).is_empty() || args(&of_none) == [""]);
    assert_eq!(args(&last_exec(&trace, empty_variable.pid)), ["/bin/true"]);
}

/// A program of 32 bits: its stack has smaller words.
fn image_of_32_bits() {
    let dir = public_dir();
    let path = dir.path().join("small");
    fs::write(&path, elf32()).expect("the file can be written");
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("it can be made executable");
    let tracer = classic(&["--events", "exec,exit"]);
    let with = run_subject(Command::new(&path).args(["one", "two words"])).pid;
    let without = run_subject(Command::new(&path).args(["one"]).env_clear()).pid;
    let trace = tracer.stop();
    assert_eq!(
        args(&last_exec(&trace, with)),
        [text(&path), "one", "two words"]
    );
    assert_eq!(args(&last_exec(&trace, without)), [text(&path), "one"]);
}

/// The smallest program for i386: it calls exit(0).
fn elf32() -> Vec<u8> {
    const CODE: [u8; 9] = [0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80];
    const HEADERS: u32 = 52 + 32;
    const BASE: u32 = 0x0804_8000;
    let mut elf = b"\x7fELF\x01\x01\x01".to_vec();
    elf.resize(16, 0);
    let size = HEADERS + CODE.len() as u32;
    let halves = |elf: &mut Vec<u8>, list: &[u16]| {
        elf.extend(list.iter().flat_map(|half| half.to_le_bytes()));
    };
    let words = |elf: &mut Vec<u8>, list: &[u32]| {
        elf.extend(list.iter().flat_map(|word| word.to_le_bytes()));
    };
    halves(&mut elf, &[2, 3]); // an executable for i386
    words(&mut elf, &[1, BASE + HEADERS, 52, 0, 0]);
    halves(&mut elf, &[52, 32, 1, 40, 0, 0]);
    words(&mut elf, &[1, 0, BASE, BASE, size, size, 5, 4096]);
    elf.extend_from_slice(&CODE);
    elf
}

/// An exec by a thread that is not the first: the process keeps its number, the thread is named.
fn thread_that_is_not_the_first() {
    let tracer = classic(&[]);
    let subject = subject(&["thread-exec"]);
    let exec = last_exec(&tracer.stop(), subject.pid);
    let thread = subject.json()["tid"].as_u64().expect("a number");
    assert_ne!(thread, u64::from(subject.pid));
    assert_eq!(
        (&exec["pid"], &exec["tid"]),
        (&subject.pid.into(), &thread.into())
    );
    assert_eq!(args(&exec), ["from", "another thread"]);
}

/// A script's arguments begin with its interpreter; the file named is the script.
fn script() {
    let dir = public_dir();
    let path = dir.path().join("script");
    executable(&path, "#!/bin/sh -e\nexit 0\n");
    let tracer = classic(&[]);
    let subject = run_subject(Command::new(&path).args(["one", "two words"]));
    let exec = last_exec(&tracer.stop(), subject.pid);
    assert_eq!(
        args(&exec),
        ["/bin/sh", "-e", text(&path), "one", "two words"]
    );
    assert_eq!(exec["filename"], text(&path));
    assert!(
        exec["script"].is_null(),
        "whether it is one is not known here"
    );
}

/// Failed execs have the caller's arguments, from the registers that were saved at the system call.
fn failed_execs() {
    for options in BUFFERS {
        let tracer = classic(&[&["-x"], options].concat());
        let plain = subject(&["fail", "ENOENT", "/nonexistent/program"]);
        let many = subject(&["fail-many", "10000"]);
        let long = subject(&["fail-long", "100000"]);
        let at = subject(&["fail-dirfd", "nothing-here"]);
        let none = subject(&["fail-nullargv"]);
        let trace = tracer.stop();
        let exec = last_exec(&trace, plain.pid);
        assert_eq!(
            (&exec["errno"], &exec["ret"]),
            (&"ENOENT".into(), &(-2).into())
        );
        assert_eq!(exec["filename"], "/nonexistent/program");
        assert_eq!(args(&exec), ["failing", "first", "", "two words"]);
        assert!(args(&last_exec(&trace, many.pid)) == patterns(10_000, 0));
        assert!(args(&last_exec(&trace, long.pid)) == patterns(1, 100_000));
        let named = last_exec(&trace, at.pid)["filename"].to_string();
        assert!(
            named.starts_with("\"/dev/fd/") && named.ends_with("/nothing-here\""),
            "{named}"
        );
        assert_eq!(
            last_exec(&trace, none.pid)["args"],
            Value::Array(Vec::new())
        );
        trace.accounting();
    }
}

/// The kinds of subjects for which complete process records are compared.
fn lives() -> Vec<Subject> {
    let cases: [&[&str]; 7] = [
        &["noop"],
        &["argv", "3", "20"],
        &["fail", "ENOENT", "/nonexistent/program"],
        &["thread-exec"],
        &["lives", "exec", "3", "exit", "7"],
        &["lives", "fork", "3", "signal", "KILL"],
        &["fork-children", "3"],
    ];
    cases.map(subject).into()
}

/// Who was there before tracing began has a start time of /proc's, cut to 10 ms; such as this
/// process.
fn cut_start(value: &Value) -> Value {
    let own = format!("{}-", std::process::id());
    match value.as_str() {
        Some(id) if id.starts_with(&own) => own.into(),
        _ => value.clone(),
    }
}

/// What is not the same when two tracers look at the same event.
const OF_THE_LOOK: [&str; 3] = ["time", "lifetime_ns", "exec_lifetime_ns"];

/// Beside the core backend, over the same processes: the same records with the same fields and the
/// same values, ids and start times among them; and what is lost is null.
fn same_as_core_but_for_what_is_lost() {
    for options in BUFFERS {
        let all = [
            "--events",
            "exec,failed,fork,exit,process",
            "--cwd",
            "--env",
            "PATH",
        ];
        let core = Tracer::json(&[&["--backend", "core"][..], &all].concat());
        let lesser = classic(&[&all[..], options].concat());
        let subjects = lives();
        let (lesser, core) = (lesser.stop(), core.stop());
        lesser.accounting();
        for subject in &subjects {
            let (by_core, by_classic) = (about(&core, subject.pid), about(&lesser, subject.pid));
            assert!(by_core.len() > 3, "{} records by core", by_core.len());
            compare(&sorted(by_core), &sorted(by_classic));
        }
    }
}

/// In the order of what they are about: a process's record comes later on the core backend, with
/// its final account.
fn sorted(mut events: Vec<Value>) -> Vec<Value> {
    events.sort_by_key(|event| event["type"].to_string());
    events
}

fn compare(by_core: &[Value], by_classic: &[Value]) {
    let types = |list: &[Value]| {
        list.iter()
            .map(|e| e["type"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(types(by_core), types(by_classic));
    for (core, classic) in by_core.iter().zip(by_classic) {
        check_shape(Backend::Classic, classic, core);
        for (name, value) in classic.as_object().expect("each is an object") {
            if value.is_null() || OF_THE_LOOK.contains(&name.as_str()) {
                continue;
            }
            assert_eq!(cut_start(value), cut_start(&core[name]), "{name} of {core}");
        }
    }
}

/// A condition on what is not known here never holds; a column of it stays empty. Both are said, in
/// one line.
fn asked_for_what_is_lost() {
    let filter = "exe == \"/bin/true\" || uid == 0";
    let columns = "+container,runtime,exe,uid";
    let tracer = Tracer::start_behind(
        &WITHOUT_BTF,
        &[
            "--filter",
            filter,
            "--columns",
            columns,
            "--cwd",
            "--env",
            "HOME",
        ],
    );
    let said = "requested fields that the classic backend cannot provide: exe (--filter), container (--columns), \
                container (--columns), exe (--columns), cwd (--cwd), env (--env)";
    assert!(tracer.stop().stderr.contains(said));
    let known = [
        "--filter",
        "uid == 0 && size(args) > 0",
        "--columns",
        "+uid",
    ];
    let trace = Tracer::start_behind(&WITHOUT_BTF, &known).stop();
    assert!(!trace.stderr.contains("asked for"), "{}", trace.stderr);
}

/// `--btf` takes the offsets from a file; a file that is not BTF, or another kernel's, is refused.
fn btf_file() {
    let dir = public_dir();
    let file = dir.path().join("btf");
    fs::copy("/sys/kernel/btf/vmlinux", &file).expect("this kernel has BTF");
    let tracer = classic(&["--btf", text(&file), "-x", "--events", "exec,failed,exit"]);
    let subject = subject(&["fail", "ENOENT", "/nonexistent/program"]);
    let trace = tracer.stop();
    let exec = last_exec(&trace, subject.pid);
    assert_eq!(args(&exec), ["failing", "first", "", "two words"]);
    assert_eq!(
        about(&trace, subject.pid).last().expect("an end")["code"],
        0
    );
    fs::write(&file, "no BTF").expect("the file can be written");
    let options = ["--btf", text(&file), "--duration", "1ms"];
    let refused = run(&WITHOUT_BTF, &options);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.stderr.contains("it is not BTF"),
        "{}",
        refused.stderr
    );
}

/// How processes end: once each, for all orders of their threads.
fn ends() {
    let tracer = classic(&["--events", "exit"]);
    let run = |case: &[&str]| {
        let mut child = Command::new(workload())
            .args(case)
            .spawn()
            .expect("it can be executed");
        child.wait().expect("it ends");
        child.id()
    };
    let seven = run(&["exit", "7"]);
    let killed = run(&["signal", "KILL"]);
    let by_thread = run(&["thread-exit", "9"]);
    let one_by_one = run(&["leader-first", "3", "5"]);
    let racing: Vec<u32> = (0..20).map(|_| run(&["race-out", "33"])).collect();
    let trace = tracer.stop();
    let end = |pid| {
        let ends = about(&trace, pid);
        assert_eq!(ends.len(), 1, "ends of {pid}");
        check_lost(Backend::Classic, &ends[0]);
        ends[0].clone()
    };
    assert_eq!(
        (&end(seven)["exit"], &end(seven)["code"]),
        (&"exited".into(), &7.into())
    );
    assert_eq!(end(killed)["signal_name"], "SIGKILL");
    assert_eq!(end(by_thread)["code"], 9);
    match kernel_version() >= (6, 1) {
        true => assert_eq!(end(one_by_one)["code"], 5),
        false => assert!(
            end(one_by_one)["code"].is_null(),
            "wait4 says 3, which nobody sees"
        ),
    }
    // Where programs can be preempted (seen on 7.3), the kernel skips some of those that race; it
    // counts them, and we say so.
    let ends_of = |pid: &u32| about(&trace, *pid).len();
    assert!(racing.iter().all(|pid| ends_of(pid) <= 1));
    let missing = racing.iter().filter(|pid| ends_of(pid) == 0).count();
    assert!(
        missing <= skipped_runs(&trace),
        "{missing} ends are missing"
    );
}

/// How many runs of programs the tracer said were skipped.
fn skipped_runs(trace: &Trace) -> usize {
    let mut lines = trace.stderr.lines();
    let note = lines.find_map(|line| line.split_once(" runs of programs skipped"));
    note.map_or(0, |(count, _)| count.parse().expect("a count"))
}

/// Processes that were there before: followed by -p, and named as ancestors.
fn processes_that_were_there() {
    let waiting = Waiting::start(&[], &["lives", "exec", "2", "noop"]).settled();
    let pid = waiting.pid();
    let tracer = classic(&["-p", &pid.to_string(), "--ancestors"]);
    let stranger = subject(&["noop"]);
    waiting.go();
    let trace = tracer.stop();
    assert!(about(&trace, stranger.pid).is_empty());
    let execs = trace.execs();
    assert_eq!(execs.len(), 2, "{}", trace.text());
    for exec in execs {
        let ancestors = exec["ancestors"].as_array().expect("they were asked for");
        assert_eq!(ancestors[0]["pid"], pid);
        assert_eq!(ancestors[0]["id"], exec["parent_id"]);
        assert_eq!(ancestors[1]["pid"], std::process::id());
    }
}

/// A command and its descendants, and no other process.
fn command() {
    let options = ["--backend", "classic", "--format", "json"];
    let workload = workload();
    let words = [text(&workload), "lives", "exec", "3", "exit", "7"];
    let trace =
        crate::support::run::CommandRun::start_behind(&WITHOUT_BTF, &options, &words).wait();
    assert_eq!(trace.expect_success().execs().len(), 4);
}

/// Filters that run in the kernel do so here.
fn filters() {
    let tracer = classic(&["-u", &STRANGER.to_string()]);
    let me = subject(&["noop"]);
    let other = run_subject(
        Command::new(workload())
            .arg("noop")
            .uid(STRANGER)
            .gid(STRANGER),
    );
    let trace = tracer.stop();
    assert!(about(&trace, me.pid).is_empty());
    assert_eq!(about(&trace, other.pid)[0]["uid"], STRANGER);
    let accounting = trace.accounting();
    assert!(accounting.filtered > 0, "{accounting:?}");
    let mine = std::process::id();
    let tracer = classic(&["-P", &mine.to_string()]);
    let pids = [
        subject(&["noop"]).pid,
        subject(&["lives", "exec", "2", "noop"]).pid,
    ];
    let trace = tracer.stop();
    assert!(trace.execs().iter().all(|exec| exec["ppid"] == mine));
    assert!(pids.iter().all(|pid| !about(&trace, *pid).is_empty()));
}

/// A filter by what is not known is wrong usage, not silence.
fn mount_namespaces_are_refused() {
    let options = [
        "--backend",
        "classic",
        "--mntnsmap",
        "/sys/fs/bpf/none",
        "--duration",
        "1ms",
    ];
    let trace = run(&WITHOUT_BTF, &options);
    assert_eq!(trace.status.code(), Some(2), "{}", trace.stderr);
    assert!(
        trace.stderr.contains("mount namespaces"),
        "{}",
        trace.stderr
    );
}

/// What does not fit while the tracer sleeps is counted, exactly, in both kinds of buffer.
fn losses() {
    let count = scaled(6000, 2500);
    for options in BUFFERS {
        let uid = STRANGER.to_string();
        let tracer = classic(&[&["--ring-size", "64K", "-u", &uid], options].concat());
        tracer.signal(Signal::SIGSTOP);
        let status = format!("/proc/{}/stat", tracer.pid());
        wait_until("the tracer sleeps", || {
            fs::read_to_string(&status).is_ok_and(|stat| stat.contains(") T "))
        });
        let storm = ["storm", &count.to_string()];
        run_subject(
            Command::new(workload())
                .args(storm)
                .uid(STRANGER)
                .gid(STRANGER),
        );
        tracer.signal(Signal::SIGCONT);
        let trace = tracer.stop();
        let accounting = trace.accounting();
        assert!(accounting.lost > 0, "{options:?}: {accounting:?}");
        assert_eq!(
            accounting.shown + accounting.lost,
            count as u64 + 1,
            "{options:?}"
        );
        assert_eq!(accounting.shown, trace.execs().len() as u64);
        assert!(trace.stderr.contains("ring_full"), "{}", trace.stderr);
    }
}

/// Several CPUs at once: nothing is lost, and what comes out of their buffers is in the order of
/// time.
fn in_order() {
    // Each of four producers makes as many.
    let count = scaled(1000, 252);
    for options in BUFFERS {
        let tracer = classic(&[&["--events", "fork,exec,exit"], options].concat());
        subject(&["storm", &count.to_string(), "4"]);
        let trace = tracer.stop();
        assert_eq!(trace.accounting().lost, 0);
        let timed = |event: &Value| event["time"].as_str().map(str::to_owned);
        let mut events = trace.json();
        events.retain(|event| event["type"] != "clock");
        let times: Vec<_> = events.iter().filter_map(timed).collect();
        assert!(times.len() > 3 * count, "{} events", times.len());
        let backwards: Vec<_> = times.windows(2).filter(|pair| pair[0] > pair[1]).collect();
        // A ring is in the order in which records were finished, which is nearly that of time.
        let most = if options.is_empty() {
            times.len() / 50
        } else {
            0
        };
        assert!(
            backwards.len() <= most,
            "of {} these went backwards, {options:?}: {backwards:?}",
            times.len()
        );
    }
}

/// The buffer of a CPU that was switched off and on: what it held is read. What happens there later
/// cannot be seen, since the tracer has given up the right to open another; that is said, and it is
/// counted.
fn cpus_that_come_back() {
    let tracer = classic(&["--perf-buffer"]);
    let before = on_second_cpu(|| subject(&["noop"]));
    switch_second_cpu_off_and_on();
    on_second_cpu(|| subject(&["noop"]));
    let trace = tracer.stop();
    assert_eq!(last_exec(&trace, before.pid)["cpu"], 1);
    let warning = "CPU 1 has come online, and cannot be read";
    assert!(trace.stderr.contains(warning), "{}", trace.stderr);
    assert_eq!(trace.accounting().lost, 1, "{}", trace.stderr);
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Classic] => [
            taken_without_btf, taken_when_asked_for, core_is_not_replaced, whole_arguments,
            at_the_borders_of_records, of_6_mebibytes, without_environment, odd_lists, without_mounted_tracefs,
            thread_that_is_not_the_first, script, failed_execs, btf_file, ends, processes_that_were_there,
            command, filters, mount_namespaces_are_refused, asked_for_what_is_lost, losses, in_order,
        ];
        [Classic, SwitchableCpu] => [cpus_that_come_back];
        [Classic, Int80] => [image_of_32_bits];
        [Classic, Tracing] => [same_as_core_but_for_what_is_lost];
    ]
}
