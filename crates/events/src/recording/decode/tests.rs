//! What was written comes back; what was not is refused.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::tables;
use super::*;
use crate::argv::Argv;
use crate::argv::ArgvRest;
use crate::event::CgroupRef;
use crate::event::Cost;
use crate::event::Cpu;
use crate::event::ExecFile;
use crate::event::ExitStatus;
use crate::event::Hierarchy;
use crate::event::Image;
use crate::event::Io;
use crate::event::LoginSession;
use crate::event::OwnedEvent;
use crate::event::PathRoot;
use crate::event::ProcessId;
use crate::event::Redacted;
use crate::json::Annotations;
use crate::recording::Encoder;
use crate::schema;

/// Bytes as hostile processes choose them, without NULs.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ -~]{0,20}".prop_map(String::into_bytes),
        "\\PC{0,8}".prop_map(String::into_bytes),
        Just(b"\x1b[2J\"\\\n\t\x7f\xe2\x80\xae".to_vec()),
        vec(1..=255u8, 0..12),
        vec(
            prop_oneof![
                Just(b'"'),
                Just(b'\\'),
                Just(b'\n'),
                Just(0xffu8),
                Just(b'a')
            ],
            0..40
        ),
    ]
}

fn short() -> impl Strategy<Value = Vec<u8>> {
    bytes().prop_map(|mut name| {
        name.truncate(15);
        name
    })
}

fn process() -> impl Strategy<Value = ProcessId> {
    prop_oneof![
        9 => (any::<u32>(), any::<u64>(), 0..64u32)
            .prop_map(|(pid, start, shift)| ProcessId { pid, start_ns: start >> shift }),
        1 => Just(ProcessId::UNKNOWN),
    ]
}

/// What an image is made of.
#[derive(Debug, Clone)]
struct ImageParts {
    texts: [Option<Vec<u8>>; 3],
    roots: [Option<u8>; 2],
    flags: [bool; 4],
    file: Option<(u32, u64, u32)>,
    args: ListParts,
    env: Option<ListParts>,
}

/// A list of arguments, or of variables.
#[derive(Debug, Clone)]
struct ListParts {
    more: u64,
    flags: [bool; 2],
    block: Vec<u8>,
    unreadable: Vec<u32>,
}

fn list(entry: impl Strategy<Value = Option<Vec<u8>>>) -> impl Strategy<Value = ListParts> {
    let more = prop_oneof![Just(0), 1..9u64, any::<u32>().prop_map(u64::from)];
    (vec(entry, 0..6), any::<bool>(), more, any::<[bool; 2]>()).prop_map(
        |(entries, is_cut, more, flags)| {
            let mut block = Vec::new();
            let mut unreadable = Vec::new();
            for (entry, index) in entries.iter().zip(0..) {
                match entry {
                    Some(entry) => block.extend_from_slice(entry),
                    None => unreadable.push(index),
                }
                block.push(0);
            }
            // One cut off behind nothing cannot be told from one that is not there.
            let is_cut = is_cut && matches!(entries.last(), Some(Some(last)) if !last.is_empty());
            if is_cut {
                block.pop();
            }
            ListParts {
                more,
                flags,
                block,
                unreadable,
            }
        },
    )
}

impl ListParts {
    fn list(&self) -> Argv<'_> {
        let rest = ArgvRest {
            total_bytes: self.block.len() as u64 + self.more,
            complete: self.flags[0],
            shortened: self.flags[1],
        };
        Argv::from_parts(&self.block, &self.unreadable, rest)
    }
}

fn image() -> impl Strategy<Value = ImageParts> {
    let variable = (bytes(), any::<bool>(), bytes()).prop_map(|(name, has_value, value)| {
        let between: &[u8] = if has_value { b"=" } else { b"" };
        Some([&name[..], between, &value].concat())
    });
    (
        [
            option::of(bytes()),
            option::of(bytes()),
            option::of(bytes()),
        ],
        [option::of(0..3u8), option::of(0..3u8)],
        any::<[bool; 4]>(),
        option::of((any::<u32>(), any::<u64>(), 0..3u32)),
        list(option::weighted(0.9, bytes())),
        option::of(list(variable)),
    )
        .prop_map(|(texts, roots, flags, file, args, env)| ImageParts {
            texts,
            roots,
            flags,
            file,
            args,
            env,
        })
}

