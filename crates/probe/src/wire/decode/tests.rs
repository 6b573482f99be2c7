//! The decoder, without a kernel: records that a kernel sent once, records made here, and noise.

use std::fs;
use std::mem::offset_of;
use std::path::PathBuf;
use std::process::Command;

use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::json;
use proptest::prelude::*;

use super::*;
use crate::backend::core;
use crate::options::KernelFilters;
use crate::options::Options;
use crate::skeleton::types::*;
use crate::wire::convert::NAMES_CUT;
use crate::wire::convert::UNSET;
use crate::wire::records::PlainRecord;

/// Decodes records, and gives the events as JSON lines.
fn lines<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let clock = WallClock::new(0, 1_700_000_000_000_000_000);
    let mut decoder = Decoder::default();
    let mut out = Vec::new();
    for record in records {
        let _ = decoder.decode(record, &clock, &mut |event| {
            json::write_line(&mut out, event, &json::Annotations::default())
        });
    }
    decoder.give_up_all(&clock, &mut |event| {
        json::write_line(&mut out, event, &json::Annotations::default())
    });
    let text = String::from_utf8(out).expect("JSON is UTF-8");
    text.lines().map(str::to_owned).collect()
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

/// The captured records: each with its length before it, 4 bytes, little-endian.
fn captured() -> Vec<Vec<u8>> {
    let bytes = fs::read(fixture("x86_64-6.18.ring")).expect("the fixture is there");
    let mut rest = bytes.as_slice();
    let mut records = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (record, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        records.push(record.to_vec());
        rest = after;
    }
    records
}

/// What a kernel sent decodes to what happened then.
#[test]
fn captured_records() {
    let records = captured();
    let got = lines(records.iter().map(Vec::as_slice)).join("\n") + "\n";
    let expected = fs::read_to_string(fixture("x86_64-6.18.jsonl")).expect("the fixture is there");
    assert!(got == expected, "decoded differently than before:\n{got}");
}

/// The environment is what follows the arguments; it is only given when it is whole.
#[test]
fn environment_behind_the_arguments() {
    let asked = exec_flags::EXEC_ENV.0;
    let env = |block: &[u8], env_total: u32, asked: u32| {
        let mut fixed = read_record::<rec_exec>(&exec(7, 3, b"")).expect("whole").0;
        fixed.env_total = env_total;
        fixed.flags |= asked;
        let (args, env) = ExecRecord { fixed }.parts(block);
        (
            args.is_complete(),
            env.map(|env| env.iter().flatten().map(<[u8]>::to_vec).collect::<Vec<_>>()),
        )
    };
    assert_eq!(
        env(b"ls\0A=b\0", 4, asked),
        (true, Some(vec![b"A=b".to_vec()]))
    );
    assert_eq!(
        env(b"ls\0A=", 4, asked),
        (true, None),
        "cut in the environment"
    );
    assert_eq!(env(b"ls", 4, asked), (false, None), "cut in the arguments");
    assert_eq!(env(b"ls\0", 0, asked), (true, Some(vec![])), "empty");
    assert_eq!(env(b"ls\0", 0, 0), (true, None), "not asked for");
}

/// What the paths are relative to, of those that are there.
#[test]
fn roots_of_paths() {
    let roots = |flags: exec_flags, path: &[u8]| {
        let mut fixed = read_record::<rec_exec>(&exec(7, 0, b"")).expect("whole").0;
        fixed.flags = flags.0;
        fixed.path_len = u32::try_from(path.len()).expect("short");
        let line = lines([&record(&fixed, &[b"a\0", path].concat())[..]]).remove(0);
        ["exe_root", "cwd_root"].map(|field| {
            let (_, value) = line.split_once(&format!("\"{field}\":")).expect("a field");
            value.split(',').next().expect("a value").to_owned()
        })
    };
    let at_root = exec_flags::EXEC_CWD_ROOT.0;
    for (flags, path, expected) in [
        (0, &b"ls\0"[..], ["\"machine\"", "null"]),
        (0, b"", ["null", "null"]),
        (
            exec_flags::EXEC_PATH_OWN_ROOT.0,
            b"ls\0",
            ["\"namespace\"", "null"],
        ),
        (
            exec_flags::EXEC_PATH_NO_ROOT.0,
            b"ls\0",
            ["\"elsewhere\"", "null"],
        ),
        (exec_flags::EXEC_PATH_NO_ROOT.0, b"", ["null", "null"]),
        (at_root, b"", ["null", "\"machine\""]),
        (
            at_root | exec_flags::EXEC_CWD_OWN_ROOT.0,
            b"",
            ["null", "\"namespace\""],
        ),
        (
            at_root | exec_flags::EXEC_CWD_NO_ROOT.0,
            b"",
            ["null", "\"elsewhere\""],
        ),
    ] {
        assert_eq!(roots(exec_flags(flags), path), expected, "{flags}");
    }
}

