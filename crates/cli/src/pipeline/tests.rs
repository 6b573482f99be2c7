//! Pipelines over lists of events.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use clap::Parser as _;
use execsnoop_clikit::Discarded;
use execsnoop_events::Argv;
use execsnoop_events::CountedKind;
use execsnoop_events::Cpu;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::EventList;
use execsnoop_events::Exec;
use execsnoop_events::Exit;
use execsnoop_events::ExitStatus;
use execsnoop_events::FinalUsage;
use execsnoop_events::Fork;
use execsnoop_events::Image;
use execsnoop_events::Loss;
use execsnoop_events::Lost;
use execsnoop_events::OwnedEvent;
use execsnoop_events::Poll;
use execsnoop_events::ProcessId;
use execsnoop_events::Sink;
use execsnoop_events::Source;
use execsnoop_events::SourceError;
use execsnoop_events::Tally;
use execsnoop_events::json;
use execsnoop_events::json::Annotations;
use jiff::Timestamp;
use serde_json::Value;

use super::*;
use crate::args::TraceArgs;
use crate::cmd::settings::Settings;

/// Keeps what it receives, as JSON.
#[derive(Debug, Clone, Default)]
struct Collector {
    records: Rc<RefCell<Vec<Value>>>,
    ticks: Rc<RefCell<Vec<u64>>>,
    shown: u64,
}

impl Collector {
    fn records(&self) -> Vec<Value> {
        self.records.borrow().clone()
    }
}

