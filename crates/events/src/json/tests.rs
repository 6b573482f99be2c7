//! The contract, line by line.

use std::collections::BTreeMap;

use proptest::prelude::*;

use jiff::Timestamp;
use serde::Serialize;

use super::object::SafeForTerminals;
use super::values::*;
use super::*;
use crate::argv::Argv;
use crate::event::CgroupRef;
use crate::event::Clock;
use crate::event::CountedKind;
use crate::event::EventData;
use crate::event::Exec;
use crate::event::ExecFile;
use crate::event::Exit;
use crate::event::ExitStatus;
use crate::event::Fork;
use crate::event::Image;
use crate::event::LoginSession;
use crate::event::Loss;
use crate::event::Lost;
use crate::event::PathRoot;
use crate::event::ProcessId;
use crate::event::ProcessSummary;
use crate::event::Redacted;
use crate::identity::CgroupOwner;
use crate::lineage::Ancestor;
use crate::text::quote::printable;

/// 2026-11-23T09:49:07.123456789Z
const NOON: i128 = 1_795_427_347_123_456_789;

/// The line of a record, which serde_json would write the same way.
fn line(data: EventData<'_>) -> String {
    let event = Event {
        time: Timestamp::from_nanosecond(NOON).expect("in range"),
        boot_ns: 9_007_199_254_740_993,
        data,
    };
    let notes = Annotations::default();
    let (mut out, mut theirs) = (Vec::new(), Vec::new());
    write_line(&mut out, &event, &notes);
    let mut json = serde_jsons_writer(&mut theirs);
    if let Some(written) = serialize(&event, &notes, &mut json) {
        written.expect("writing to memory");
        theirs.push(b'\n');
    }
    let line = String::from_utf8(out).expect("JSON is UTF-8");
    assert_eq!(line.as_bytes(), theirs, "{line}");
    line
}

pub(crate) fn id(pid: u32, start_ns: u64) -> ProcessId {
    ProcessId { pid, start_ns }
}