impl ImageParts {
    fn image(&self) -> Image<'_> {
        let [filename, exe, cwd] = self.texts.each_ref().map(Option::as_deref);
        let [exe_root, cwd_root] = self
            .roots
            .map(|root| root.map(|root| PathRoot::ALL[usize::from(root)]));
        let [script, secure, texts, env] = self.flags;
        Image {
            filename,
            exe,
            exe_root,
            script,
            secure,
            file: self.file.map(|(device, inode, links)| ExecFile {
                device,
                inode,
                links,
            }),
            args: self.args.list(),
            cwd,
            cwd_root,
            env: self.env.as_ref().map(ListParts::list),
            redacted: Redacted { texts, env },
        }
    }
}

fn place() -> impl Strategy<Value = Option<CgroupRef>> {
    let key = (0..3usize, any::<u64>()).prop_map(|(hierarchy, id)| CgroupKey {
        hierarchy: Hierarchy::ALL[hierarchy],
        id,
    });
    option::of(prop_oneof![
        any::<u64>().prop_map(CgroupRef::unified),
        (any::<u64>(), key).prop_map(|(unified_id, cgroup)| CgroupRef { unified_id, cgroup }),
    ])
}

fn status() -> impl Strategy<Value = Option<ExitStatus>> {
    option::of(prop_oneof![
        any::<u8>().prop_map(ExitStatus::Code),
        (any::<u8>(), any::<bool>()).prop_map(|(number, core_dumped)| ExitStatus::Signal {
            number,
            core_dumped
        }),
    ])
}

fn cost() -> impl Strategy<Value = Option<Cost>> {
    let numbers = any::<[u64; 8]>();
    let io = option::of(any::<[u64; 4]>());
    option::of((numbers, any::<bool>(), option::of(any::<u64>()), io)).prop_map(|parts| {
        let (numbers, exact, max_rss_bytes, io) = parts?;
        Some(Cost {
            cpu: Cpu {
                total_ns: numbers[0],
                exact,
                user_ns: numbers[1],
                system_ns: numbers[2],
            },
            max_rss_bytes,
            peak_rss_bytes: numbers[3],
            minor_faults: numbers[4],
            major_faults: numbers[5],
            voluntary_switches: numbers[6],
            involuntary_switches: numbers[7],
            io: io.map(|[read_bytes, write_bytes, read_chars, write_chars]| Io {
                read_bytes,
                write_bytes,
                read_chars,
                write_chars,
            }),
        })
    })
}

fn number() -> impl Strategy<Value = Option<u32>> {
    option::of(any::<u32>())
}

fn exec_number() -> impl Strategy<Value = Option<std::num::NonZeroU32>> {
    number().prop_map(|number| number.and_then(std::num::NonZeroU32::new))
}

/// An exit without a name.
fn exit() -> impl Strategy<Value = Exit<'static>> {
    (
        (process(), process(), number(), number(), place(), number()),
        (status(), option::of(any::<bool>()), any::<bool>()),
        (option::of(any::<u64>()), exec_number(), cost()),
    )
        .prop_map(|(whose, how, rest)| {
            let (process, parent, uid, gid, place, ns_pid) = whose;
            let (status, oom_killed, by_exec) = how;
            let (exec_ns, exec_number, cost) = rest;
            Exit {
                process,
                parent,
                comm: b"",
                uid,
                gid,
                place,
                ns_pid,
                status,
                oom_killed,
                by_exec,
                exec_ns,
                exec_number,
                cost,
            }
        })
}

fn session() -> impl Strategy<Value = (LoginSession<'static>, Option<Vec<u8>>)> {
    let tty = prop_oneof![
        short(),
        (0..300u32).prop_map(|pts| format!("pts{pts}").into_bytes())
    ];
    (number(), number(), number(), option::of(tty)).prop_map(
        |(login_uid, audit_id, leader, tty)| {
            let session = LoginSession {
                login_uid,
                audit_id,
                leader,
                tty: None,
            };
            (session, tty)
        },
    )
}

