//! What an event costs on its way: its JSON, a filter's answer, the search for secrets, the process
//! table, a recording.

mod frames;
mod sample;

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use execsnoop_events::Argv;
use execsnoop_events::CelFilter;
use execsnoop_events::CgroupOwner;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Limits;
use execsnoop_events::Lineage;
use execsnoop_events::Redactor;
use execsnoop_events::json;
use execsnoop_events::json::Annotations;
use execsnoop_events::recording::Decoder;
use execsnoop_events::recording::Encoder;

use sample::Life;
use sample::event;
use sample::exec;

const CC: &[u8] = b"cc1\0-quiet\0-I/usr/include\0-O2\0-o\0/tmp/ccXyZ12a.s\0main.c\0";

fn to_json(c: &mut Criterion) {
    let identity = CgroupOwner::from_path(b"/system.slice/cron.service");
    let notes = Annotations {
        identity: Some(&identity),
        user: Some("root"),
        group: Some("root"),
        ..Annotations::default()
    };
    let life = Life::new(7);
    let kilobytes = b"/usr/include/x86_64-linux-gnu/sys/types.h\0".repeat(100);
    let quoted = b"say \"h\xc3\xa9llo\"\n\0".repeat(5);
    let mut group = c.benchmark_group("json");
    for (name, event) in [
        ("exec", event(EventData::Exec(exec(7, CC)))),
        (
            "exec, 100 arguments",
            event(EventData::Exec(exec(7, &kilobytes))),
        ),
        ("exec, escapes", event(EventData::Exec(exec(7, &quoted)))),
        ("exit", event(EventData::Exit(life.exit()))),
        ("process", event(EventData::Summary(life.process(CC)))),
    ] {
        let mut out = Vec::new();
        json::write_line(&mut out, &event, &notes);
        group.throughput(Throughput::Bytes(out.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                out.clear();
                json::write_line(&mut out, black_box(&event), &notes);
            });
        });
    }
}

fn redact(c: &mut Criterion) {
    let mut group = c.benchmark_group("redact");
    for (name, block) in [
        ("nothing to mask", CC),
        ("a password", b"mysql\0-u\0root\0--password=x7Tq9\0"),
    ] {
        let mut redactor = Redactor::new(&[]);
        group.throughput(Throughput::Bytes(block.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| redactor.redact(&Argv::whole(black_box(block))).is_some());
        });
    }
}

fn filter(c: &mut Criterion) {
    let event = event(EventData::Exec(exec(7, CC)));
    let mut group = c.benchmark_group("filter");
    for text in [
        "uid == 1000",
        r#"comm == "cc1" && uid >= 1000"#,
        r#"args.exists(a, a.startsWith("-O"))"#,
    ] {
        let mut filter = CelFilter::compile(text).expect("it is a filter");
        group.throughput(Throughput::Bytes(CC.len() as u64));
        group.bench_function(text, |b| {
            b.iter(|| filter.matches(black_box(&event), &Annotations::default()));
        });
    }
}

/// A process is forked, runs something, ends and is freed: four events, one of each kind.
fn lineage(c: &mut Criterion) {
    let mut table = Lineage::new(Limits::default(), true);
    let mut pid = 1;
    let mut group = c.benchmark_group("lineage");
    group.throughput(Throughput::Bytes(CC.len() as u64));
    group.bench_function("a life", |b| {
        b.iter(|| {
            pid = pid % 30_000 + 1;
            let life = Life::new(pid);
            for event in life.events(CC) {
                table.observe(&event, &mut |event: &Event<'_>, _| {
                    black_box(event);
                });
            }
        });
    });
}

/// The four lines of a life, to a recording and from it.
fn recording(c: &mut Criterion) {
    let notes = Annotations::default();
    let names = ["fork", "exec", "exit", "usage"];
    let events = Life::new(7).events(CC);
    let mut group = c.benchmark_group("recording");
    for (name, event) in names.iter().zip(&events) {
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        let mut line = Vec::new();
        encoder.write_clock(&mut line, event);
        decoder.decode(&line).expect("a clock");
        line.clear();
        encoder.write_line(&mut line, event, &notes);
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(format!("decode, {name}"), |b| {
            b.iter(|| decoder.decode(black_box(&line)).is_ok());
        });
        group.bench_function(format!("encode, {name}"), |b| {
            b.iter(|| {
                line.clear();
                encoder.write_line(&mut line, black_box(event), &notes);
            });
        });
    }
}

fn main() {
    let mut c = Criterion::default().configure_from_args();
    to_json(&mut c);
    redact(&mut c);
    filter(&mut c);
    lineage(&mut c);
    frames::benches(&mut c);
    recording(&mut c);
    c.final_summary();
}