impl Consumer for Collector {
    fn begin(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn event(&mut self, event: &Event<'_>, notes: &Annotations<'_>, weight: u64) {
        let mut line = Vec::new();
        json::write_line(&mut line, event, notes);
        let record = serde_json::from_slice(&line).expect("JSON");
        self.records.borrow_mut().push(record);
        self.shown += weight;
    }

    fn tick(&mut self, now_ns: u64) {
        self.ticks.borrow_mut().push(now_ns);
    }

    fn take_shown(&mut self) -> u64 {
        std::mem::take(&mut self.shown)
    }

    fn discard(&mut self) -> Discarded {
        Discarded::default()
    }

    fn flush(&mut self, _: Duration) -> io::Result<bool> {
        Ok(true)
    }

    fn pending_bytes(&self) -> usize {
        0
    }

    fn name(&self) -> String {
        "the test".to_owned()
    }
}

fn id(pid: u32) -> ProcessId {
    ProcessId {
        pid,
        start_ns: u64::from(pid),
    }
}

fn at(boot_ns: u64, data: EventData<'_>) -> Event<'_> {
    Event {
        time: Timestamp::from_nanosecond(i128::from(boot_ns)).expect("in range"),
        boot_ns,
        data,
    }
}

fn fork(pid: u32, creator: u32) -> EventData<'static> {
    EventData::Fork(Fork {
        process: id(pid),
        creator: id(creator),
        creator_tid: creator,
        exec_number: None,
        vfork: Some(false),
        by_tracer: false,
        ns_pid: Some(pid),
    })
}

fn exec(pid: u32, ret: i32, args: &'static [u8]) -> EventData<'static> {
    let image = Image {
        args: Argv::whole(args),
        ..Image::UNKNOWN
    };
    EventData::Exec(Exec {
        ret,
        comm: b"cmd",
        uid: Some(1000),
        ..Exec::of_image(id(pid), &image)
    })
}

/// The pipeline of these options over these events: what it showed, and its account.
fn run(options: &[&str], list: &mut dyn Source) -> (Vec<Value>, Account) {
    let words = [&["execsnoop"], options].concat();
    let args = TraceArgs::try_parse_from(words).expect("options that exist");
    let mut settings = Settings::new(&args, false).expect("valid options");
    settings.enrichment.redaction = Some(Vec::new());
    let collector = Collector::default();
    let consumer = Box::new(collector.clone());
    let mut pipeline = Pipeline::new(settings.selection, settings.enrichment, consumer);
    while !pipeline.is_done() {
        let (answer, _) = pipeline.drive(list, Duration::ZERO).expect("a list");
        pipeline.flush(Duration::ZERO).expect("written");
        if answer == Poll::Ended {
            break;
        }
    }
    let tally = list
        .finish(&mut |event| pipeline.push(event))
        .expect("a list");
    pipeline.finish();
    pipeline.flush(Duration::ZERO).expect("written");
    (collector.records(), pipeline.account(&tally))
}

fn args_of(records: &[Value]) -> Vec<&Value> {
    records.iter().map(|record| &record["args"][0]).collect()
}

/// The source's end ends the pipeline, with every event accounted for.
#[test]
fn a_source_ends() {
    let mut list = EventList::new([
        at(1, exec(7, 0, b"one\0")),
        at(2, exec(8, -2, b"two\0")),
        at(3, exec(9, 0, b"three\0")),
    ]);
    let (records, account) = run(&[], &mut list);
    assert_eq!(args_of(&records), ["one", "three"]);
    assert_eq!((account.seen, account.shown), (2, 2));
    assert!(account.is_balanced());
}

/// A consumer hears of the time whenever the source was looked at, whether events came or not.
#[test]
fn a_consumer_hears_of_the_time() {
    let args = TraceArgs::try_parse_from(["execsnoop"]).expect("no options");
    let settings = Settings::new(&args, false).expect("valid options");
    let collector = Collector::default();
    let consumer = Box::new(collector.clone());
    let mut pipeline = Pipeline::new(settings.selection, settings.enrichment, consumer);
    let mut list = EventList::new([at(5, exec(7, 0, b"one\0")), at(9, exec(8, 0, b"two\0"))]);
    for _ in 0..3 {
        pipeline.drive(&mut list, Duration::ZERO).expect("a list");
    }
    assert_eq!(*collector.ticks.borrow(), [5, 9, 9]);
}

/// What is not selected is counted as filtered.
#[test]
fn selection() {
    let mut list = EventList::new([at(1, exec(7, 0, b"one\0x\0")), at(2, exec(8, 0, b"two\0"))]);
    let (records, account) = run(&["-l", "^one x$"], &mut list);
    assert_eq!(args_of(&records), ["one"]);
    assert_eq!((account.shown, account.filtered), (1, 1));
}

/// After the limit, events are discarded.
#[test]
fn a_limit() {
    let events = [1, 2, 3].map(|n| at(u64::from(n), exec(n, 0, b"x\0")));
    let (records, account) = run(&["--count", "2"], &mut EventList::new(events));
    assert_eq!(records.len(), 2);
    assert_eq!((account.shown, account.discarded), (2, 1));
    assert!(account.is_balanced());
}

fn child_of_a_secret() -> EventList {
    EventList::new([
        at(1, fork(7, 1)),
        at(2, exec(7, 0, b"mysql\0--password=hunter2\0")),
        at(3, fork(8, 7)),
        at(4, exec(8, 0, b"child\0")),
    ])
}

/// Filters see what was there: secrets are masked after selection, also those of ancestors.
#[test]
fn filters_see_unmasked_ancestors() {
    let condition = r#"ancestors.exists(a, a.args.exists(arg, arg.contains("hunter2")))"#;
    let options = ["--ancestors", "--ancestor-args", "--filter", condition];
    let (records, account) = run(&options, &mut child_of_a_secret());
    assert_eq!(args_of(&records), ["child"]);
    assert_eq!(account.filtered, 1);
    let ancestor = &records[0]["ancestors"][0]["args"];
    assert_eq!(ancestor[1], "--password=[redacted]");
}

/// A filter on the field `redacted` sees whether something will be masked.
#[test]
fn filters_know_what_is_masked() {
    let (records, _) = run(&["--filter", "redacted"], &mut child_of_a_secret());
    assert_eq!(args_of(&records), ["mysql"]);
    assert_eq!(records[0]["args"][1], "--password=[redacted]");
    assert_eq!(records[0]["redacted"], true);
    let (records, _) = run(&["--filter", "!redacted"], &mut child_of_a_secret());
    assert_eq!(args_of(&records), ["child"]);
}

/// Limits hold for what is shown: masked before, so that no part of a secret is left. Filters see
/// all arguments, and know what a limit will leave out.
#[test]
fn limits_of_arguments() {
    const LONG: &[u8] = b"run\0--password=Xk29-fLq8z\0end\0";
    let list = || EventList::new([at(1, exec(1, 0, LONG)), at(2, exec(2, 0, b"short\0"))]);
    let json = |options: &[&str]| run(&[&["--format", "json"], options].concat(), &mut list()).0;
    let few = json(&["--max-args", "1"]);
    assert_eq!(args_of(&few), ["run", "short"]);
    assert_eq!(few[0]["args"].as_array().map(Vec::len), Some(1));
    assert_eq!(few[0]["shortened"], true);
    assert_eq!(few[0]["args_complete"], true);
    assert_eq!(few[1].get("shortened"), None);
    let bytes = json(&["--max-arg-bytes", "20"]);
    assert_eq!(bytes[0]["args"][1], "--password=[reda");
    let filter = "shortened && 'end' in args";
    let filtered = json(&["--max-args", "1", "--filter", filter]);
    assert_eq!(args_of(&filtered), ["run"]);
}

/// A PATH search is over when the source's clock says so, not the machine's.
#[test]
fn time_is_the_sources() {
    const HOUR_NS: u64 = 3_600_000_000_000;
    let mut list = EventList::new([
        at(1, exec(7, -2, b"tool\0")),
        at(2, exec(7, -2, b"tool\0")),
        at(HOUR_NS, exec(8, 0, b"later\0")),
        at(HOUR_NS + 1, exec(7, 0, b"tool\0")),
    ]);
    let (records, _) = run(&["--fold"], &mut list);
    let tries: Vec<&Value> = records.iter().map(|record| &record["tries"]).collect();
    assert_eq!(tries, [2, 1, 1], "{records:?}");
}

/// A source that hands out a number of events at a time, and whose clock is behind none of them.
struct Batches {
    events: Vec<OwnedEvent>,
    at: usize,
    size: usize,
}

impl Source for Batches {
    fn poll(&mut self, _: Duration, sink: &mut Sink<'_>) -> Result<Poll, SourceError> {
        let end = self.events.len().min(self.at + self.size);
        for event in &self.events[self.at..end] {
            sink(&event.lend());
        }
        self.at = end;
        match end == self.events.len() {
            true => Ok(Poll::Ended),
            false => Ok(Poll::Ready),
        }
    }

    fn now_ns(&self) -> u64 {
        // Just before the next one, as if the reader had looked then.
        let next = self.events.get(self.at);
        next.or(self.events.last()).map_or(0, OwnedEvent::boot_ns) - 1
    }

    fn finish(&mut self, _: &mut Sink<'_>) -> Result<Tally, SourceError> {
        Ok(Tally::default())
    }
}

/// PATH searches that end somewhere, and lives whose final usage is lost or comes in time.
fn what_waits() -> Vec<OwnedEvent> {
    const MS: u64 = 1_000_000;
    let mut events = Vec::new();
    for pid in 10..40u32 {
        let begin = 1000 * MS + u64::from(pid) * 37 * MS;
        let mut add = |ms: u64, data| events.push(OwnedEvent::new(&at(begin + ms * MS, data)));
        add(0, fork(pid, 1));
        add(1, exec(pid, -2, b"tool\0"));
        add(2, exec(pid, -2, b"tool\0"));
        match pid % 3 {
            0 => add(3, exec(pid, 0, b"tool\0")),
            1 => add(150, exec(pid, 0, b"other\0")),
            _ => {}
        }
        let exit = Exit {
            status: Some(ExitStatus::Code(1)),
            ..Exit::of(id(pid))
        };
        add(160 + u64::from(pid % 5) * 30, EventData::Exit(exit));
        let usage = FinalUsage {
            process: id(pid),
            cpu: Cpu::divided(5, true, 0, 0),
        };
        if pid.is_multiple_of(2) {
            add(400, EventData::FinalUsage(usage));
        }
    }
    events.sort_by_key(OwnedEvent::boot_ns);
    events
}

/// The order of what is shown does not depend on how often the source is looked at.
#[test]
fn batches_do_not_matter() {
    let shown = |size: usize| {
        let mut source = Batches {
            events: what_waits(),
            at: 0,
            size,
        };
        let types = "exec,failed,exit,process";
        run(&["--fold", "--events", types, "--ancestors"], &mut source).0
    };
    let one_by_one = shown(1);
    assert!(one_by_one.len() > 60);
    for size in [2, 7, 1000] {
        assert_eq!(shown(size), one_by_one, "batches of {size}");
    }
}

/// Losses are shown as they are reported, and are in the account.
#[test]
fn losses() {
    let lost = Lost {
        kind: CountedKind::Exec,
        count: 5,
        reason: Loss::RingFull,
    };
    let mut list = EventList::new([at(1, exec(7, 0, b"x\0")), at(2, EventData::Lost(lost))]);
    let tally = list.tally_mut().of_mut(CountedKind::Exec);
    tally.seen += 5;
    tally.ring_full = 5;
    let (records, account) = run(&[], &mut list);
    assert_eq!(records[1]["reason"], "ring_full");
    assert_eq!((account.seen, account.shown, account.lost()), (6, 1, 5));
    assert!(account.is_balanced());
}