fn exec() -> impl Strategy<Value = OwnedEvent> {
    let ret = prop_oneof![Just(0), -40..0, any::<i32>()];
    (
        (
            process(),
            any::<u32>(),
            process(),
            short(),
            short(),
            image(),
        ),
        (
            any::<[Option<u32>; 5]>(),
            session(),
            ret,
            any::<bool>(),
            place(),
        ),
        (
            any::<[Option<u32>; 3]>(),
            exec_number(),
            option::of(any::<u64>()),
        ),
        any::<Moment>(),
    )
        .prop_map(|(whose, owners, rest, moment)| {
            let (process, tid, parent, comm, parent_comm, image) = whose;
            let ([uid, euid, gid, egid, cpu], (session, tty), ret, fatal, place) = owners;
            let ([ns_pid, pid_ns, mnt_ns], exec_number, peak_before) = rest;
            let exec = Exec {
                tid,
                parent,
                comm: &comm,
                parent_comm: &parent_comm,
                uid,
                euid,
                gid,
                egid,
                session: LoginSession {
                    tty: tty.as_deref(),
                    ..session
                },
                cpu,
                ret,
                fatal,
                place,
                ns_pid,
                pid_ns,
                mnt_ns,
                exec_number,
                peak_before,
                ..Exec::of_image(process, &image.image())
            };
            moment.event(EventData::Exec(exec))
        })
}

fn existing() -> impl Strategy<Value = OwnedEvent> {
    (
        (
            process(),
            process(),
            process(),
            option::of(process()),
            short(),
            short(),
            image(),
        ),
        (
            session(),
            any::<u32>(),
            any::<bool>(),
            exec_number(),
            any::<u32>(),
        ),
        (
            option::of(any::<u64>()),
            option::of(any::<u64>()),
            0..3u8,
            exit(),
            any::<Moment>(),
        ),
        any::<Moment>(),
    )
        .prop_map(|(whose, more, rest, moment)| {
            let (process, parent, first_parent, creator, comm, parent_comm, image) = whose;
            let ((session, tty), seen_pid, doomed, exec_number, execs) = more;
            let (exec_ns, peak_before, state, exit, end) = rest;
            // Whose end it is, is not told twice.
            let exit = Exit {
                process,
                parent,
                comm: &comm,
                ..exit
            };
            let existing = Existing {
                first_parent,
                creator,
                comm: &comm,
                parent_comm: &parent_comm,
                uid: exit.uid,
                gid: exit.gid,
                place: exit.place,
                ns_pid: exit.ns_pid,
                seen_pid,
                session: LoginSession {
                    tty: tty.as_deref(),
                    ..session
                },
                image: image.image(),
                doomed,
                exec_number,
                execs,
                exec_ns,
                peak_before,
                state: match state {
                    0 => ExistingState::Alive,
                    1 => ExistingState::Ended {
                        boot_ns: exit.exec_ns,
                    },
                    _ => ExistingState::Ending {
                        time: end.time(),
                        boot_ns: end.boot_ns,
                        exit,
                    },
                },
                ..Existing::alive(process, parent)
            };
            moment.event(EventData::Existing(existing))
        })
}

/// When something happened.
#[derive(Debug, Clone, Copy)]
struct Moment {
    boot_ns: u64,
    /// Mostly the same.
    distance_ns: i64,
}

impl Arbitrary for Moment {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let usual = 1_795_427_347_123_456_789;
        let distance = prop_oneof![9 => Just(usual), 1 => -1_000_000_000_000..i64::MAX / 2];
        (0..=u64::MAX / 4, distance)
            .prop_map(|(boot_ns, distance_ns)| Self {
                boot_ns,
                distance_ns,
            })
            .boxed()
    }
}

impl Moment {
    fn time(self) -> Timestamp {
        let wall_ns = i128::from(self.boot_ns) + i128::from(self.distance_ns);
        Timestamp::from_nanosecond(wall_ns).expect("in range")
    }

    fn event(self, data: EventData<'_>) -> OwnedEvent {
        OwnedEvent::new(&Event {
            time: self.time(),
            boot_ns: self.boot_ns,
            data,
        })
    }
}

