//! Where a recorder writes, how much of it is kept, and what it survives.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::lchown;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::files_in;
use super::of_type;
use super::read;
use super::records_of;
use crate::Case;
use crate::support::STRANGER;
use crate::support::public_dir;
use crate::support::requirements::Need::Root;
use crate::support::requirements::Need::Tmpfs;
use crate::support::requirements::Need::Tracing;
use crate::support::run::Tracer;
use crate::support::run::run;
use crate::support::subject;
use crate::support::text;
use crate::support::wait_until;

/// A directory for its owner only, with a file that is whole: a header, the processes that are
/// alive, the lives of those that ran, and an account.
fn a_whole_file() {
    let dir = public_dir();
    let directory = dir.path().join("recordings");
    let tracer = Tracer::record(&["-o", text(&directory)]);
    let pid = subject(&["noop"]).pid;
    let trace = tracer.stop();
    assert_eq!(
        fs::metadata(&directory).expect("made").mode() & 0o777,
        0o700
    );
    let [file] = &files_in(&directory)[..] else {
        panic!("one file");
    };
    assert_eq!(fs::metadata(file).expect("made").mode() & 0o777, 0o600);
    let records = records_of(file);
    assert_eq!(records[0]["type"], "header");
    assert!(records[0]["host"].is_string());
    let end = records.last().expect("records");
    assert_eq!(
        (&end["type"], &end["reason"]),
        (&"end".into(), &"stopped".into())
    );
    assert_eq!(end["records"], records.len() - 1);
    assert!(!of_type(&records, "existing").is_empty());
    let exec = of_type(&records, "exec")
        .into_iter()
        .find(|exec| exec["ns_pid"] == pid);
    let id = &exec.expect("it was recorded")["id"];
    for kind in ["fork", "exit", "usage"] {
        let has_id = |record: &&serde_json::Value| record["id"] == *id;
        assert_eq!(
            of_type(&records, kind).into_iter().filter(has_id).count(),
            1,
            "{kind}"
        );
    }
    let shown = of_type(&records, "exec").len() + of_type(&records, "exit").len();
    assert_eq!(trace.accounting().shown, shown as u64);
}

/// Under sudo, what is new belongs to the user who called it.
fn files_of_the_caller() {
    let dir = public_dir();
    let directory = dir.path().join("recordings");
    let uid = STRANGER.to_string();
    let variables = [format!("SUDO_UID={uid}"), format!("SUDO_GID={uid}")];
    let wrapper = ["env", &variables[0], &variables[1]];
    let file = dir.path().join("one.jsonl.zst");
    for output in [&directory, &file] {
        let trace = run(
            &wrapper,
            &["record", "-o", text(output), "--duration", "100ms"],
        );
        assert_eq!(trace.status.code(), Some(0), "{}", trace.stderr);
        assert_eq!(fs::metadata(output).expect("made").uid(), STRANGER);
    }
    let meta = fs::metadata(&files_in(&directory)[0]).expect("made");
    assert_eq!(
        (meta.uid(), meta.gid(), meta.mode() & 0o777),
        (STRANGER, STRANGER, 0o600)
    );
}

/// One recorder at a time.
fn a_second_recorder() {
    let dir = public_dir();
    for name in ["recordings", "one.jsonl.zst"] {
        let output = dir.path().join(name);
        let first = Tracer::record(&["-o", text(&output)]);
        let second = run(&[], &["record", "-o", text(&output), "--duration", "100ms"]);
        assert_eq!(second.status.code(), Some(1), "{}", second.stderr);
        assert!(
            second.stderr.contains("another execsnoop records"),
            "{}",
            second.stderr
        );
        first.stop();
    }
}

/// Links of others are not followed, and nothing is written where others can write.
fn links_of_others() {
    let dir = public_dir();
    let [precious, link] = ["precious", "link"].map(|name| dir.path().join(name));
    fs::create_dir(&precious).expect("writable");
    symlink(&precious, &link).expect("a link");
    lchown(&link, Some(STRANGER), None).expect("as root");
    let open = dir.path().join("open");
    fs::create_dir(&open).expect("writable");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("it is ours");
    for (output, said) in [(&link, "link"), (&open, "other users can write")] {
        let trace = run(&[], &["record", "-o", text(output), "--duration", "100ms"]);
        assert_eq!(trace.status.code(), Some(1), "{said}: {}", trace.stderr);
        assert!(trace.stderr.contains(said), "{}", trace.stderr);
    }
    assert!(files_in(&precious).is_empty() && files_in(&open).is_empty());
}

