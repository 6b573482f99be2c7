//! What each program must see of what a test does.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::Case;
use crate::needs::Need;
use crate::needs::Need::BpfLsm;
use crate::needs::Need::Kprobes;
use crate::needs::Need::Storage;
use crate::needs::Need::Tracing;
use crate::needs::Need::Trampolines;
use crate::programs;
use crate::support::Outcome;
use crate::support::call;
use crate::support::run_with;

/// How often each thing is done.
const TIMES: usize = 5;

pub(crate) fn all() -> Vec<Case> {
    const BY_KPROBE: &[Need] = &[Tracing, Kprobes];
    const BY_BOTH: &[Need] = &[Tracing, Kprobes, Trampolines];
    let case = |name, needs, run| Case { name, needs, run };
    vec![
        case(
            "bpfrun::typed_arguments",
            BY_KPROBE,
            typed_arguments as fn(),
        ),
        case("bpfrun::system_calls", BY_KPROBE, system_calls),
        case("bpfrun::printed_names", BY_KPROBE, printed_names),
        case("bpfrun::chains_of_pointers", BY_KPROBE, chains_of_pointers),
        case(
            "bpfrun::the_corpus_connects",
            BY_KPROBE,
            the_corpus_connects,
        ),
        case("bpfrun::trampolines", &[Tracing, Trampolines], trampolines),
        case("bpfrun::libbpfs_macros", BY_BOTH, libbpfs_macros),
        case("bpfrun::storage", &[Tracing, Trampolines, Storage], storage),
        case("bpfrun::lsm", &[Tracing, Trampolines, BpfLsm], lsm),
    ]
}

/// Runs a program while `work` is done.
fn traced(name: &str, options: &[&str], work: impl FnOnce()) -> Outcome {
    let options = [&["--format", "json"], options].concat();
    run_with(&programs::file(name), &options, work)
}

/// What the events of a map that come from this process say.
fn of_us(outcome: &Outcome, map: &str) -> Vec<Value> {
    let events = outcome.json("event").into_iter();
    let ours = events.filter(|event| event["map"] == map && is_us(&event["fields"]["pid"]));
    ours.map(|event| event["fields"].clone()).collect()
}

fn is_us(pid: &Value) -> bool {
    *pid == std::process::id()
}

/// The entries of a map, by a number in their key.
fn entry(outcome: &Outcome, map: &str, key: &Value) -> u64 {
    let entries = outcome.json("entry");
    let found = entries
        .iter()
        .find(|line| line["map"] == map && line["key"] == *key);
    found.and_then(|line| line["value"].as_u64()).unwrap_or(0)
}

/// Opens files that are there and files that are not, and tells their names, descriptors and
/// errors.
fn open_files(dir: &Path) -> Vec<(String, i64, bool)> {
    use std::os::fd::AsRawFd as _;
    let mut opened = Vec::new();
    for number in 0..TIMES {
        let path = short(&dir.join(number.to_string()));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path);
        let descriptor = file.expect("it can be created").as_raw_fd();
        opened.push((path.clone(), descriptor.into(), true));
        let gone = format!("{path}.gone");
        let error = File::open(&gone).expect_err("it is not there");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        opened.push((gone, -2, false));
    }
    opened
}

/// The programs keep 31 bytes of a name.
fn short(path: &Path) -> String {
    let text = path.to_str().expect("it is text").to_owned();
    assert!(
        text.len() < 26,
        "{text}: set TMPDIR to a directory with a short name"
    );
    text
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::Builder::new().prefix("o").rand_bytes(6).tempdir();
    dir.expect("a temporary directory")
}

/// The calls that a program saw, against those that were made.
fn compare_opens(events: &[Value], opened: &[(String, i64, bool)]) {
    const WRITE_CREATE_TRUNCATE: u64 = 0o1101;
    for (name, returned, writes) in opened {
        let event = events.iter().find(|event| event["name"] == **name);
        let event = event.unwrap_or_else(|| panic!("no event of {name}: {events:?}"));
        assert_eq!(event["ret"], *returned, "{event}");
        assert_eq!(event["dfd"], -100, "{event}");
        let flags = event["flags"].as_u64().expect("a number");
        let expected = if *writes { WRITE_CREATE_TRUNCATE } else { 0 };
        assert_eq!(flags & 0o1777, expected, "{event}");
    }
}

