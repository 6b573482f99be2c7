//! Files that events are written to: whose they are, and who else writes to them.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::fs::lchown;
use std::os::unix::fs::symlink;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::Case;
use crate::support::STRANGER;
use crate::support::public_dir;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_until;

/// Where others can write, their files are not written, and their links are not followed.
fn files_of_others() {
    let dir = public_dir();
    let [file, link, precious] = ["file", "link", "precious"].map(|name| dir.path().join(name));
    fs::write(&file, "").expect("writable");
    chown(&file, Some(STRANGER), None).expect("as root");
    fs::write(&precious, "precious").expect("writable");
    symlink(&precious, &link).expect("a link");
    lchown(&link, Some(STRANGER), None).expect("as root");
    for (options, said) in [(["-o", text(&file)], "file"), (["-o", text(&link)], "link")] {
        let trace = run(&[], &[&options[..], &["--duration", "1ms"]].concat());
        assert_eq!(trace.status.code(), Some(1), "{said}: {}", trace.stderr);
        assert!(trace.stderr.contains(said), "{}", trace.stderr);
        assert!(trace.stderr.contains("of user"), "{}", trace.stderr);
    }
    assert_eq!(fs::read(&file).expect("it is there"), b"");
    assert_eq!(fs::read(&precious).expect("it is there"), b"precious");
}

/// A file that another program empties while it is written goes on at its beginning.
fn emptied_file() {
    let dir = public_dir();
    let file = dir.path().join("events");
    let tracer = Tracer::json(&["-o", text(&file)]);
    subject(&["storm", "20"]);
    wait_until("something is written", || {
        fs::metadata(&file).is_ok_and(|meta| meta.len() > 1000)
    });
    thread::sleep(Duration::from_millis(200));
    fs::write(&file, "").expect("it can be emptied");
    let pid = subject(&["noop"]).pid;
    tracer.stop();
    let lines = json_lines(&fs::read(&file).expect("it is there"));
    let is_there = lines.iter().any(|line| line["ns_pid"] == pid);
    assert!(is_there, "{pid} is not among {} lines", lines.len());
}

/// Two tracers that write to one file write whole lines.
fn one_file_for_two() {
    let dir = public_dir();
    let file = dir.path().join("events");
    let options = ["-o", text(&file)];
    let tracers = [Tracer::json(&options), Tracer::json(&options)];
    let pid = subject(&["storm", "500"]).pid;
    for tracer in tracers {
        tracer.stop();
    }
    let lines = json_lines(&fs::read(&file).expect("it is there"));
    let shown = lines.iter().filter(|line| line["ns_pid"] == pid).count();
    assert!(shown >= 2, "each of them shows the storm: {shown}");
}

/// When a disk is full, tracing goes on, and the end says how many lines are missing.
fn full_disk() {
    let tracer = Tracer::start(&["-o", "/dev/full"]);
    subject(&["storm", "50"]);
    wait_until("it is said", || tracer.stderr().contains("No space left"));
    assert!(
        tracer.stderr().contains("tracing goes on"),
        "{}",
        tracer.stderr()
    );
    subject(&["storm", "50"]);
    tracer.signal(Signal::SIGINT);
    let trace = tracer.wait();
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert!(
        trace
            .stderr
            .contains("lines were not written to \"/dev/full\""),
        "{}",
        trace.stderr
    );
    assert_eq!(
        trace.stderr.matches("tracing goes on").count(),
        1,
        "{}",
        trace.stderr
    );
    let account = trace.accounting();
    assert_eq!(account.shown, 0);
    assert!(account.discarded >= 100, "{}", trace.stderr);
}