fn any_event() -> impl Strategy<Value = OwnedEvent> {
    let fork = (
        process(),
        process(),
        option::of(any::<u32>()),
        option::of(any::<bool>()),
    );
    let fork = (
        fork,
        any::<bool>(),
        exec_number(),
        number(),
        any::<Moment>(),
    )
        .prop_map(
            |((process, creator, tid, vfork), by_tracer, exec_number, ns_pid, moment)| {
                let fork = Fork {
                    process,
                    creator,
                    creator_tid: tid.unwrap_or(creator.pid),
                    vfork,
                    by_tracer,
                    exec_number,
                    ns_pid,
                };
                moment.event(EventData::Fork(fork))
            },
        );
    let ended = (exit(), short(), any::<Moment>()).prop_map(|(exit, comm, moment)| {
        moment.event(EventData::Exit(Exit {
            comm: &comm,
            ..exit
        }))
    });
    let usage = (process(), any::<[u64; 3]>(), any::<bool>(), any::<Moment>()).prop_map(
        |(process, [total_ns, user_ns, system_ns], exact, moment)| {
            let cpu = Cpu {
                total_ns,
                exact,
                user_ns,
                system_ns,
            };
            moment.event(EventData::FinalUsage(FinalUsage { process, cpu }))
        },
    );
    let gone = (process(), any::<Moment>())
        .prop_map(|(process, moment)| moment.event(EventData::Gone(process)));
    let cgroup = (0..3usize, any::<u64>(), bytes(), any::<Moment>()).prop_map(
        |(hierarchy, id, path, moment)| {
            let hierarchy = Hierarchy::ALL[hierarchy];
            moment.event(EventData::Cgroup(Cgroup {
                key: CgroupKey { hierarchy, id },
                path: &path,
            }))
        },
    );
    let lost = (0..5usize, any::<u64>(), 0..3usize, any::<Moment>()).prop_map(
        |(kind, count, reason, moment)| {
            moment.event(EventData::Lost(Lost {
                kind: CountedKind::ALL[kind],
                count,
                reason: Loss::ALL[reason],
            }))
        },
    );
    let clock = (any::<bool>(), any::<Moment>())
        .prop_map(|(first, moment)| moment.event(EventData::Clock(Clock { first })));
    prop_oneof![
        3 => exec(),
        3 => existing(),
        2 => ended,
        1 => fork,
        1 => usage,
        1 => gone,
        1 => cgroup,
        1 => lost,
        1 => clock,
    ]
}

fn notes<'a>(redacted: bool) -> Annotations<'a> {
    Annotations {
        user: Some("J\u{fc}rgen \"x\""),
        group: Some("g"),
        redacted,
        ..Annotations::default()
    }
}

