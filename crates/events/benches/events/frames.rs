//! What the frames of a recording cost: writing, reading, and finding a time.

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use execsnoop_events::EventData;
use execsnoop_events::json;
use execsnoop_events::json::Annotations;
use execsnoop_events::recording::FrameFlags;
use execsnoop_events::recording::FrameReader;
use execsnoop_events::recording::FrameWriter;
use execsnoop_events::recording::Part;
use execsnoop_events::recording::StreamId;
use execsnoop_events::recording::TimeRange;
use execsnoop_events::recording::span_of;

use crate::sample::Life;
use crate::sample::event;
use crate::sample::exec;

const LS: &[u8] = b"ls\0-l\0/tmp/build\0";

/// As many frames as 500 MB of a recording have.
const MANY: u64 = 60_000;

pub(crate) fn benches(c: &mut Criterion) {
    let text = lives(2_000);
    let mut group = c.benchmark_group("frames");
    group.throughput(Throughput::Bytes(text.len() as u64));
    let mut writer = FrameWriter::new(StreamId(1));
    group.bench_function("write", |b| b.iter(|| write(&mut writer, black_box(&text))));
    let bytes = recording(&text);
    group.bench_function("read", |b| b.iter(|| read(black_box(&bytes))));
    group.finish();
    find(c);
}

/// The lines of this many lives.
fn lives(count: u32) -> Vec<u8> {
    let notes = Annotations::default();
    let mut text = Vec::new();
    for pid in 0..count {
        json::write_line(&mut text, &event(EventData::Exec(exec(pid, LS))), &notes);
        let exit = event(EventData::Exit(Life::new(pid).exit()));
        json::write_line(&mut text, &exit, &notes);
    }
    text
}

/// Returns the number of bytes that go to the disk.
fn write(writer: &mut FrameWriter, text: &[u8]) -> usize {
    let mut len = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        writer.text().extend_from_slice(line);
        writer.note(1_795_427_347_123_456_789);
        if writer.is_full() {
            len += finish(writer).len();
        }
    }
    len + finish(writer).len()
}

fn finish(writer: &mut FrameWriter) -> &[u8] {
    writer
        .finish(FrameFlags::CHECKPOINT)
        .expect("the text is short")
}

fn recording(text: &[u8]) -> Vec<u8> {
    let mut writer = FrameWriter::new(StreamId(1));
    let mut bytes = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        writer.text().extend_from_slice(line);
        if writer.is_full() {
            bytes.extend_from_slice(finish(&mut writer));
        }
    }
    bytes.extend_from_slice(finish(&mut writer));
    bytes
}

fn read(bytes: &[u8]) -> usize {
    let mut reader = FrameReader::new(bytes);
    let mut len = 0;
    while let Some(part) = reader.next().expect("memory can be read") {
        if let Part::Frame(frame) = part {
            len += frame.text.len();
        }
    }
    len
}

fn find(c: &mut Criterion) {
    let bytes = frames_by_time();
    let late = TimeRange {
        since_ns: MANY as i64 - 5,
        until_ns: i64::MAX,
    };
    c.bench_function("find a time among 60,000 frames", |b| {
        b.iter(|| {
            span_of(black_box(&bytes.as_slice()), bytes.len() as u64, late)
                .expect("it is of this version")
        });
    });
}

fn frames_by_time() -> Vec<u8> {
    let text = lives(50);
    let mut writer = FrameWriter::new(StreamId(1));
    let mut bytes = Vec::new();
    for number in 0..MANY {
        writer.text().extend_from_slice(&text);
        writer.note(number as i64);
        bytes.extend_from_slice(finish(&mut writer));
    }
    bytes
}
