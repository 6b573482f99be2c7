//! What filters answer, and what they say when they are wrong.

use jiff::Timestamp;

use super::*;
use crate::argv::Argv;
use crate::event::Exec;
use crate::event::ExitStatus;
use crate::event::Fork;
use crate::json::tests::exit;
use crate::json::tests::id;
use crate::json::tests::ls;
use crate::json::tests::process;
use crate::lineage::Ancestor;

mod hostile;
mod oracle;
mod speed;

/// 2026-11-23T09:49:07Z
fn event(data: EventData<'_>) -> Event<'_> {
    Event {
        time: Timestamp::from_second(1_795_427_347).expect("in range"),
        boot_ns: 9_000_000_000,
        data,
    }
}

fn fork() -> Fork {
    Fork {
        process: id(5, 16),
        creator: id(4, 15),
        creator_tid: 6,
        exec_number: None,
        vfork: Some(true),
        by_tracer: false,
        ns_pid: Some(5),
    }
}

/// `ls -l big`, by user 1000 with the rights of root.
fn exec() -> Exec<'static> {
    ls(Argv::whole(b"ls\0-l\0gr\xc3\xb6\xc3\x9fe\0"))
}

#[track_caller]
fn compiled(text: &str) -> CelFilter {
    CelFilter::compile(text).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn holds(text: &str, data: EventData<'_>) -> bool {
    compiled(text).matches(&event(data), &Annotations::default())
}

#[track_caller]
fn refused(text: &str) -> String {
    let error = CelFilter::compile(text).expect_err(text);
    error.to_string()
}

/// Conditions that hold for `exec()`.
#[test]
fn hold() {
    for text in [
        "true",
        "(true ? null : 1) == null",
        "tty == null || null == tty",
        r#"comm in ["x", "ls", null]"#,
        "timestamp(timestamp(time)) == timestamp(time)",
        r#"comm == "ls""#,
        "uid == 1000 && euid == 0 && uid != euid",
        "uid >= 1000.0 && uid < 1000.5",
        r#"comm in ["cat", "ls"]"#,
        r#""-l" in args"#,
        r#"args[1] == "-l" && args[uid - 999] == "-l""#,
        r#"args == ["ls", "-l", "größe"]"#,
        r#"args.exists(a, a.startsWith("-"))"#,
        r#"args.all(a, size(a) > 1) && args.exists_one(a, a.contains("ö"))"#,
        r#"args.filter(a, a.startsWith("-")).size() == 1"#,
        r#"args.map(a, size(a)) == [2, 2, 5]"#,
        r#"args.map(a, a.startsWith("-"), a + "!") == ["-l!"]"#,
        r#"exe.matches("^/usr/.*s$") && !comm.matches("^s")"#,
        "has(container.id) || true",
        r#"container.id == "x" || uid == 1000"#,
        r#"uid == 1000 || container.id == "x""#,
        "container == null && container.id == null || container == null",
        r#"time > "2026-11-23T09" && time < "2026-11-24""#,
        r#"timestamp(time) > timestamp("2026-11-23T09:49:06+00:00")"#,
        r#"int("12") + 1 == 13 && string(uid) == "1000" && double(1) / 2.0 == 0.5"#,
        r#"-uid == -1000 && 7 % 4 == 3 && 7 / 2 == 3 && 2 * 3 - 1 == 5"#,
        r#"(uid == 0 ? "root" : comm) == "ls""#,
        "args.exists(uid, uid == \"-l\")", // a variable hides a field
        "r\"a\\b\" == 'a\\\\b'",
        "uid == 1000 // a comment",
    ] {
        assert!(holds(text, EventData::Exec(exec())), "{text}");
    }
}

/// What is missing or null makes a condition false, unless the rest decides.
#[test]
fn missing_and_null() {
    for text in [
        r#"errno == "ENOENT""#, // left out of a success
        r#"errno != "ENOENT""#,
        "!(errno == \"ENOENT\")",
        "code == 0", // not in this record
        r#"container.id == "x""#,
        r#"container.id != "x""#,
        "has(container.id)",
        "!has(container.id)",
        "script < \"z\"", // null
        "script.contains(\"x\")",
        "script == \"x\"",
        "args[7] == \"x\"",
        "args[-1] == \"x\"",
        "1 / (uid - 1000) == 1",
        "9223372036854775807 + uid > 0",
        "int(comm) == 1",
        "timestamp(comm) > timestamp(time)",
    ] {
        assert!(!holds(text, EventData::Exec(exec())), "{text}");
    }
    // As CEL has it: null is a value, and different from all others.
    assert!(holds(
        "script != \"x\" && script == null",
        EventData::Exec(exec())
    ));
    let failed = Exec { ret: -2, ..exec() };
    assert!(holds(
        "errno == \"ENOENT\" && errno != \"EACCES\"",
        EventData::Exec(failed)
    ));
}

/// Arguments that could not be read are null in the list.
#[test]
fn unreadable_arguments() {
    let unreadable = ls(Argv::one_by_one(b"a\0\0", &[1], true));
    for (text, answer) in [
        (r#"args.exists(a, a == "a")"#, true),
        (r#"args.exists(a, a.contains("a"))"#, true),
        (r#"args.exists(a, a.contains("b"))"#, false),
        (r#"!args.exists(a, a.contains("b"))"#, false),
        (r#"args.exists(a, a == null) && !args_complete"#, true),
    ] {
        assert_eq!(holds(text, EventData::Exec(unreadable)), answer, "{text}");
    }
    let unknown = ls(Argv::cut(b"", 100));
    assert!(holds("args == null", EventData::Exec(unknown)));
    assert!(!holds("args.exists(a, true)", EventData::Exec(unknown)));
}

/// The other records have their own fields.
#[test]
fn other_records() {
    let ended = EventData::Exit(exit(ExitStatus::Code(7)));
    assert!(holds(
        "type == \"exit\" && code == 7 && cpu_ns == 300",
        ended
    ));
    assert!(!holds("args.exists(a, true)", ended));
    let whole = EventData::Summary(process(Some(exit(ExitStatus::Code(7)))));
    assert!(holds(
        "code != 0 && execs == 2 && script == \"./x.sh\"",
        whole
    ));
    let lives = EventData::Summary(process(None));
    assert!(holds("exit == null && creator_pid == 4", lives));
    assert!(holds("vfork && creator_pid == 4", EventData::Fork(fork())));
    assert!(!holds("uid == 0 || uid != 0", EventData::Fork(fork())));
    let clock = EventData::Clock(crate::event::Clock { first: true });
    assert!(holds("uid == 0", clock));
}

/// Ancestors are asked for like everything else.
#[test]
fn ancestors() {
    let ancestor = |comm| Ancestor {
        process: id(4, 15),
        comm,
        args: None,
    };
    let list = [ancestor(b"make"), ancestor(b"sshd")];
    let notes = Annotations {
        ancestors: Some(&list),
        tries: Some(3),
        ..Annotations::default()
    };
    let exec = event(EventData::Exec(exec()));
    let mut filter = compiled(r#"ancestors.exists(a, a.comm == "sshd") && tries > 2"#);
    assert!(filter.matches(&exec, &notes));
    assert!(!filter.matches(&exec, &Annotations::default()));
    assert!(filter.asks_for("ancestors") && !filter.asks_for("comm"));
    assert!(compiled("ancestors[1].comm == \"sshd\"").matches(&exec, &notes));
}

/// An error shows the text, points at the place, and says what would be right.
#[test]
fn errors_point_at_the_place() {
    assert_eq!(
        refused(r#"uid == 0 && pcom == "make""#)
            .split("\nThe")
            .next(),
        Some(concat!(
            "there is no field pcom\n",
            "    uid == 0 && pcom == \"make\"\n",
            "                ^\n",
            "did you mean pcomm or comm?"
        ))
    );
    assert_eq!(
        refused(r#"comm = "x""#),
        "to compare, write ==\n    comm = \"x\"\n         ^"
    );
    assert_eq!(
        refused("uid == 0 &&\n  größe == 1")
            .lines()
            .take(3)
            .collect::<Vec<_>>(),
        ["ö has no meaning here", "      größe == 1", "        ^"]
    );
}

/// What is wrong is told before any event comes.
#[test]
fn errors_in_words() {
    for (text, begin) in [
        ("", "the filter is empty"),
        ("comm ==", "a value is missing here"),
        ("(comm", ") is missing here"),
        ("(comm ==", "a value is missing here"),
        ("uid == 0 &&", "the filter ends here, but is not complete"),
        (
            "comm == \"x",
            "this text has no end in its line: a quote is missing",
        ),
        ("comm \"x\"", "\"x\" cannot stand here"),
        ("uid == 0 & gid == 0", "to join conditions, write &&"),
        ("uid", "this is a number, not a condition"),
        ("uid && true", "this is a number, not a condition"),
        ("!comm", "this is a text, not a condition"),
        ("uid == \"root\"", "a number is never equal to a text"),
        (
            "time > timestamp(\"2026-01-01T00:00:00Z\")",
            "a text is never equal to a timestamp",
        ),
        (
            "uid in [0, 1] || \"ls\" in comm",
            "in asks for a list, and this is a text",
        ),
        ("1 in args", "a number is never equal to a text"),
        (
            "uid.contains(\"x\")",
            "this is a number, and should be a text",
        ),
        ("comm.contain(\"x\")", "there is no function contain"),
        ("comm.contains()", "contains takes 1 arguments, not 0"),
        ("contains(comm, \"x\")", "contains is called on something"),
        ("size(comm, 1) == 2", "size takes 1 arguments, not 2"),
        ("comm.matches(\"(\")", "this is not a regular expression"),
        (
            "comm.matches(pcomm)",
            "matches asks for a regular expression in quotes",
        ),
        ("container.name == \"x\"", "there is no .name in this"),
        ("comm.x == 1", "a text has no fields, so no .x"),
        ("has(exe)", "has() asks for a field of an object"),
        (
            "comm.exists(c, true)",
            "exists goes through lists, and this is a text",
        ),
        (
            "args.exists(true)",
            "exists asks for a name and a condition",
        ),
        (
            "args.exists(1, true)",
            "a name for each element belongs here",
        ),
        (
            "ancestors.exists(a, a.name == 1)",
            "there is no .name in this",
        ),
        ("args[\"x\"] == \"\"", "this is found by a number"),
        ("{\"a\": 1}.a == 1", "filters make no objects"),
        ("uid == 1u", "all numbers are signed"),
        ("comm == b\"x\"", "no field holds bytes"),
        ("uid == 99999999999999999999", "invalid int literal"),
        ("if == 1", "reserved identifier: if"),
    ] {
        check_refused(text, begin);
    }
}

/// Conditions that cannot hold because of their types.
#[test]
fn never_hold() {
    for (text, begin) in [
        ("null", "this is null, not a condition"),
        ("uid == 0 && null", "this is null, not a condition"),
        (
            "uid < null",
            "null is neither less nor greater than anything",
        ),
        ("args < args", "a list is neither less nor greater than"),
        ("true + true == true", "true or false cannot be added to"),
        (
            "size(uid) > 1",
            "this is a number, and should be a text, a list or an object",
        ),
        (
            "uid.size() > 1",
            "this is a number, and should be a text, a list or an object",
        ),
        (
            "int(args) == 1",
            "this is a list, and should be a number, a text or a timestamp",
        ),
        ("string(args) == \"\"", "this is a list, and should be"),
        ("timestamp(\"x\") > timestamp(time)", "this is not a time"),
        ("uid in [\"a\"]", "a number is never equal to a text"),
        ("uid in [0, \"a\"]", "a number is never equal to a text"),
        ("comm in [pid]", "a text is never equal to a number"),
        (
            "uid == 0 ? \"a\" : true",
            "this is true or false, and the value before the colon is a text",
        ),
        (
            "comm == \"\\x\"",
            "this text has a backslash that means nothing",
        ),
        (
            "comm == '\\q' || uid == 0",
            "this text has a backslash that means nothing",
        ),
        ("uid ? uid ? true", "this is not complete"),
        ("comm == \"a\nb\"", "this text has no end in its line"),
    ] {
        check_refused(text, begin);
    }
}

/// The mark is below the character, whatever comes before it.
#[test]
fn position_after_wide_characters() {
    for before in ["é", "日本", "🦀"] {
        let error = refused(&format!("comm == \"{before}\" && uidd == 1"));
        let lines: Vec<&str> = error.lines().collect();
        let at = lines[2].chars().position(|c| c == '^').expect("a mark");
        let found: String = lines[1].chars().skip(at).take(4).collect();
        assert_eq!(found, "uidd", "{error}");
    }
}

#[track_caller]
fn check_refused(text: &str, begin: &str) {
    let error = refused(text);
    assert!(error.starts_with(begin), "{text}\n{error}");
    assert!(
        error.lines().all(|line| line.chars().count() < 80),
        "{error}"
    );
}

/// A field that no record that is shown can have is an error too, with the way to have it.
#[test]
fn fields_of_records_that_are_not_shown() {
    let filter = compiled("uid == 0 && code != 0");
    let both = [RecordType::Exec, RecordType::Process];
    assert_eq!(filter.check_records(&both), Ok(()));
    let error = filter
        .check_records(&[RecordType::Exec])
        .expect_err("not there");
    assert_eq!(
        error.to_string(),
        concat!(
            "code is only in exit and process records, and exec records are shown\n",
            "    uid == 0 && code != 0\n",
            "                ^",
        )
    );
    assert_eq!(
        error.missing_records(),
        [RecordType::Exit, RecordType::Process]
    );
}

/// What the kernel side is told.
#[test]
fn pushed_down() {
    let pushed = |text| {
        let Pushdown { uid, ppid } = compiled(text).pushdown();
        (uid, ppid)
    };
    assert_eq!(pushed("uid == 1000"), (Some(1000), None));
    assert_eq!(
        pushed("comm == \"x\" && (1 == ppid && true) && 0 == uid"),
        (Some(0), Some(1))
    );
    for text in [
        "uid == 0 || ppid == 1",
        "!(uid == 0)",
        "uid != 0",
        "uid == -1",
        "uid == 4294967296",
        "uid == 1.0",
        "args.exists(uid, uid == \"0\")",
        "uid == 0 ? ppid == 1 : ppid == 1",
        "euid == 0",
    ] {
        assert_eq!(pushed(text), (None, None), "{text}");
    }
}

/// A filter that would take minutes for one event is given up, and says so.
#[test]
fn too_many_steps() {
    let block = b"x\0".repeat(10_000);
    let many = event(EventData::Exec(ls(Argv::whole(&block))));
    let mut filter = compiled("args.exists(a, args.exists(b, args.exists(c, c == \"y\"))) || true");
    assert!(!filter.matches(&many, &Annotations::default()));
    assert_eq!(filter.given_up(), 1);
    let mut filter = compiled("args.exists(a, a.contains(\"y\")) || size(args) == 10000");
    assert!(filter.matches(&many, &Annotations::default()));
    assert_eq!(filter.given_up(), 0);
    // Nor can it fill the memory.
    let mut filter = compiled("args.map(a, args.map(b, args + args)).size() > 0");
    assert!(!filter.matches(&many, &Annotations::default()));
    assert_eq!(filter.given_up(), 1);
}