fn cgroup_paths(names_len: u32, names: &[u8]) -> Vec<String> {
    let record = record(
        &rec_cgroup {
            head: head(record_type::RECORD_CGROUP, 1),
            id: 7,
            hierarchy: 1,
            names_len,
        },
        names,
    );
    let mut paths = Vec::new();
    let mut sink = |event: &Event<'_>| match event.data {
        EventData::Cgroup(cgroup) => paths.push(String::from_utf8_lossy(cgroup.path).into_owned()),
        _ => panic!("a cgroup is expected"),
    };
    let clock = WallClock::new(0, 0);
    let _ = Decoder::default().decode(&record, &clock, &mut sink);
    paths
}

/// Names come leaf first; of a path that is too long, none is better than half of it.
#[test]
fn names_of_cgroups() {
    assert_eq!(
        cgroup_paths(12, b"x.scope\0a\0b\0and more"),
        ["/b/a/x.scope"]
    );
    assert_eq!(cgroup_paths(0, b""), ["/"], "the root");
    assert_eq!(cgroup_paths(NAMES_CUT, b""), [""; 0]);
    assert_eq!(cgroup_paths(9, b"short\0"), [""; 0]);
}

/// Captures the records again after bpf/abi.h has changed: as root,
/// `cargo test -p execsnoop-probe capture_records -- --ignored`.
#[test]
#[ignore = "writes the fixtures; needs root"]
fn capture_records() {
    let core = core::start(&Options {
        failed: true,
        failed_32_bit: false,
        forks: true,
        exits: true,
        final_usage: true,
        existing: false,
        exe_path: true,
        cwd: true,
        env: true,
        cgroups: true,
        sessions: true,
        ring_bytes: 1 << 20,
        btf: None,
        perf_buffer: false,
        measure: false,
        filters: KernelFilters {
            ppid: Some(std::process::id()),
            ..KernelFilters::default()
        },
    })
    .expect("tracing starts");
    let (long, longer) = ("x".repeat(17_000), "y".repeat(33_000));
    for args in [&[][..], &["a b", "", "\u{1b}[31m"], &[long.as_str()]] {
        let status = Command::new("/bin/true")
            .args(args)
            .env_clear()
            .env("LANG", "C")
            .current_dir("/tmp")
            .status();
        assert!(status.expect("it runs").success());
    }
    let missing = Command::new("/nonexistent/program")
        .args([&longer, "two words"])
        .status();
    assert!(missing.is_err());

    let mut file = Vec::new();
    let mut records = Vec::new();
    core.raw_records(|record| {
        let length = u32::try_from(record.len()).expect("a record is short");
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(record);
        records.push(record.to_vec());
    });
    fs::write(fixture("x86_64-6.18.ring"), file).expect("writable");
    let text = lines(records.iter().map(Vec::as_slice)).join("\n") + "\n";
    fs::write(fixture("x86_64-6.18.jsonl"), text).expect("writable");
}

/// A record with this fixed part and data.
fn record<T: PlainRecord>(fixed: &T, data: &[u8]) -> Vec<u8> {
    // SAFETY: the types are integers without gaps (see `Fixed` and the assertions on their sizes).
    let bytes = unsafe {
        std::slice::from_raw_parts(std::ptr::from_ref(fixed).cast::<u8>(), size_of::<T>())
    };
    [bytes, data].concat()
}

fn head(of: record_type, pid: u32) -> rec_header {
    rec_header {
        time: 1_000,
        start: 500,
        r#type: of.0,
        pid,
    }
}

/// An exec of "a" whose arguments have `total` bytes, `first` of which are in the record.
fn exec(pid: u32, total: u32, first: &[u8]) -> Vec<u8> {
    let fixed = rec_exec {
        head: head(record_type::RECORD_EXEC, pid),
        task_info: rec_task {
            tid: pid,
            ..rec_task::default()
        },
        args_total: total,
        args_len: u32::try_from(first.len()).expect("short"),
        name_len: 2,
        ..rec_exec::default()
    };
    record(&fixed, &[first, b"a\0"].concat())
}

