//! Events that were recorded show the same bytes as the events themselves, for every option that is
//! about events.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use execsnoop::bench_support::BenchPipeline;
use execsnoop_events::Argv;
use execsnoop_events::Cgroup;
use execsnoop_events::CgroupKey;
use execsnoop_events::CgroupRef;
use execsnoop_events::Clock;
use execsnoop_events::Cost;
use execsnoop_events::CountedKind;
use execsnoop_events::Cpu;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::EventRedactor;
use execsnoop_events::Exec;
use execsnoop_events::ExecFile;
use execsnoop_events::Existing;
use execsnoop_events::Exit;
use execsnoop_events::ExitStatus;
use execsnoop_events::FinalUsage;
use execsnoop_events::Fork;
use execsnoop_events::Hierarchy;
use execsnoop_events::Image;
use execsnoop_events::Io;
use execsnoop_events::Limits;
use execsnoop_events::Lineage;
use execsnoop_events::LoginSession;
use execsnoop_events::Loss;
use execsnoop_events::Lost;
use execsnoop_events::OwnedEvent;
use execsnoop_events::PathRoot;
use execsnoop_events::ProcessId;
use execsnoop_events::Redacted;
use execsnoop_events::Tally;
use execsnoop_events::WallClock;
use execsnoop_events::json::Annotations;
use execsnoop_events::recording::Decoded;
use execsnoop_events::recording::Decoder;
use execsnoop_events::recording::Encoder;
use execsnoop_events::recording::End;
use execsnoop_events::recording::EndReason;
use execsnoop_events::recording::FORMAT;
use execsnoop_events::recording::FrameFlags;
use execsnoop_events::recording::FrameWriter;
use execsnoop_events::recording::Header;
use execsnoop_events::recording::Redaction;
use execsnoop_events::recording::StreamId;
use execsnoop_probe::testing::CAPTURED;
use execsnoop_probe::testing::FixtureDecoder;
use execsnoop_probe::testing::records;

const MS: u64 = 1_000_000;
const BEGIN: u64 = 50_000 * MS;
const CONTAINER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Users without names: to look names up takes time, and they may come late.
const NAMELESS: u32 = 4_000_000_000;

const INIT: ProcessId = id(1, 1);
const SHELL: ProcessId = id(100, 1000);

const fn id(pid: u32, start_ns: u64) -> ProcessId {
    ProcessId { pid, start_ns }
}

/// A machine on which things happen.
struct Machine {
    events: Vec<OwnedEvent>,
    now: u64,
    clock: WallClock,
}

impl Machine {
    fn new() -> Self {
        Self {
            events: Vec::new(),
            now: BEGIN,
            clock: WallClock::new(0, 1_795_000_000_123_456_789),
        }
    }

    /// Something happens, so long after what happened last.
    fn then(&mut self, us: u64, data: EventData<'_>) {
        self.now += us * 1000;
        self.events.push(OwnedEvent::new(&Event {
            time: self.clock.at(self.now),
            boot_ns: self.now,
            data,
        }));
    }

    /// A process is born after this many microseconds.
    fn fork(&mut self, us: u64, creator: ProcessId, pid: u32) -> ProcessId {
        let process = id(pid, self.now + us * 1000 - 3);
        self.then(
            us,
            EventData::Fork(Fork {
                process,
                creator,
                creator_tid: creator.pid + pid % 2,
                vfork: Some(pid.is_multiple_of(3)),
                by_tracer: false,
                exec_number: None,
                ns_pid: Some(pid % 50),
            }),
        );
        process
    }

    fn end(&mut self, process: ProcessId, parent: ProcessId, status: ExitStatus) {
        let place = place(process);
        let exit = Exit {
            parent,
            comm: b"ending",
            uid: Some(NAMELESS + process.pid % 2),
            gid: Some(NAMELESS + process.pid % 2),
            place: Some(place),
            ns_pid: Some(process.pid % 50),
            status: Some(status),
            oom_killed: Some(false),
            cost: Some(cost(process.pid)),
            ..Exit::of(process)
        };
        self.then(700, EventData::Exit(exit));
        // Of some, it never comes.
        if !process.pid.is_multiple_of(4) {
            let usage = FinalUsage {
                process,
                cpu: Cpu::divided(u64::from(process.pid) * 1003, true, 1, 1),
            };
            self.then(20_000, EventData::FinalUsage(usage));
        }
    }
}