fn typed_arguments() {
    let dir = folder();
    let mut opened = Vec::new();
    let outcome = traced("opens", &[], || opened = open_files(dir.path()));
    let events = of_us(&outcome, "events");
    compare_opens(&events, &opened);
    let created = events.iter().find(|event| event["name"] == *opened[0].0);
    assert_eq!(
        created.expect("it is there")["mode"]
            .as_u64()
            .map(|mode| mode & 0o777),
        Some(0o666)
    );
}

fn system_calls() {
    let mut pids = Vec::new();
    let outcome = traced("syscalls", &["--map", "all"], || {
        for number in 0..TIMES {
            pids.push(run_true(&format!("number {number}")));
        }
        call(0..TIMES as i32);
    });
    let events = outcome.json("event");
    for (number, pid) in pids.iter().enumerate() {
        let event = events.iter().find(|event| event["fields"]["pid"] == *pid);
        let fields = &event.unwrap_or_else(|| panic!("no event of {pid}: {events:?}"))["fields"];
        assert_eq!(fields["file"], "/bin/true");
        assert_eq!(fields["first"], format!("number {number}"));
    }
    let us = Value::from(std::process::id());
    assert_eq!(entry(&outcome, "entered", &us), TIMES as u64);
    let no_such_process = Value::from(-3);
    assert!(entry(&outcome, "left", &no_such_process) >= TIMES as u64);
}

fn run_true(argument: &str) -> u32 {
    let mut child = Command::new("/bin/true")
        .arg(argument)
        .spawn()
        .expect("true runs");
    child.wait().expect("it is our child");
    child.id()
}

fn run_true_often() -> Vec<u32> {
    (0..TIMES).map(|_| run_true("")).collect()
}

/// The corpus's own: lines of the trace pipe that tell of an open.
fn printed_names() {
    let dir = folder();
    let mut opened = Vec::new();
    let outcome = traced("syscall_names", &[], || opened = open_files(dir.path()));
    let lines = outcome.json("print");
    for (name, ..) in &opened {
        let of_it = |line: &&Value| {
            let message = line["message"].as_str().unwrap_or_default();
            is_us(&line["pid"]) && message.trim_end().ends_with(&format!(" {name}"))
        };
        assert_eq!(lines.iter().filter(of_it).count(), 1, "{name}: {lines:?}");
    }
}

fn chains_of_pointers() {
    nix::sys::prctl::set_child_subreaper(true).expect("anybody may be one");
    let mut pids = Vec::new();
    let outcome = traced("forks", &[], || {
        pids = run_true_often();
    });
    nix::sys::prctl::set_child_subreaper(false).expect("anybody may be none");
    let events = outcome.json("event");
    for pid in pids {
        let event = events.iter().find(|event| event["fields"]["pid"] == pid);
        let fields = &event.unwrap_or_else(|| panic!("no event of {pid}: {events:?}"))["fields"];
        assert!(is_us(&fields["ppid"]), "{fields}");
        assert_eq!(fields["uid"], nix::unistd::getuid().as_raw());
        assert_eq!(fields["pid_ns"], pid_namespace());
        assert_eq!(fields["subreaper"], 1);
        assert_eq!(fields["comm"], our_name());
    }
}

/// The number in `pid:[4026531836]`.
fn pid_namespace() -> u64 {
    let link = fs::read_link("/proc/self/ns/pid_for_children").expect("it is there");
    let text = link.to_str().expect("it is text").to_owned();
    let digits = text.chars().filter(char::is_ascii_digit);
    digits.collect::<String>().parse().expect("a number")
}

/// Of the process: its first thread's. Threads of tests have names of their own.
fn our_name() -> String {
    let name = fs::read_to_string("/proc/self/comm").expect("it is there");
    name.trim_end().to_owned()
}

