//! Files that events are written to: whose they are, and who else writes to them.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::fs::lchown;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::Case;
use crate::support::STRANGER;
use crate::support::public_dir;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::subject;
use crate::support::text;

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
    crate::support::wait_until("something is written", || {
        fs::metadata(&file).is_ok_and(|meta| meta.len() > 1000)
    });
    std::thread::sleep(std::time::Duration::from_millis(200));
    fs::write(&file, "").expect("it can be emptied");
    let pid = subject(&["noop"]).pid;
    tracer.stop();
    let lines = json_lines(&fs::read(&file).expect("it is there"));
    assert!(lines.iter().any(|line| line["ns_pid"] == pid), "{lines:?}");
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
        [Tracing] => [files_of_others, emptied_file, one_file_for_two];
    ]
}