fn place(process: ProcessId) -> CgroupRef {
    match process.pid % 4 {
        0 => CgroupRef::unified(5),
        1 => CgroupRef::unified(6),
        2 => CgroupRef::unified(7),
        _ => CgroupRef {
            unified_id: 1,
            cgroup: MEMORY,
        },
    }
}

const MEMORY: CgroupKey = CgroupKey {
    hierarchy: Hierarchy::Memory,
    id: 5,
};

fn cost(pid: u32) -> Cost {
    let number = u64::from(pid);
    Cost {
        cpu: Cpu::divided(number * 1001, false, 2, 1),
        max_rss_bytes: None,
        peak_rss_bytes: number << 12,
        minor_faults: number,
        major_faults: 0,
        voluntary_switches: 3,
        involuntary_switches: number % 3,
        io: (pid.is_multiple_of(2)).then_some(Io {
            read_bytes: number,
            write_bytes: 0,
            read_chars: number * 2,
            write_chars: 1,
        }),
    }
}

/// What programs are called with.
const CALLS: [(&[u8], &[u8]); 6] = [
    (b"/usr/bin/ls", b"ls\0-l\0\0"),
    (b"/usr/bin/mysql", b"mysql\0--password=hunter2\0-u\0root\0"),
    (
        b"/tmp/\x1b[31m\xff",
        b"\x1b]0;\x07\0\xff\xfe\0caf\xc3\xa9\0",
    ),
    (b"/usr/bin/say", b"say\0\"quoted\" \\ and\nmore\0"),
    (b"/opt/tool.sh", b"/bin/sh\0-e\0/opt/tool.sh\0x\0"),
    (
        b"/usr/bin/curl",
        b"curl\0-H\0Authorization: Bearer abc.def.ghi\0",
    ),
];

fn exec<'a>(process: ProcessId, parent: ProcessId, number: usize, env: Argv<'a>) -> Exec<'a> {
    let (filename, args) = CALLS[number % CALLS.len()];
    let args = match number % 5 {
        4 => Argv::cut(&args[..args.len() - 2], 5000),
        _ => Argv::whole(args),
    };
    let image = Image {
        filename: Some(filename),
        exe: Some(filename),
        exe_root: Some(PathRoot::Machine),
        script: filename.ends_with(b".sh"),
        secure: number == 3,
        file: Some(ExecFile {
            device: 8 << 20 | 1,
            inode: 1 << 60 | number as u64,
            links: u32::try_from(number % 3).expect("small"),
        }),
        args,
        cwd: Some(b"/home/\xe4"),
        cwd_root: Some(PathRoot::Namespace),
        env: Some(env),
        redacted: Redacted::NOTHING,
    };
    Exec {
        tid: process.pid + u32::from(number == 2),
        parent,
        comm: &filename[filename.len() - 4..],
        parent_comm: b"bash",
        uid: Some(NAMELESS + process.pid % 2),
        euid: Some(0),
        gid: Some(NAMELESS + process.pid % 2),
        egid: None,
        session: LoginSession {
            login_uid: Some(1000),
            audit_id: None,
            leader: Some(90),
            tty: (number.is_multiple_of(2)).then_some(b"pts3"),
        },
        cpu: Some(1),
        place: Some(place(process)),
        ns_pid: Some(process.pid % 50),
        pid_ns: Some(4_026_531_836),
        mnt_ns: None,
        peak_before: Some(4096 * number as u64),
        ..Exec::of_image(process, &image)
    }
}

/// What a shell, a daemon, a container and others did.
fn workload() -> Vec<OwnedEvent> {
    let mut machine = Machine::new();
    machine.then(0, EventData::Clock(Clock { first: true }));
    let docker = format!("/system.slice/docker-{CONTAINER}.scope");
    for (id, path) in [
        (5, &b"/system.slice/cron.service"[..]),
        (6, docker.as_bytes()),
        (7, b"/user.slice/\xff\x1b[2J"),
    ] {
        let key = CgroupRef::unified(id).cgroup;
        machine.then(0, EventData::Cgroup(Cgroup { key, path }));
    }
    let memory = Cgroup {
        key: MEMORY,
        path: b"/old",
    };
    machine.then(0, EventData::Cgroup(memory));
    for (process, parent, comm) in [(INIT, id(0, 0), &b"systemd"[..]), (SHELL, INIT, b"bash")] {
        let existing = Existing {
            comm,
            uid: Some(NAMELESS),
            seen_pid: process.pid,
            image: Image {
                args: Argv::whole(b"/sbin/init\0--token=secret77\0"),
                ..Image::UNKNOWN
            },
            ..Existing::alive(process, parent)
        };
        machine.then(0, EventData::Existing(existing));
    }
    for round in 0..24u32 {
        one_round(&mut machine, round);
    }
    machine.then(600_000, EventData::Gone(id(1, 2)));
    machine.events
}