/// The same event, as text.
fn told(event: &Event<'_>) -> String {
    format!("{event:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Every event comes back, in a frame of its own or among others.
    #[test]
    fn events_come_back(events in vec(any_event(), 1..6), repeat in any::<bool>()) {
        let mut encoder = Encoder::default();
        let mut decoder = Decoder::default();
        for event in &events {
            let mut line = Vec::new();
            if repeat {
                encoder.write_clock(&mut line, &event.lend());
                let clock = decoder.decode(&line).expect("a clock");
                prop_assert!(matches!(clock, Decoded::Clock));
                line.clear();
            }
            encoder.write_line(&mut line, &event.lend(), &notes(false));
            prop_assert!(line.ends_with(b"\n"));
            let value: Json = serde_json::from_slice(&line).expect("JSON");
            let Ok(Decoded::Event(decoded, names)) = decoder.decode(&line) else {
                panic!("{value}");
            };
            prop_assert_eq!(told(&decoded), told(&event.lend()), "{}", value);
            prop_assert_eq!(names.user, value["user"].as_str());
            prop_assert_eq!(names.group, value["group"].as_str());
        }
    }

    /// A line with other bytes in some places gives an event or an error.
    #[test]
    fn damaged_lines(
        event in any_event(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in option::of(any::<prop::sample::Index>()),
    ) {
        let mut line = Vec::new();
        let mut encoder = Encoder::default();
        encoder.write_line(&mut line, &event.lend(), &notes(false));
        for (at, byte) in changes {
            let at = at.index(line.len());
            line[at] = byte;
        }
        if let Some(cut) = cut {
            line.truncate(cut.index(line.len()));
        }
        if let Err(error) = Decoder::default().decode(&line) {
            prop_assert!(error.to_string().chars().all(crate::text::quote::printable));
            prop_assert!(error.to_string().len() < 1000);
        }
    }

    /// So does noise.
    #[test]
    fn noise(line in vec(any::<u8>(), 0..200)) {
        let _ = Decoder::default().decode(&line);
    }

    /// And noise of the words that lines are made of.
    #[test]
    fn noise_of_words(words in vec(0..WORDS.len(), 0..40)) {
        let line: String = words.into_iter().map(|word| WORDS[word]).collect();
        let _ = Decoder::default().decode(line.as_bytes());
        let line = format!("{{\"type\":\"exec\",{line}");
        let _ = Decoder::default().decode(line.as_bytes());
    }
}

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"type\"",
    "\"exec\"",
    "\"time\"",
    "\"2026-11-23T09:49:07Z\"",
    "\"id\"",
    "\"1-1\"",
    "\"args\"",
    "null",
    "true",
    "1",
    "-1",
    "\"args_b64\"",
    "\"env\"",
    "\"",
    "\\",
    "\"end\"",
    "\"tid\"",
    "1e9",
    " ",
    "\"\\u",
    "d83d",
    "\"existing\"",
];

/// An exec with everything, and its line with replacements.
fn line_with(changes: &[(&str, &str)]) -> Vec<u8> {
    let line = concat!(
        r#"{"type":"exec","time":"2026-11-23T09:49:07.123456789Z","id":"7-f","pid":7,"tid":7,"#,
        r#""parent_id":null,"uid":1,"ret":0,"exe_root":"machine","args":["ls"],"#,
        r#""args_complete":true,"args_b64":["bHM="],"env":{"A":"b"},"exec_number":1,"#,
        r#""boot_ns":"5"}"#
    );
    let mut line = line.to_owned();
    for (from, to) in changes {
        assert!(line.contains(from), "{from}");
        line = line.replace(from, to);
    }
    line.into_bytes()
}

/// What is missing, of another type, too large, or not known is said.
#[test]
fn what_is_wrong() {
    for (from, to, field, expected) in [
        (r#""id":"7-f","#, "", "id", Problem::Missing),
        (r#""id":"7-f","#, r#""id":null,"#, "id", Problem::Type),
        (r#""id":"7-f","#, r#""id":"7","#, "id", Problem::Form),
        (r#""tid":7"#, r#""tid":"7""#, "tid", Problem::Type),
        (r#""tid":7"#, r#""tid":4294967296"#, "tid", Problem::Range),
        (r#""uid":1"#, r#""uid":-1"#, "uid", Problem::Range),
        (r#""uid":1"#, r#""uid":1.5"#, "uid", Problem::Range),
        (r#""ret":0"#, r#""ret":2147483648"#, "ret", Problem::Range),
        ("machine", "moon", "exe_root", Problem::Word),
        (r#""ls""#, "1", "args", Problem::Type),
        (r#"["bHM="]"#, r#""bHM=""#, "args_b64", Problem::Type),
        ("bHM=", "bHM", "args_b64", Problem::Form),
        (r#"{"A":"b"}"#, r#"{"A":1}"#, "env", Problem::Type),
        (
            r#""exec_number":1"#,
            r#""exec_number":0"#,
            "exec_number",
            Problem::Range,
        ),
        (
            r#""args_complete":true"#,
            r#""args_complete":1"#,
            "args_complete",
            Problem::Type,
        ),
        ("2026-11-23T", "2026-11-33T", "time", Problem::Form),
        (r#","boot_ns":"5""#, "", "time", Problem::Clock),
        (r#""uid":1"#, r#""uid":1,"uid":2"#, "uid", Problem::Twice),
    ] {
        // The exact arguments would stand before the others.
        let b64 = (r#""args_b64":["bHM="],"#, "");
        let changes = match from {
            r#""ls""# => vec![b64, (from, to)],
            _ => vec![(from, to)],
        };
        match Decoder::default().decode(&line_with(&changes)) {
            Err(LineError::Malformed {
                field: Some(name),
                problem,
                ..
            }) => assert_eq!((name, problem), (field, expected), "{from} {to}"),
            other => panic!("{from} {to}: {other:?}"),
        };
    }
}

/// What a later version adds is passed over: fields, and types of records.
#[test]
fn later_versions() {
    let more = line_with(&[(r#""uid":1"#, r#""uid":1,"new":[{"a":"\"]"},1]"#)]);
    let mut decoder = Decoder::default();
    assert!(matches!(decoder.decode(&more), Ok(Decoded::Event(..))));
    let other = line_with(&[(r#""exec","#, r#""verdict","#)]);
    assert!(matches!(decoder.decode(&other), Ok(Decoded::Unknown)));
    let reordered = br#"{"boot_ns":"7", "id" : "1-1","time":"2026-11-23T09:49:07Z","type":"gone"}"#;
    let Ok(Decoded::Event(event, _)) = decoder.decode(reordered) else {
        panic!("an event");
    };
    assert_eq!(told(&event).matches("Gone").count(), 1);
}

/// A message has the beginning of what is wrong, and nothing that commands a terminal.
#[test]
fn a_message() {
    let line = line_with(&[("machine", "\u{9b}2J\\u001b")]);
    let error = Decoder::default().decode(&line).expect_err("a word");
    let expected = r#"an unknown word of "exe_root": \xc2\x9b2J\\u001b"#;
    assert_eq!(error.to_string(), expected);
}

/// Time since boot follows the clock records, and a reset forgets them.
#[test]
fn the_clock() {
    let mut decoder = Decoder::default();
    let gone = br#"{"type":"gone","time":"2026-11-23T09:49:07.000000000Z","id":"1-1"}"#;
    let clock = |boot_ns: u64| {
        format!(
            r#"{{"type":"clock","time":"2026-11-23T09:49:00.000000000Z","boot_ns":"{boot_ns}","repeated":true}}"#
        )
    };
    assert!(decoder.decode(gone).is_err());
    for boot_ns in [5, 1_000_000_000_000] {
        assert!(matches!(
            decoder.decode(clock(boot_ns).as_bytes()),
            Ok(Decoded::Clock)
        ));
        let Ok(Decoded::Event(event, _)) = decoder.decode(gone) else {
            panic!("an event");
        };
        assert_eq!(event.boot_ns, boot_ns + 7_000_000_000);
    }
    decoder.reset();
    assert!(decoder.decode(gone).is_err());
}

/// The tables have the names in the order in which records have them, and records are valid by the
/// schema of recordings.
#[test]
fn tables_are_in_order() {
    let tables = RECORD_FIELDS;
    let validator = jsonschema::validator_for(&schema::recording_schema()).expect("a JSON Schema");
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut unseen: BTreeSet<(&str, &str)> = tables
        .iter()
        .flat_map(|(kind, names)| names.iter().map(|name| (*kind, *name)))
        .collect();
    for _ in 0..1000 {
        let event = proptest::strategy::Strategy::new_tree(&any_event(), &mut runner);
        let event = proptest::strategy::ValueTree::current(&event.expect("a tree"));
        let mut line = Vec::new();
        let notes = Annotations {
            tries: Some(1),
            ancestors: Some(&[]),
            ..notes(true)
        };
        Encoder::default().write_line(&mut line, &event.lend(), &notes);
        let text = String::from_utf8(line).expect("UTF-8");
        let (kind, names) = tables
            .iter()
            .find(|(kind, _)| text.starts_with(&format!("{{\"type\":\"{kind}\"")))
            .expect("a table");
        let mut places = [Place::default(); MOST];
        let scanner = scan::Scanner::new(text.as_bytes()).expect("short");
        scanner
            .object(names, &mut places[..names.len()])
            .expect("JSON");
        let mut last = 0;
        for (name, place) in names.iter().zip(places) {
            if place.kind != scan::Kind::Absent {
                unseen.remove(&(*kind, *name));
                assert!(place.start > last, "{kind}: {name}");
                last = place.start;
            }
        }
        let value: Json = serde_json::from_str(&text).expect("JSON");
        if let Err(error) = validator.validate(&value) {
            panic!("{error}: {value}");
        }
        let all = value.as_object().expect("an object").keys();
        all.for_each(|name| assert!(names.contains(&name.as_str()), "{kind}: {name}"));
    }
    let most = tables::ALL.iter().map(|names| names.len()).max();
    assert!(most <= Some(MOST));
    assert_eq!(unseen, BTreeSet::from([("clock", "repeated")]));
}
