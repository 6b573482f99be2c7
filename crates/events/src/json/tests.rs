//! The contract, line by line.

use super::*;
use crate::event::Clock;
use crate::event::Kind;
use crate::event::Loss;

/// 2026-11-23T09:49:07.123456789Z
const NOON: i128 = 1_795_427_347_123_456_789;

fn line(body: Body<'_>) -> String {
    let event = Event {
        time: Timestamp::from_nanosecond(NOON).expect("in range"),
        boot_ns: 9_007_199_254_740_993,
        body,
    };
    let mut out = Vec::new();
    write_line(&mut out, &event, &Annotations::default());
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn id(pid: u32, start_ns: u64) -> ProcessId {
    ProcessId { pid, start_ns }
}

fn ls(args: Args<'_>) -> Exec<'_> {
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
        login_uid: None,
        audit_session: None,
        cpu: Some(1),
        ret: 0,
        filename: Some(b"/bin/ls"),
        exe: Some(b"/usr/bin/ls"),
        script: false,
        secure: false,
        args,
        cgroup_id: Some(u64::MAX),
        ns_pid: Some(7),
        pid_ns: Some(1),
        mnt_ns: Some(2),
        file: None,
        peak_before: None,
    }
}

/// A successful exec, with every field of the contract in its place.
#[test]
fn exec() {
    assert_eq!(
        line(Body::Exec(ls(Args::whole(b"ls\0-l\0\0")))),
        concat!(
            r#"{"type":"exec","time":"2026-11-23T09:49:07.123456789Z","id":"4711-9f3a2b","#,
            r#""pid":4711,"tid":4712,"ppid":4700,"parent_id":"4700-9f0000","comm":"ls","pcomm":"bash","#,
            r#""uid":1000,"euid":0,"gid":100,"ret":0,"filename":"/bin/ls","exe":"/usr/bin/ls","#,
            r#""script":null,"args":["ls","-l",""],"args_complete":true,"cgroup":null,"#,
            r#""cgroup_id":"18446744073709551615","container":null,"ns_pid":7}"#,
            "\n"
        )
    );
}

/// A failed exec has the errno's name, and no path of a file that runs.
#[test]
fn failed_exec() {
    let failed = Exec {
        ret: -2,
        exe: None,
        ..ls(Args::whole(b"ls\0"))
    };
    let json = line(Body::Exec(failed));
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
        ..ls(Args::whole(b"/bin/sh\0./x.sh\0"))
    };
    let json = line(Body::Exec(script));
    assert!(
        json.contains(r#""filename":"./x.sh","exe":"/usr/bin/ls","script":"./x.sh","#),
        "{json}"
    );
}

/// What is not UTF-8 is replaced in `args`, and exact in `args_b64`.
#[test]
fn not_utf8() {
    let json = line(Body::Exec(ls(Args::whole(b"a\xff\0ok\0"))));
    let expected =
        "\"args\":[\"a\u{fffd}\",\"ok\"],\"args_complete\":true,\"args_b64\":[\"Yf8=\",\"b2s=\"],";
    assert!(json.contains(expected), "{json}");
}

/// Unreadable arguments are null; when nothing is known, all of them are.
#[test]
fn unreadable() {
    let json = line(Body::Exec(ls(Args::one_by_one(b"a\0\0", &[1], true))));
    assert!(
        json.contains(r#""args":["a",null],"args_complete":false,"#),
        "{json}"
    );
    let json = line(Body::Exec(ls(Args::cut(b"", 100))));
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
    let json = line(Body::Exec(ls(Args::whole(&block))));
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
        vfork: Some(true),
        by_tracer: false,
        ns_pid: Some(5),
    };
    let time = r#""time":"2026-11-23T09:49:07.123456789Z""#;
    assert_eq!(
        line(Body::Fork(fork)),
        format!(
            r#"{{"type":"fork",{time},"id":"5-10","pid":5,"creator_id":"4-f","creator_pid":4,"vfork":true,"ns_pid":5}}"#
        ) + "\n"
    );
    let lost = Lost {
        kind: Kind::Exec,
        count: 3,
        reason: Loss::RingFull,
    };
    assert_eq!(
        line(Body::Lost(lost)),
        format!(r#"{{"type":"lost",{time},"count":3,"kind":"exec","reason":"ring_full"}}"#) + "\n"
    );
    assert_eq!(
        line(Body::Clock(Clock { first: true })),
        format!(r#"{{"type":"clock",{time},"boot_ns":"9007199254740993"}}"#) + "\n"
    );
}

fn exit(status: ExitStatus) -> Exit<'static> {
    use crate::event::Cost;
    use crate::event::Cpu;
    use crate::event::Io;
    Exit {
        process: id(5, 1_000),
        parent: id(4, 15),
        comm: b"cc1",
        uid: Some(1),
        gid: Some(2),
        cgroup_id: Some(3),
        ns_pid: Some(6),
        status: Some(status),
        exec_ns: None,
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
    let json = line(Body::Exit(exit(ExitStatus::Code(7))));
    let head = concat!(
        r#"{"type":"exit","time":"2026-11-23T09:49:07.123456789Z","id":"5-3e8","pid":5,"ppid":4,"#,
        r#""parent_id":"4-f","comm":"cc1","uid":1,"gid":2,"cgroup":null,"cgroup_id":"3","#,
        r#""container":null,"ns_pid":6,"exit":"exited","code":7,"signal":null,"signal_name":null,"#,
        r#""core_dumped":false,"lifetime_ns":9007199254739993,"exec_lifetime_ns":null,"cpu_ns":300,"#,
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
    let json = line(Body::Exit(exit(killed)));
    let expected =
        r#""exit":"killed","code":null,"signal":11,"signal_name":"SIGSEGV","core_dumped":true,"#;
    assert!(json.contains(expected), "{json}");
}

fn process(exit: Option<Exit<'static>>) -> Process<'static> {
    Process {
        process: id(5, 1_000),
        parent: id(1, 0),
        creator: Some(id(4, 15)),
        comm: b"cc1",
        parent_comm: None,
        uid: Some(1),
        gid: Some(2),
        cgroup_id: Some(3),
        ns_pid: Some(6),
        image: Some(Image {
            filename: Some(b"./x.sh"),
            exe: Some(b"/bin/sh"),
            script: true,
            args: Args::whole(b"/bin/sh\0./x.sh\0"),
        }),
        execs: 2,
        exec_ns: None,
        exit,
    }
}

/// A whole process: what it ran, who created it, how it ended.
#[test]
fn processes() {
    let json = line(Body::Process(process(Some(exit(ExitStatus::Code(0))))));
    let begin = concat!(
        r#"{"type":"process","time":"2026-11-23T09:49:07.123456789Z","id":"5-3e8","pid":5,"ppid":1,"#,
        r#""parent_id":"1-0","creator_id":"4-f","creator_pid":4,"comm":"cc1","pcomm":null,"uid":1,"#,
        r#""gid":2,"filename":"./x.sh","exe":"/bin/sh","script":"./x.sh","args":["/bin/sh","./x.sh"],"#,
        r#""args_complete":true,"execs":2,"cgroup":null,"cgroup_id":"3","container":null,"ns_pid":6,"#,
        r#""exit":"exited","code":0,"#
    );
    assert!(json.starts_with(begin), "{json}");
    let alive = line(Body::Process(process(None)));
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
            args: Some(Args::whole(b"make\0-j4\0")),
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
        body: Body::Process(process(None)),
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