fn one_round(machine: &mut Machine, round: u32) {
    let number = round as usize;
    let env = Argv::whole(b"HOME=/root\0API_TOKEN=abcdef0123456789\0PATH=/bin\0");
    let creator = if round.is_multiple_of(3) { INIT } else { SHELL };
    let process = machine.fork(900, creator, 1000 + round);
    for _ in 0..round % 4 {
        let failed = Exec {
            ret: -2,
            file: None,
            env: None,
            exe: None,
            ..exec(process, creator, number, env)
        };
        machine.then(40, EventData::Exec(failed));
    }
    machine.then(60, EventData::Exec(exec(process, creator, number, env)));
    let child = machine.fork(2000, process, 2000 + round);
    if round.is_multiple_of(5) {
        machine.end(process, creator, ExitStatus::Code(0)); // the child is a daemon now
        machine.then(100, EventData::Exec(exec(child, INIT, number + 1, env)));
    } else {
        machine.then(100, EventData::Exec(exec(child, process, number + 2, env)));
    }
    let killed = ExitStatus::Signal {
        number: 11,
        core_dumped: round.is_multiple_of(2),
    };
    machine.end(
        child,
        process,
        if round.is_multiple_of(7) {
            killed
        } else {
            ExitStatus::Code(3)
        },
    );
    if !round.is_multiple_of(5) {
        machine.end(
            process,
            creator,
            ExitStatus::Code(u8::try_from(round).expect("small")),
        );
    }
    if round == 10 {
        let lost = Lost {
            kind: CountedKind::Exec,
            count: 7,
            reason: Loss::RingFull,
        };
        machine.then(10, EventData::Lost(lost));
    }
    if round == 12 {
        machine.clock = WallClock::new(0, 1_794_999_996_400_000_000); // set back by an hour
        machine.then(10, EventData::Clock(Clock { first: false }));
    }
}

/// What a kernel has sent.
fn captured() -> Vec<OwnedEvent> {
    let mut decoder = FixtureDecoder::new(1_700_000_000_000_000_000);
    let mut events = Vec::new();
    for record in records(CAPTURED) {
        decoder.decode(record, &mut |event| {
            events.push(OwnedEvent::new(&nameless(event)));
        });
    }
    events
}

fn nameless<'a>(event: &Event<'a>) -> Event<'a> {
    let (uid, gid) = (Some(NAMELESS), Some(NAMELESS));
    let data = match event.data {
        EventData::Exec(exec) => EventData::Exec(Exec { uid, gid, ..exec }),
        EventData::Exit(exit) => EventData::Exit(Exit { uid, gid, ..exit }),
        other => other,
    };
    Event { data, ..*event }
}

/// The lines of a recording of these events, in frames of some lines.
fn record<'e>(events: impl Iterator<Item = Event<'e>>) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut redactor = EventRedactor::new(&[], true);
    let mut text = Vec::new();
    for (number, event) in events.enumerate() {
        if number.is_multiple_of(10) {
            encoder.write_clock(&mut text, &event);
        }
        let masked = redactor.mask(&event, &[]).event;
        let notes = Annotations {
            redacted: masked.is_some(),
            ..Annotations::default()
        };
        encoder.write_line(&mut text, masked.as_ref().unwrap_or(&event), &notes);
    }
    text
}