/// A directory that cannot be written is an error that says so.
fn a_read_only_directory() {
    let trace = run(
        &[],
        &["record", "-o", "/proc/recordings", "--duration", "100ms"],
    );
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert!(
        trace.stderr.contains("/proc/recordings"),
        "{}",
        trace.stderr
    );
}

/// Files are rotated, each can be read alone, and all together stay within the bound.
fn bounded_disk() {
    let dir = public_dir();
    let directory = dir.path().join("recordings");
    let bounds = ["--rotate", "64K", "--max-disk", "256K"];
    let tracer = Tracer::record(&[&["-o", text(&directory)], &bounds[..]].concat());
    for _ in 0..10 {
        subject(&["storm", "1000"]);
    }
    let account = tracer.stop().accounting();
    assert_eq!(account.discarded, 0);
    let files = files_in(&directory);
    let sizes = files
        .iter()
        .map(|file| fs::metadata(file).expect("there").len());
    let sum: u64 = sizes.sum();
    assert!((128 << 10..=256 << 10).contains(&sum), "{sum} bytes");
    assert!(files.len() >= 3, "{files:?}");
    for (index, file) in files.iter().enumerate() {
        let records = records_of(file);
        assert_eq!(records[0]["type"], "header");
        let end = records.last().expect("records");
        let reason = if index + 1 < files.len() {
            "rotated"
        } else {
            "stopped"
        };
        assert_eq!(end["reason"], reason, "{file:?}");
        assert_eq!(end["records"], records.len() - 1);
    }
}

/// SIGHUP begins a new file, and ends nothing.
fn hangup_rotates() {
    let dir = public_dir();
    let directory = dir.path().join("recordings");
    let tracer = Tracer::record(&["-o", text(&directory)]);
    let first = subject(&["noop"]).pid;
    tracer.signal(Signal::SIGHUP);
    wait_until("there are two files", || {
        subject(&["noop"]);
        files_in(&directory).len() == 2
    });
    let second = subject(&["noop"]).pid;
    tracer.stop();
    let files = files_in(&directory);
    for (file, pid, is_in) in [(0, first, true), (0, second, false), (1, second, true)] {
        let records = records_of(&files[file]);
        let execs = of_type(&records, "exec");
        assert_eq!(
            execs.iter().any(|exec| exec["ns_pid"] == pid),
            is_in,
            "{file} {pid}"
        );
    }
}

/// systemd is told when recording has begun, and when it ends.
fn tells_systemd() {
    let dir = public_dir();
    let socket = dir.path().join("notify");
    let receiver = UnixDatagram::bind(&socket).expect("a socket");
    receiver
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a time");
    let variable = format!("NOTIFY_SOCKET={}", text(&socket));
    let output = dir.path().join("recordings");
    let args = ["record", "-o", text(&output), "--duration", "100ms"];
    let trace = run(&["env", &variable], &args);
    assert_eq!(trace.status.code(), Some(0), "{}", trace.stderr);
    for said in ["READY=1", "STOPPING=1"] {
        let mut message = [0; 200];
        let length = receiver.recv(&mut message).expect("a message");
        assert_eq!(
            std::str::from_utf8(&message[..length])
                .expect("UTF-8")
                .trim(),
            said
        );
    }
}

/// A full disk stops nothing: frames are dropped and counted, and recording goes on when there is
/// room.
fn full_disk() {
    let dir = public_dir();
    let disk = dir.path().join("disk");
    fs::create_dir(&disk).expect("writable");
    let _mounted = SmallDisk::mount(&disk);
    let directory = disk.join("recordings");
    let tracer = Tracer::record(&["-o", text(&directory)]);
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 200 << 10]).expect("room");
    wait_until("it is said", || {
        subject(&["storm", "500"]);
        tracer.stderr().contains("no storage space") || tracer.stderr().contains("No space left")
    });
    fs::remove_file(&ballast).expect("it is ours");
    let pid = subject(&["noop"]).pid;
    thread::sleep(Duration::from_millis(1500));
    tracer.signal(Signal::SIGINT);
    let trace = tracer.wait();
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert!(trace.accounting().discarded > 0, "{}", trace.stderr);
    let records = records_of(&files_in(&directory)[0]);
    let execs = of_type(&records, "exec");
    assert!(
        execs.iter().any(|exec| exec["ns_pid"] == pid),
        "recording went on"
    );
    let end = records.last().expect("records");
    assert!(end["frames_dropped"].as_u64() > Some(0), "{end}");
}