pub(crate) fn ls(args: Argv<'_>) -> Exec<'_> {
    Exec {
        process: id(4711, 0x9f_3a2b),
        tid: 4712,
        parent: id(4700, 0x9f_0000),
        comm: b"ls",
        parent_comm: b"bash",
        uid: Some(1000),
        euid: Some(0),
        gid: Some(100),
        egid: Some(100),
        session: LoginSession::default(),
        cpu: Some(1),
        ret: 0,
        fatal: false,
        filename: Some(b"/bin/ls"),
        exe: Some(b"/usr/bin/ls"),
        exe_root: Some(PathRoot::Machine),
        script: false,
        secure: false,
        args,
        place: Some(CgroupRef::unified(u64::MAX)),
        ns_pid: Some(7),
        pid_ns: Some(1),
        mnt_ns: Some(2),
        file: None,
        cwd: None,
        cwd_root: None,
        env: None,
        redacted: Redacted::NOTHING,
        peak_before: None,
        exec_number: None,
    }
}

/// A successful exec, with every field of the contract in its place.
#[test]
fn exec() {
    assert_eq!(
        line(EventData::Exec(ls(Argv::whole(b"ls\0-l\0\0")))),
        concat!(
            r#"{"type":"exec","time":"2026-11-23T09:49:07.123456789Z","id":"4711-9f3a2b","#,
            r#""pid":4711,"tid":4712,"ppid":4700,"parent_id":"4700-9f0000","comm":"ls","pcomm":"bash","#,
            r#""uid":1000,"user":null,"euid":0,"gid":100,"group":null,"egid":100,"login_uid":null,"#,
            r#""audit_session":null,"sid":null,"tty":null,"cpu":1,"ret":0,"filename":"/bin/ls","#,
            r#""exe":"/usr/bin/ls","exe_root":"machine","script":null,"deleted":null,"memfd":null,"#,
            r#""secure":null,"#,
            r#""args":["ls","-l",""],"args_complete":true,"cwd":null,"cwd_root":null,"env":null,"#,
            r#""redacted":false,"#,
            r#""cgroup":null,"cgroup_id":"18446744073709551615","unit":null,"user_unit":null,"#,
            r#""container":null,"pod_uid":null,"ns_pid":7,"pid_ns":1,"mnt_ns":2}"#,
            "\n"
        )
    );
}

/// Whose it is: what the cgroup tells, the names of user and group, the session.
#[test]
fn identity() {
    let id = "0123456789abcdef".repeat(4);
    let path = format!("/system.slice/docker-{id}.scope");
    let identity = CgroupOwner::from_path(path.as_bytes());
    let event = Event {
        time: Timestamp::UNIX_EPOCH,
        boot_ns: 1,
        data: EventData::Exec(Exec {
            session: LoginSession {
                login_uid: Some(1000),
                audit_id: Some(3),
                leader: Some(77),
                tty: Some(b"pts12"),
            },
            file: Some(ExecFile {
                device: 1,
                inode: 2,
                links: 0,
            }),
            exe: Some(b"/memfd:x"),
            exe_root: Some(PathRoot::Elsewhere),
            secure: true,
            cwd: Some(b"/tmp"),
            cwd_root: Some(PathRoot::Namespace),
            env: Some(Argv::whole(b"LANG=C\0A=b=\x1b\xff\0")),
            ..ls(Argv::whole(b"ls\0"))
        }),
    };
    let notes = Annotations {
        identity: Some(&identity),
        user: Some("www-data"),
        group: Some("users"),
        ..Annotations::default()
    };
    let mut out = Vec::new();
    write_line(&mut out, &event, &notes);
    let json = String::from_utf8(out).expect("JSON is UTF-8");
    let container = format!(r#""container":{{"id":"{id}","runtime":"docker"}}"#);
    let unit = format!(
        r#""cgroup":"{path}","cgroup_id":"18446744073709551615","unit":"docker-{id}.scope""#
    );
    for expected in [
        r#""uid":1000,"user":"www-data""#,
        r#""gid":100,"group":"users""#,
        r#""login_uid":1000,"audit_session":3,"sid":77,"tty":"pts/12""#,
        r#""deleted":true,"memfd":true,"secure":true"#,
        "\"cwd\":\"/tmp\",\"cwd_root\":\"namespace\",\"env\":{\"LANG\":\"C\",\"A\":\"b=\\u001b\u{fffd}\"}",
        &container,
        &unit,
    ] {
        assert!(json.contains(expected), "{expected} in {json}");
    }
}

/// A failed exec has the errno's name, and no path of a file that runs.
#[test]
fn failed_exec() {
    let failed = Exec {
        ret: -2,
        exe: None,
        exe_root: None,
        ..ls(Argv::whole(b"ls\0"))
    };
    let json = line(EventData::Exec(failed));
    assert!(
        json.contains(r#""ret":-2,"errno":"ENOENT","filename":"/bin/ls","exe":null,"#),
        "{json}"
    );
}

/// A script is named beside its interpreter.
#[test]
fn script() {
    let script = Exec {
        script: true,
        filename: Some(b"./x.sh"),
        ..ls(Argv::whole(b"/bin/sh\0./x.sh\0"))
    };
    let json = line(EventData::Exec(script));
    assert!(
        json.contains(
            r#""filename":"./x.sh","exe":"/usr/bin/ls","exe_root":"machine","script":"./x.sh","#
        ),
        "{json}"
    );
}

/// What is not UTF-8 is replaced in `args`, and exact in `args_b64`.
#[test]
fn not_utf8() {
    let json = line(EventData::Exec(ls(Argv::whole(b"a\xff\0ok\0"))));
    let expected =
        "\"args\":[\"a\u{fffd}\",\"ok\"],\"args_complete\":true,\"args_b64\":[\"Yf8=\",\"b2s=\"],";
    assert!(json.contains(expected), "{json}");
}

/// Unreadable arguments are null; when nothing is known, all of them are.
#[test]
fn unreadable() {
    let json = line(EventData::Exec(ls(Argv::one_by_one(b"a\0\0", &[1], true))));
    assert!(
        json.contains(r#""args":["a",null],"args_complete":false,"#),
        "{json}"
    );
    let json = line(EventData::Exec(ls(Argv::cut(b"", 100))));
    assert!(
        json.contains(r#""args":null,"args_complete":false,"#),
        "{json}"
    );
}

/// Nothing in a line can command a terminal, and every JSON parser gets the text back.
#[test]
fn safe_for_terminals() {
    let hostile = "\u{1b}[2J \u{9b}1m \u{7f} \u{202e} \u{2028} \u{e0001} \n größe";
    let block = [hostile.as_bytes(), b"\0"].concat();
    let json = line(EventData::Exec(ls(Argv::whole(&block))));
    assert!(json.trim_end().chars().all(printable), "{json}");
    assert!(json.contains("größe"), "{json}");
    let parsed: serde_json::Value = serde_json::from_str(&json).expect("valid JSON");
    assert_eq!(parsed["args"][0], hostile);
}

/// The other records.
#[test]
fn forks_losses_clocks() {
    let fork = Fork {
        process: id(5, 16),
        creator: id(4, 15),
        creator_tid: 6,
        exec_number: None,
        vfork: Some(true),
        by_tracer: false,
        ns_pid: Some(5),
    };
    let time = r#""time":"2026-11-23T09:49:07.123456789Z""#;
    assert_eq!(
        line(EventData::Fork(fork)),
        format!(
            r#"{{"type":"fork",{time},"id":"5-10","pid":5,"creator_id":"4-f","creator_pid":4,"vfork":true,"ns_pid":5}}"#
        ) + "\n"
    );
    let lost = Lost {
        kind: CountedKind::Exec,
        count: 3,
        reason: Loss::RingFull,
    };
    assert_eq!(
        line(EventData::Lost(lost)),
        format!(r#"{{"type":"lost",{time},"count":3,"kind":"exec","reason":"ring_full"}}"#) + "\n"
    );
    assert_eq!(
        line(EventData::Clock(Clock { first: true })),
        format!(r#"{{"type":"clock",{time},"boot_ns":"9007199254740993"}}"#) + "\n"
    );
}

pub(crate) fn exit(status: ExitStatus) -> Exit<'static> {
    use crate::event::Cost;
    use crate::event::Cpu;
    use crate::event::Io;
    Exit {
        process: id(5, 1_000),
        parent: id(4, 15),
        comm: b"cc1",
        uid: Some(1),
        gid: Some(2),
        place: Some(CgroupRef::unified(3)),
        ns_pid: Some(6),
        status: Some(status),
        oom_killed: None,
        by_exec: false,
        exec_ns: None,
        exec_number: None,
        cost: Some(Cost {
            cpu: Cpu::divided(300, true, 2, 1),
            max_rss_bytes: None,
            peak_rss_bytes: 4096,
            minor_faults: 7,
            major_faults: 8,
            voluntary_switches: 9,
            involuntary_switches: 10,
            io: Some(Io {
                read_bytes: 11,
                write_bytes: 12,
                read_chars: 13,
                write_chars: 14,
            }),
        }),
    }
}

/// The end of a process, with what cannot be known as null.
#[test]
fn exits() {
    let json = line(EventData::Exit(exit(ExitStatus::Code(7))));
    let head = concat!(
        r#"{"type":"exit","time":"2026-11-23T09:49:07.123456789Z","id":"5-3e8","pid":5,"ppid":4,"#,
        r#""parent_id":"4-f","comm":"cc1","uid":1,"user":null,"gid":2,"group":null,"cgroup":null,"#,
        r#""cgroup_id":"3","unit":null,"user_unit":null,"container":null,"pod_uid":null,"ns_pid":6,"exit":"exited","code":7,"signal":null,"signal_name":null,"#,
        r#""core_dumped":false,"oom_killed":null,"lifetime_ns":9007199254739993,"#,
        r#""exec_lifetime_ns":null,"cpu_ns":300,"#,
        r#""cpu_exact":true,"user_ns":200,"system_ns":100,"max_rss_bytes":null,"peak_rss_bytes":4096,"#,
        r#""read_bytes":11,"write_bytes":12,"read_chars":13,"write_chars":14,"minor_faults":7,"#,
        r#""major_faults":8,"voluntary_switches":9,"involuntary_switches":10}"#,
        "\n"
    );
    assert_eq!(json, head);
    let killed = ExitStatus::Signal {
        number: 11,
        core_dumped: true,
    };
    let json = line(EventData::Exit(exit(killed)));
    let expected =
        r#""exit":"killed","code":null,"signal":11,"signal_name":"SIGSEGV","core_dumped":true,"#;
    assert!(json.contains(expected), "{json}");
}

pub(crate) fn process(exit: Option<Exit<'static>>) -> ProcessSummary<'static> {
    ProcessSummary {
        process: id(5, 1_000),
        parent: id(1, 0),
        creator: Some(id(4, 15)),
        comm: b"cc1",
        parent_comm: None,
        uid: Some(1),
        gid: Some(2),
        place: Some(CgroupRef::unified(3)),
        ns_pid: Some(6),
        session: None,
        image: Some(Image {
            filename: Some(b"./x.sh"),
            exe: Some(b"/bin/sh"),
            exe_root: Some(PathRoot::Machine),
            script: true,
            args: Argv::whole(b"/bin/sh\0./x.sh\0"),
            ..Image::UNKNOWN
        }),
        execs: 2,
        exec_ns: None,
        exit,
    }
}

/// A whole process: what it ran, who created it, how it ended.
#[test]
fn processes() {
    let json = line(EventData::Summary(process(Some(exit(ExitStatus::Code(0))))));
    let begin = concat!(
        r#"{"type":"process","time":"2026-11-23T09:49:07.123456789Z","id":"5-3e8","pid":5,"ppid":1,"#,
        r#""parent_id":"1-0","creator_id":"4-f","creator_pid":4,"comm":"cc1","pcomm":null,"uid":1,"#,
        r#""user":null,"gid":2,"group":null,"login_uid":null,"audit_session":null,"sid":null,"tty":null,"#,
        r#""filename":"./x.sh","exe":"/bin/sh","exe_root":"machine","script":"./x.sh","#,
        r#""deleted":null,"memfd":null,"secure":null,"#,
        r#""args":["/bin/sh","./x.sh"],"args_complete":true,"cwd":null,"cwd_root":null,"env":null,"#,
        r#""redacted":false,"#,
        r#""execs":2,"cgroup":null,"cgroup_id":"3","unit":null,"user_unit":null,"container":null,"#,
        r#""pod_uid":null,"ns_pid":6,"#,
        r#""exit":"exited","code":0,"#
    );
    assert!(json.starts_with(begin), "{json}");
    let alive = line(EventData::Summary(process(None)));
    assert!(alive.contains(r#""exit":null,"code":null,"#), "{alive}");
    assert!(
        alive.contains(r#""cpu_ns":null,"cpu_exact":null,"#),
        "{alive}"
    );
}

/// Ancestors, with their arguments only where they are given.
#[test]
fn ancestors() {
    let list = [
        Ancestor {
            process: id(4, 15),
            comm: b"make",
            args: Some(Argv::whole(b"make\0-j4\0")),
        },
        Ancestor {
            process: id(1, 0),
            comm: b"init",
            args: None,
        },
    ];
    let event = Event {
        time: Timestamp::UNIX_EPOCH,
        boot_ns: 2_000,
        data: EventData::Summary(process(None)),
    };
    let notes = Annotations {
        ancestors: Some(&list),
        ..Annotations::default()
    };
    let mut out = Vec::new();
    write_line(&mut out, &event, &notes);
    let json = String::from_utf8(out).expect("JSON is UTF-8");
    let expected = concat!(
        r#""ancestors":[{"id":"4-f","pid":4,"comm":"make","args":["make","-j4"]},"#,
        r#"{"id":"1-0","pid":1,"comm":"init"}]}"#,
        "\n"
    );
    assert!(json.ends_with(expected), "{json}");
}

/// serde_json, with the escapes of terminals.
fn serde_jsons_writer(out: &mut Vec<u8>) -> serde_json::Serializer<&mut Vec<u8>, SafeForTerminals> {
    serde_json::Serializer::with_formatter(out, SafeForTerminals)
}

/// What it makes of a value.
fn by_serde_json(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    value
        .serialize(&mut serde_jsons_writer(&mut out))
        .expect("writing to memory");
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// What our own writer makes of it.
fn by_us(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let mut line = Line::new(&mut out);
    let Ok(()) = value.serialize(Json(&mut line));
    line.end();
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// Short texts are copied in other ways than long ones, and the buffer grows somewhere.
#[test]
fn texts_of_any_length() {
    let texts: Vec<String> = (0..400)
        .map(|n| "abcdefg".repeat(n)[..n].to_owned())
        .collect();
    assert_eq!(by_us(&texts), by_serde_json(&texts));
}

proptest! {
    /// Two writers, one form: whatever the texts, in lists, objects and by themselves.
    #[test]
    fn written_as_serde_json_writes(
        texts: Vec<String>,
        bytes: Vec<u8>,
        numbers: (i32, u64, Option<u32>),
        object: BTreeMap<String, (bool, Vec<char>)>,
    ) {
        let object: BTreeMap<_, _> = object
            .into_iter()
            .map(|(key, (truth, text))| (key, (truth, String::from_iter(text))))
            .map(|(key, (truth, text))| (key, truth.then_some(vec![text; 2])))
            .collect();
        prop_assert_eq!(by_us(&texts), by_serde_json(&texts));
        prop_assert_eq!(by_us(&Text(&bytes)), by_serde_json(&Text(&bytes)));
        prop_assert_eq!(by_us(&numbers.0), by_serde_json(&numbers.0));
        prop_assert_eq!(by_us(&numbers.1), by_serde_json(&numbers.1));
        prop_assert_eq!(by_us(&numbers.2), by_serde_json(&numbers.2));
        prop_assert_eq!(by_us(&object), by_serde_json(&object));
        let line = line(EventData::Exec(ls(Argv::whole(&bytes))));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{}", line);
    }
}