/// Hands the events of a recording to a pipeline.
fn replay(text: &[u8], pipeline: &mut BenchPipeline) {
    let mut decoder = Decoder::default();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match decoder.decode(line).expect("a record") {
            Decoded::Event(event, _) => pipeline.push(&event),
            Decoded::Clock => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Options, each with what it is about.
const OPTIONS: &[&[&str]] = &[
    &[],
    &["-d"],
    &["-x"],
    &["-x", "-d", "--format", "json"],
    &["-d", "--format", "json"],
    &["-d", "--format", "csv"],
    &["--ancestors"],
    &["-d", "--ancestors", "--ancestor-args", "--format", "json"],
    &["--fold"],
    &["--fold", "--format", "json"],
    &["--format", "json"],
    &["--format", "csv"],
    &[
        "--columns",
        "+exe,cwd,tty,cgroup,unit,container,user,group",
        "--format",
        "csv",
    ],
    &[
        "--events",
        "exec,failed,fork,exit,process",
        "--format",
        "json",
    ],
    &[
        "--filter",
        "uid == 4000000000 && ret == 0",
        "--format",
        "json",
    ],
    &[
        "-d",
        "--filter",
        "code == 3 || signal == 11",
        "--format",
        "json",
    ],
    &[
        "--ancestors",
        "--filter",
        "ancestors.exists(a, a.comm == 'bash')",
        "--format",
        "json",
    ],
    &["--container", "0123456789ab", "--format", "json"],
    &["-d", "--unit", "cron.service"],
    &["-p", "100", "--format", "json"],
    &["-d", "-p", "100"],
    &["-P", "100"],
    &["-u", "4000000000", "-n", "ls", "--format", "json"],
    &["--env", "HOME", "--env", "API_TOKEN", "--format", "json"],
    &["-d", "--max-args", "2", "--format", "json"],
];

/// A pipeline, and the file that it writes to.
struct Shown {
    pipeline: BenchPipeline,
    folder: tempfile::TempDir,
}

impl Shown {
    fn new(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        let path = path.to_str().expect("UTF-8");
        let options = [options, &["-o", path]].concat();
        let pipeline = BenchPipeline::from_args(&options).expect("these are options");
        Self { pipeline, folder }
    }

    fn bytes_so_far(&mut self) -> Vec<u8> {
        self.pipeline.flush().expect("written");
        std::fs::read(self.folder.path().join("out")).expect("the output")
    }

    fn finish(mut self) -> Vec<u8> {
        self.pipeline.finish();
        self.bytes_so_far()
    }
}

/// Every option shows of a recording what it shows of the events.
#[test]
fn the_same_bytes() {
    let (workload, captured) = (workload(), captured());
    let mut shown = 0;
    for (name, events) in [("workload", &workload), ("captured", &captured)] {
        let text = record(events.iter().map(OwnedEvent::lend));
        for options in OPTIONS {
            let mut live = Shown::new(options);
            events
                .iter()
                .for_each(|event| live.pipeline.push(&event.lend()));
            let mut replayed = Shown::new(options);
            replay(&text, &mut replayed.pipeline);
            let live = live.finish();
            shown += usize::from(live.iter().filter(|byte| **byte == b'\n').count() > 3);
            assert_same(&live, &replayed.finish(), &format!("{name}: {options:?}"));
        }
    }
    assert!(
        shown > OPTIONS.len(),
        "{shown} outputs have more than three lines"
    );
}

fn assert_same(live: &[u8], replayed: &[u8], what: &str) {
    let lines = |bytes: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(bytes);
        text.lines().map(str::to_owned).collect()
    };
    let (live_lines, replayed_lines) = (lines(live), lines(replayed));
    for (one, other) in live_lines.iter().zip(&replayed_lines) {
        assert_eq!(one, other, "{what}");
    }
    assert!(
        live == replayed,
        "{what}: {} lines, then {}",
        live_lines.len(),
        replayed_lines.len()
    );
}

/// The table and the names at a moment, as a recording repeats them.
fn checkpoint(events: &[OwnedEvent]) -> Vec<OwnedEvent> {
    let mut table = Lineage::new(Limits::default(), true);
    let mut told = Vec::new();
    for event in events {
        let event = event.lend();
        table.tick(event.boot_ns, &mut |_, _| {});
        table.observe(&event, &mut |_, _| {});
        if matches!(event.data, EventData::Cgroup(_)) {
            told.push(OwnedEvent::new(&event));
        }
    }
    let last = events.last().expect("events").lend();
    told.extend(table.existing().map(|existing| {
        OwnedEvent::new(&Event {
            data: EventData::Existing(existing),
            ..last
        })
    }));
    told
}

/// From a checkpoint on, a recording shows the same as the events from the beginning on.
#[test]
fn the_same_bytes_from_the_middle() {
    let events = workload();
    for cut in (10..events.len()).step_by(7) {
        let (before, after) = events.split_at(cut);
        let all = checkpoint(before);
        let text = record(all.iter().chain(after).map(OwnedEvent::lend));
        for options in [
            &["-d", "--format", "json"][..],
            &["-d", "--ancestors", "--ancestor-args", "--format", "json"],
            &["--events", "exec,failed,exit,process", "--format", "json"],
            &["-d", "-p", "100", "--format", "json"],
            &["-d"],
        ] {
            let mut live = Shown::new(options);
            before
                .iter()
                .for_each(|event| live.pipeline.push(&event.lend()));
            let known = live.bytes_so_far().len();
            after
                .iter()
                .for_each(|event| live.pipeline.push(&event.lend()));
            let mut replayed = Shown::new(options);
            let begin = replayed.bytes_so_far().len(); // a table has a header
            replay(&text, &mut replayed.pipeline);
            let (live, replayed) = (live.finish(), replayed.finish());
            let what = format!("{options:?} from {cut} of {}", events.len());
            assert_same(&live[known..], &replayed[begin..], &what);
        }
    }
}

/// The lines before and after the events of a file.
fn header_and_end(events: &[OwnedEvent], records: u64) -> (Vec<u8>, Vec<u8>) {
    let (first, last) = (events[0].lend(), events[events.len() - 1].lend());
    let header = Header {
        format: FORMAT,
        time: first.time,
        boot_ns: first.boot_ns,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        host: "machine".to_owned(),
        machine_id: None,
        boot_id: None,
        kernel: None,
        arch: None,
        cpus: None,
        backend: "core".to_owned(),
        session: "00000000000000aa".to_owned(),
        file: 0,
        initial_pid_ns: Some(true),
        redaction: Redaction {
            on: true,
            patterns: 0,
        },
        command_line: vec!["execsnoop".to_owned(), "record".to_owned()],
        events: ["exec", "failed", "fork", "exit"]
            .map(str::to_owned)
            .to_vec(),
        collected: vec!["cwd".to_owned()],
        env: vec!["LANG".to_owned()],
    };
    let end = End {
        time: last.time,
        boot_ns: last.boot_ns,
        reason: EndReason::Stopped,
        records,
        frames_dropped: 0,
        records_dropped: 0,
        tally: Tally::default(),
    };
    let (mut first_line, mut last_line) = (Vec::new(), Vec::new());
    header.write_line(&mut first_line);
    end.write_line(&mut last_line);
    (first_line, last_line)
}

/// Writes a recording of the current version to fixtures/recordings, and what a replay of it shows:
///
/// ```text
/// cargo test -p execsnoop --test recorded write_fixture -- --ignored
/// ```
#[test]
#[ignore = "writes a fixture, once for each version of the format"]
fn write_fixture() {
    let events = workload();
    let lines = record(events.iter().map(OwnedEvent::lend));
    let records = lines.iter().filter(|byte| **byte == b'\n').count() as u64;
    let (header, end) = header_and_end(&events, records + 1);
    let mut writer = FrameWriter::new(StreamId(0xaa));
    let mut bytes = Vec::new();
    for (text, flags) in [
        ([&header[..], &lines[..]].concat(), FrameFlags::HEADER),
        (end, FrameFlags::NONE),
    ] {
        writer.text().extend_from_slice(&text);
        for event in &events {
            let time_ns = event.lend().time.as_nanosecond();
            writer.note(i64::try_from(time_ns).expect("in range"));
        }
        bytes.extend_from_slice(writer.finish(flags).expect("a frame"));
    }
    let file = fixture(FORMAT, "jsonl.zst");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
    std::fs::write(&file, bytes).expect("writable");
    std::fs::write(fixture(FORMAT, "replayed.jsonl"), shown_of(&file)).expect("writable");
}

fn fixture(format: u32, ending: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recordings");
    folder.join(format!("format-{format}.{ending}"))
}

/// What `execsnoop replay` shows of a file, with all kinds of events.
fn shown_of(file: &Path) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_execsnoop"))
        .arg("replay")
        .arg(file)
        .args(["-d", "-x", "--ancestors", "--cwd", "--env", "LANG"])
        .args(["--events", "exec,fork,exit", "--format", "json"])
        .output()
        .expect("execsnoop can be executed");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    output.stdout
}

/// Recordings of all versions so far show what they showed then.
#[test]
fn recordings_of_all_versions() {
    for format in 1..=FORMAT {
        let expected = std::fs::read(fixture(format, "replayed.jsonl")).expect("a fixture");
        let shown = shown_of(&fixture(format, "jsonl.zst"));
        assert_same(&expected, &shown, &format!("format {format}"));
    }
}