/// A file that has no room holds whole lines, and goes on when there is room again.
fn room_comes_back() {
    let dir = public_dir();
    let file = dir.path().join("events");
    let limited = ["sh", "-c", "ulimit -f 64; exec \"$@\"", "sh"]; // blocks of 512 or 1024 bytes
    let tracer = Tracer::start_behind(&limited, &["--format", "json", "-o", text(&file)]);
    subject(&["storm", "200"]);
    wait_until("it is said", || tracer.stderr().contains("File too large"));
    thread::sleep(Duration::from_millis(300)); // the rest of the storm is dropped
    let lines = json_lines(&fs::read(&file).expect("it is there"));
    assert!(lines.len() > 10, "{} lines", lines.len());
    fs::write(&file, "").expect("it can be emptied");
    let pid = subject(&["noop"]).pid;
    tracer.signal(Signal::SIGINT);
    let trace = tracer.wait();
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    let lines = json_lines(&fs::read(&file).expect("it is there"));
    let is_there = lines.iter().any(|line| line["ns_pid"] == pid);
    assert!(is_there, "{pid} is not among {} lines", lines.len());
    let account = trace.accounting();
    assert!(account.shown > 10 && account.discarded > 10, "{account:?}");
}

/// Full files are put aside, also in another user's directory. None of the lines is lost by that.
fn limited_files() {
    let dir = public_dir();
    let folder = dir.path().join("folder");
    fs::create_dir(&folder).expect("writable");
    chown(&folder, Some(STRANGER), None).expect("as root");
    let file = folder.join("events");
    let limit = ["--max-size", "64K", "--max-files", "100"];
    let tracer = Tracer::json(&[&["-o", text(&file)], &limit[..]].concat());
    subject(&["storm", "200"]); // some 150 KB
    let shown = tracer.stop().accounting().shown;
    let older = (1..).map(|number| folder.join(format!("events.{number}")));
    let older = older.map_while(|path| fs::read(path).ok());
    let parts: Vec<_> = older.chain(fs::read(&file)).collect();
    assert!(parts.len() > 2, "{} files", parts.len());
    assert!(parts.iter().all(|part| part.len() <= 64 << 10));
    let lines = json_lines(&parts.concat());
    let execs = lines.iter().filter(|line| line["type"] == "exec").count();
    assert_eq!(execs as u64, shown);
}

/// A size needs a file.
fn limits_without_a_file() {
    for options in [&["--max-size", "1M"][..], &["-o", "-", "--max-size", "1M"]] {
        let trace = run(&[], options);
        assert_ne!(trace.status.code(), Some(0), "{options:?}");
        assert!(trace.stderr.contains("--max-size"), "{}", trace.stderr);
    }
}

/// A stream that is closed is an error, not a reader that takes everything.
fn closed_streams() {
    let without = |stream: &str| format!("exec \"$@\" {stream}>&-");
    let stdout = without("1");
    let wrapper = ["sh", "-c", &stdout, "sh"];
    for options in [
        &["--duration", "5s"][..],
        &["-o", "-"],
        &["schema"],
        &["doctor"],
    ] {
        let trace = run(&wrapper, options);
        assert_eq!(
            trace.status.code(),
            Some(1),
            "{options:?}: {}",
            trace.stderr
        );
        let said = "standard output is closed";
        assert!(trace.stderr.contains(said), "{options:?}: {}", trace.stderr);
    }
    let trace = run(&wrapper, &["-o", "/dev/null", "--duration", "1ms"]);
    assert_eq!(trace.status.code(), Some(0), "{}", trace.stderr);
    let stderr = without("2");
    let trace = run(&["sh", "-c", &stderr, "sh"], &["--", "echo", "ran"]);
    assert_eq!(trace.status.code(), Some(1));
    assert_eq!(trace.text(), "", "the command must not run");
}

/// `-o -` is standard output, also where a command has it.
fn dash_is_standard_output() {
    let dir = public_dir();
    let there = ["env", "-C", text(dir.path())];
    let trace = run(
        &there,
        &["--format", "csv", "-o", "-", "--", "echo", "hello"],
    );
    assert_eq!(trace.status.code(), Some(0), "{}", trace.stderr);
    let lines: Vec<&str> = trace.text().lines().collect();
    assert!(lines.contains(&"hello"), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("type,time,")),
        "{lines:?}"
    );
    assert!(!dir.path().join("-").exists());
}

fn json_lines(bytes: &[u8]) -> Vec<Value> {
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let text = String::from_utf8_lossy(line);
            serde_json::from_slice(line).unwrap_or_else(|error| panic!("{error}: {text}"))
        })
        .collect()
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            files_of_others, emptied_file, one_file_for_two, full_disk, room_comes_back,
            limited_files, limits_without_a_file, closed_streams, dash_is_standard_output,
        ];
    ]
}