/// A file system of 256 KiB.
struct SmallDisk<'p>(&'p std::path::Path);

impl<'p> SmallDisk<'p> {
    fn mount(path: &'p std::path::Path) -> Self {
        let options = ["-t", "tmpfs", "-o", "size=256k", "tmpfs"];
        let mounted = Command::new("mount").args(options).arg(path).status();
        assert!(mounted.expect("mount").success());
        Self(path)
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// A file that is removed is followed by another, and a file that is no recording is left alone.
fn removed_and_precious_files() {
    let dir = public_dir();
    let directory = dir.path().join("recordings");
    let tracer = Tracer::record(&["-o", text(&directory)]);
    subject(&["noop"]);
    wait_until("something is written", || {
        fs::metadata(&files_in(&directory)[0]).is_ok_and(|meta| meta.len() > 0)
    });
    fs::remove_file(&files_in(&directory)[0]).expect("it is ours");
    wait_until("another file is there", || {
        subject(&["noop"]);
        !files_in(&directory).is_empty()
    });
    let pid = subject(&["noop"]).pid;
    let trace = tracer.stop();
    assert!(trace.stderr.contains("was removed"), "{}", trace.stderr);
    let records = records_of(&files_in(&directory)[0]);
    let execs = of_type(&records, "exec");
    assert!(execs.iter().any(|exec| exec["ns_pid"] == pid));
    let precious = dir.path().join("precious.zst");
    fs::write(&precious, "precious").expect("writable");
    let trace = run(
        &[],
        &["record", "-o", text(&precious), "--duration", "100ms"],
    );
    assert_eq!(trace.status.code(), Some(1), "{}", trace.stderr);
    assert_eq!(fs::read(&precious).expect("it is there"), b"precious");
}

/// Killed at any moment, every frame that was written is whole, and at most the last second is
/// missing.
fn killed() {
    let dir = public_dir();
    for round in 0..10 {
        let output = dir.path().join(format!("{round}.jsonl.zst"));
        let tracer = Tracer::record(&["-o", text(&output)]);
        let pid = subject(&["noop"]).pid;
        thread::sleep(Duration::from_millis(1300));
        thread::scope(|scope| {
            scope.spawn(|| subject(&["storm", "2000"]));
            thread::sleep(Duration::from_millis(30 * round));
            tracer.signal(Signal::SIGKILL);
        });
        tracer.wait();
        let (records, damage) = read(&output);
        assert!(damage.len() <= 1, "{damage:?}");
        let execs = of_type(&records, "exec");
        assert!(
            execs.iter().any(|exec| exec["ns_pid"] == pid),
            "round {round}"
        );
    }
}

/// Secrets are masked unless that is switched off, also in the recorder's own command line.
fn secrets() {
    let dir = public_dir();
    let output = dir.path().join("one.jsonl.zst");
    for (options, is_masked) in [(&[][..], true), (&["--redact", "off"], false)] {
        let cmd = ["--", "true", "--password=hunter22"];
        let trace = run(
            &[],
            &[&["record", "-o", text(&output)], options, &cmd].concat(),
        );
        assert_eq!(trace.status.code(), Some(0), "{}", trace.stderr);
        let records = records_of(&output);
        let text = serde_json::to_string(&records).expect("JSON");
        assert_eq!(text.contains("hunter22"), !is_masked, "{text}");
        assert_eq!(records[0]["redaction"]["on"], is_masked);
    }
}

/// Options that mean nothing for the output are refused.
fn wrong_options() {
    for (options, said) in [
        (
            &["-o", "x.jsonl.zst", "--rotate", "1M"][..],
            "--rotate is for a directory",
        ),
        (&["--rotate", "1M", "--max-disk", "1M"], "at most half"),
        (&["--max-age", "soon"], "write it as"),
        (&["-d"], "-d"),
        (&["-o", "-", "--", "true"], "both write to standard output"),
        (&["-o", "build.json"], "NAME.jsonl.zst"),
    ] {
        let trace = run(&[], &[&["record"], options].concat());
        assert_eq!(trace.status.code(), Some(2), "{}", trace.stderr);
        assert!(trace.stderr.contains(said), "{}", trace.stderr);
    }
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing] => [
            a_whole_file, a_second_recorder, a_read_only_directory, bounded_disk, hangup_rotates,
            tells_systemd, killed, secrets, wrong_options, removed_and_precious_files,
        ];
        [Tracing, Root] => [files_of_the_caller, links_of_others];
        [Tracing, Tmpfs] => [full_disk];
    ]
}