fn piece(pid: u32, offset: u32, data: &[u8], flags: u32) -> Vec<u8> {
    let fixed = rec_args {
        head: head(record_type::RECORD_ARGS, pid),
        offset,
        data_len: u32::try_from(data.len()).expect("short"),
        flags,
        tid: pid,
    };
    record(&fixed, data)
}

/// The arguments, and whether they are complete, of each exec in turn.
fn execs<'a>(records: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<(String, bool)> {
    lines(records.into_iter().map(Vec::as_slice))
        .iter()
        .map(|line| {
            let complete = line.contains("\"args_complete\":true");
            let (_, rest) = line.split_once("\"args\":").expect("every exec has args");
            let (args, _) = rest
                .split_once(",\"args_complete\"")
                .expect("and then this");
            (args.to_owned(), complete)
        })
        .collect()
}

fn whole(args: &str) -> (String, bool) {
    (args.to_owned(), true)
}

fn cut(args: &str) -> (String, bool) {
    (args.to_owned(), false)
}

/// Pieces of two execs, mixed as two CPUs mix them, end up where they belong, and in one piece.
#[test]
fn pieces_are_put_together() {
    let records = [
        exec(1, 6, b"a\0"),
        exec(2, 6, b"b\0"),
        piece(2, 2, b"b2", 0),
        piece(1, 2, b"a2a3", 0),
        piece(2, 4, b"b3", 0),
    ];
    assert_eq!(
        execs(&records),
        [whole(r#"["a","a2a3"]"#), whole(r#"["b","b2b3"]"#)]
    );
}

/// A chain that the kernel side ended early, or of which a piece is missing, shows the pieces that
/// arrived.
#[test]
fn lost_pieces_are_admitted() {
    let ended = [
        exec(1, 9, b"a\0"),
        piece(1, 2, b"b", 0),
        piece(1, 3, b"", args_flags::ARGS_END.0),
    ];
    assert_eq!(execs(&ended), [cut(r#"["a","b"]"#)]);

    let gap = [exec(1, 9, b"a\0"), piece(1, 4, b"c", 0)];
    assert_eq!(execs(&gap), [cut(r#"["a"]"#)]);

    let again = [exec(1, 9, b"a\0"), exec(1, 2, b"b\0")];
    assert_eq!(execs(&again), [whole(r#"["b"]"#), cut(r#"["a"]"#)]);

    let orphan = [piece(7, 0, b"x", 0)];
    assert!(execs(&orphan).is_empty());
}

/// Arguments whose memory could not be read are unknown, not empty.
#[test]
fn unread_arguments() {
    let mut bytes = exec(1, 5, b"");
    let flags = std::mem::offset_of!(rec_exec, flags);
    bytes[flags] = u8::try_from(exec_flags::EXEC_ARGS_UNREAD.0).expect("a low bit");
    assert_eq!(execs(&[bytes]), [cut("null")]);
    assert_eq!(execs(&[exec(1, 0, b"")]), [whole("[]")]);
}

fn failed(dirfd: i32, name: &[u8], entries: &[u8], flags: args_flags) -> Vec<u8> {
    let fixed = rec_failed {
        head: head(record_type::RECORD_FAILED, 1),
        task_info: rec_task {
            tid: 1,
            ..rec_task::default()
        },
        ret: -2,
        dirfd,
        name_len: u32::try_from(name.len()).expect("short"),
        args_len: u32::try_from(entries.len()).expect("short"),
        flags: flags.0,
        ..rec_failed::default()
    };
    record(&fixed, &[name, entries].concat())
}

const COMPLETE: args_flags = args_flags(args_flags::ARGS_END.0 | args_flags::ARGS_COMPLETE.0);

/// Whole arguments, pieces of long ones, and what could not be read.
#[test]
fn entries_of_failed_execs() {
    let at = nix::libc::AT_FDCWD;
    let entries = b"\x01ls\0\x02ab\0\x02cd\0\x01e\0\x03\x01\0";
    let all = failed(at, b"x\0", entries, COMPLETE);
    assert_eq!(execs(&[all]), [cut(r#"["ls","abcde",null,""]"#)]);

    let readable = failed(at, b"x\0", b"\x01ls\0\x01\0", COMPLETE);
    assert_eq!(execs(&[readable]), [whole(r#"["ls",""]"#)]);

    let none = failed(at, b"x\0", b"", COMPLETE);
    assert_eq!(execs(&[none]), [whole("[]")]);

    let stuck = failed(at, b"x\0", b"", args_flags::ARGS_END);
    assert_eq!(execs(&[stuck]), [cut("null")]);
}

/// With no way back, the name is the new image's; or its path, and then no argument is known.
#[test]
fn failed_execs_with_no_way_back() {
    let fatal = |image: u32, name: &[u8]| {
        let record = failed(nix::libc::AT_FDCWD, name, b"", args_flags::ARGS_END);
        let (mut fixed, data) = read_record::<rec_failed>(&record).expect("whole");
        fixed.image = failed_image::FAILED_FATAL.0 | image;
        let data = data.to_vec();
        let line = lines([&self::record(&fixed, &data)[..]]).remove(0);
        assert!(
            line.contains("\"fatal\":true") && line.contains("\"args\":null"),
            "{line}"
        );
        line
    };
    let path = failed_image::FAILED_BY_PATH.0;
    for (image, name, expected) in [
        (
            0,
            &b"./x\0"[..],
            r#""filename":"./x","exe":null,"exe_root":null,"script":null"#,
        ),
        (failed_image::FAILED_SCRIPT.0, b"./x\0", r#""script":"./x""#),
        (
            path,
            b"x\0tmp\0",
            r#""filename":null,"exe":"/tmp/x","exe_root":"machine""#,
        ),
        (
            path | failed_image::FAILED_PATH_NO_ROOT.0,
            b"x\0",
            r#""exe_root":"elsewhere""#,
        ),
        (
            path | failed_image::FAILED_PATH_CUT.0,
            b"x\0",
            r#""filename":null,"exe":null"#,
        ),
    ] {
        let line = fatal(image, name);
        assert!(line.contains(expected), "{line}");
    }
}

/// A failed exec's arguments may come in several records too; a long one may cross their border.
#[test]
fn failed_exec_in_pieces() {
    let first = failed(
        nix::libc::AT_FDCWD,
        b"x\0",
        b"\x01ls\0\x02ab\0",
        args_flags(0),
    );
    let last = piece(1, 8, b"\x01c\0", COMPLETE.0);
    assert_eq!(execs(&[first.clone(), last]), [whole(r#"["ls","abc"]"#)]);
    assert_eq!(execs(&[first]), [cut(r#"["ls","ab"]"#)]);
}

/// A file relative to a descriptor is named as the kernel would name it.
#[test]
fn names_relative_to_descriptors() {
    for (dirfd, name, expected) in [
        (nix::libc::AT_FDCWD, &b"x\0"[..], "\"x\""),
        (5, b"x\0", "\"/dev/fd/5/x\""),
        (5, b"\0", "\"/dev/fd/5\""),
        (5, b"/x\0", "\"/x\""),
        (5, b"", "null"),
    ] {
        let line = lines([failed(dirfd, name, b"", COMPLETE).as_slice()]).remove(0);
        assert!(
            line.contains(&format!("\"filename\":{expected},")),
            "{line}"
        );
        assert!(line.contains("\"ret\":-2,\"errno\":\"ENOENT\""), "{line}");
    }
}

/// Each way of being too short is an error, whose kind is known when the type is.
#[test]
fn short_records_are_errors() {
    let clock = WallClock::new(0, 0);
    let whole = exec(1, 2, b"a\0");
    for length in 0..whole.len() {
        let result = Decoder::default().decode(&whole[..length], &clock, &mut |_| {
            panic!("an event from {length} bytes");
        });
        let kind =
            (length >= size_of::<rec_header>()).then_some(execsnoop_events::CountedKind::Exec);
        assert_eq!(result, Err(DecodeError::Short(kind)));
    }
    let mut unknown = whole;
    unknown[16] = 99;
    let result = Decoder::default().decode(&unknown, &clock, &mut |_| panic!("an event"));
    assert_eq!(result, Err(DecodeError::Type(99)));
}

proptest! {
    /// Whatever the bytes, there is no panic.
    #[test]
    fn noise(records: Vec<Vec<u8>>) {
        lines(records.iter().map(Vec::as_slice));
    }

    /// Records that look right at the beginning: any type, any lengths.
    #[test]
    fn noise_with_a_type(records in prop::collection::vec((0u8..8, prop::collection::vec(any::<u8>(), 16..400)), 0..20)) {
        let records: Vec<Vec<u8>> = records
            .into_iter()
            .map(|(of, mut bytes)| {
                bytes.resize(bytes.len().max(20), 0);
                bytes[16..20].copy_from_slice(&[of, 0, 0, 0]);
                bytes
            })
            .collect();
        lines(records.iter().map(Vec::as_slice));
    }

    /// Real records, damaged: no panic, and no more memory than arrived.
    #[test]
    fn damaged_records(damage in prop::collection::vec((any::<usize>(), any::<u8>()), 1..20), cut in any::<usize>()) {
        let mut records = captured();
        for (place, value) in damage {
            let count = records.len();
            let record = &mut records[place % count];
            let length = record.len();
            record[place / count % length.min(200)] = value;
        }
        let count = records.len();
        let victim = &mut records[cut % count];
        victim.truncate(cut / count % (victim.len() + 1));
        let arrived: usize = records.iter().map(Vec::len).sum();
        let mut decoder = Decoder::default();
        let clock = WallClock::new(0, 0);
        for record in &records {
            let _ = decoder.decode(record, &clock, &mut |_| {});
            prop_assert!(decoder.pending_bytes <= arrived);
        }
        decoder.give_up_all(&clock, &mut |_| {});
        prop_assert_eq!(decoder.pending_bytes, 0);
    }
}

/// The first captured record of this type.
fn captured_of(kind: record_type) -> Vec<u8> {
    let of_kind = |record: &Vec<u8>| {
        read_record::<rec_header>(record).is_some_and(|(head, _)| record_type(head.r#type) == kind)
    };
    captured()
        .into_iter()
        .find(of_kind)
        .expect("one was captured")
}

fn put(record: &mut [u8], at: usize, value: u32) {
    record[at..at + 4].copy_from_slice(&value.to_ne_bytes());
}

fn json_of(record: &[u8]) -> serde_json::Value {
    let lines = lines([record]);
    serde_json::from_str(&lines[0]).expect("a line of JSON")
}

/// What the kernel has killed because memory was short is told apart: only where a signal has
/// ended it, and where that is known.
#[test]
fn victims_of_short_memory() {
    let (oom, unknown) = (exit_flags::EXIT_OOM.0, exit_flags::EXIT_NO_OOM.0);
    for (code, flags, expected) in [
        (9, oom, Some(true)),
        (9, 0, Some(false)),
        (15, oom, Some(false)),
        (0, oom, Some(false)),
        (9, unknown, None),
    ] {
        let mut exit = captured_of(record_type::RECORD_EXIT);
        put(&mut exit, offset_of!(rec_exit, code), code);
        put(&mut exit, offset_of!(rec_exit, flags), flags);
        let oom_killed = json_of(&exit)["oom_killed"].as_bool();
        assert_eq!(oom_killed, expected, "{code} {flags}");
    }
}

/// What the classic backend marks as unknown is null, and nothing else is.
#[test]
fn unknown_is_null() {
    let mut exec = captured_of(record_type::RECORD_EXEC);
    let before = json_of(&exec);
    let task_info = offset_of!(rec_exec, task_info);
    put(&mut exec, task_info + offset_of!(rec_task, euid), UNSET);
    put(&mut exec, task_info + offset_of!(rec_task, ns_pid), 0);
    let after = json_of(&exec);
    for (name, value) in before.as_object().expect("an object") {
        match name.as_str() {
            "euid" | "ns_pid" => assert!(!value.is_null() && after[name].is_null(), "{name}"),
            _ => assert_eq!(after[name], *value, "{name}"),
        }
    }
    let mut exit = captured_of(record_type::RECORD_EXIT);
    let flags =
        exit_flags::EXIT_NO_COSTS.0 | exit_flags::EXIT_NO_CODE.0 | exit_flags::EXIT_NO_OOM.0;
    put(&mut exit, offset_of!(rec_exit, flags), flags);
    let exit = json_of(&exit);
    for name in [
        "exit",
        "code",
        "signal",
        "core_dumped",
        "oom_killed",
        "cpu_ns",
        "peak_rss_bytes",
        "read_bytes",
    ] {
        assert!(exit[name].is_null(), "{name}");
    }
    assert!(exit["lifetime_ns"].is_u64() && exit["uid"].is_u64());
}