/// The corpus's own: one function by name, one by option, one left out.
fn the_corpus_connects() {
    let unlink = format!("by_option=kprobe:{}", unlink_function());
    let options = ["--attach", &unlink, "--attach", "not_used=none"];
    let dir = folder();
    let file = dir.path().join("file");
    fs::write(&file, "").expect("it can be written");
    let outcome = traced("kprobes", &options, || {
        connect_to_nobody();
        fs::remove_file(&file).expect("it is there");
    });
    let events = outcome.json("event");
    for port in PORTS {
        let is_it = |event: &&Value| event["fields"]["port"] == port && to_us(&event["fields"]);
        assert!(
            events.iter().any(|event| is_it(&event)),
            "{port}: {events:?}"
        );
    }
    let name = in_hexadecimal(short(&file).as_bytes());
    let is_it = |event: &Value| {
        event["fields"]["name"]
            .as_str()
            .is_some_and(|found| found.starts_with(&name))
    };
    assert!(events.iter().any(is_it), "{name}: {events:?}");
}

/// It has another name since Linux 7.0.
fn unlink_function() -> &'static str {
    let symbols = fs::read_to_string("/proc/kallsyms").expect("it is there");
    let has = |name: &str| {
        symbols
            .lines()
            .any(|line| line.split(' ').nth(2) == Some(name))
    };
    if has("do_unlinkat") {
        "do_unlinkat"
    } else {
        "filename_unlinkat"
    }
}

fn in_hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn to_us(fields: &Value) -> bool {
    fields["address"] == u32::from_ne_bytes([127, 0, 0, 1])
}

/// Ports without a listener.
const PORTS: [u16; 3] = [1, 2, 3];

fn connect_to_nobody() {
    for port in PORTS {
        TcpStream::connect(("127.0.0.1", port)).expect_err("nobody listens");
    }
}

fn trampolines() {
    let dir = folder();
    let (mut opened, mut pids) = (Vec::new(), Vec::new());
    let outcome = traced("fentries", &["--map", "all"], || {
        opened = open_files(dir.path());
        pids = run_true_often();
    });
    compare_opens(&of_us(&outcome, "events"), &opened);
    let forks = outcome.json("event");
    for pid in pids {
        let is_it = |event: &&Value| event["map"] == "forks" && event["fields"]["pid"] == pid;
        let event = forks
            .iter()
            .find(is_it)
            .unwrap_or_else(|| panic!("no event of {pid}"));
        assert!(is_us(&event["fields"]["ppid"]), "{event}");
    }
    let us = Value::from(std::process::id());
    assert!(entry(&outcome, "allowed", &us) >= TIMES as u64);
}

fn libbpfs_macros() {
    let dir = folder();
    let options = [
        "--attach",
        "by_option=kprobe:wake_up_new_task",
        "--attach",
        "cheaply_by_option=fentry:wake_up_new_task",
    ];
    let outcome = traced("counts.bpf", &options, || {
        open_files(dir.path());
        call([7, 7, 7]);
        run_true_often();
    });
    let count = |probe: u32| {
        let key = serde_json::json!({"pid": std::process::id(), "probe": probe});
        entry(&outcome, "counts", &key)
    };
    let times = TIMES as u64;
    assert_eq!([count(1), count(3), count(5)], [times, times, 3]);
    assert_eq!((count(2), count(6)), (count(4), count(7)));
    assert!(count(2) >= times && count(6) >= times, "{outcome:?}");
}

fn storage() {
    let mut pid = 0;
    let outcome = traced("storage", &[], || {
        connect_to_nobody();
        pid = run_true("");
    });
    let connects = of_us(&outcome, "connects");
    assert_eq!(connects.len(), PORTS.len(), "{connects:?}");
    let size_of_an_address = 16;
    assert!(
        connects
            .iter()
            .all(|event| event["value"] == 1000 + size_of_an_address)
    );
    let exits = outcome.json("event");
    let exit = exits
        .iter()
        .find(|event| event["map"] == "exits" && event["fields"]["pid"] == pid);
    let exit = exit.unwrap_or_else(|| panic!("no exit of {pid}: {exits:?}"));
    assert_eq!(exit["fields"]["value"], pid + 7);
}

fn lsm() {
    let dir = folder();
    let file: PathBuf = dir.path().join("file");
    fs::write(&file, "").expect("it can be written");
    let outcome = traced("lsm", &[], || {
        (0..TIMES).for_each(|_| drop(File::open(&file).expect("it is there")));
    });
    let times: Vec<_> = of_us(&outcome, "events")
        .iter()
        .map(|event| event["times"].clone())
        .collect();
    // Other files are opened in between; only one of ours so often.
    let most = times.iter().filter_map(Value::as_u64).max();
    assert!(most >= Some(TIMES as u64), "{times:?}");
}
