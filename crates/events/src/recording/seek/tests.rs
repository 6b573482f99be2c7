//! Spans of good and of damaged files.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::recording::FrameFlags;
use crate::recording::FrameReader;
use crate::recording::FrameWriter;
use crate::recording::Part;
use crate::recording::StreamId;

/// A frame: what it begins with, and the times of its records.
type Plan = (FrameFlags, Vec<i64>);

fn frames(plans: &[Plan]) -> Vec<Vec<u8>> {
    let mut writer = FrameWriter::new(StreamId(1));
    let frame = |(flags, times): &Plan| {
        for time in times {
            writer
                .text()
                .extend_from_slice(format!("{{\"type\":\"x\",\"time\":{time}}}\n").as_bytes());
            writer.note(*time);
        }
        writer.finish(*flags).unwrap().to_vec()
    };
    plans.iter().map(frame).collect()
}

fn span(bytes: &[u8], since_ns: i64, until_ns: i64) -> Span {
    let times = TimeRange { since_ns, until_ns };
    span_of(&bytes, bytes.len() as u64, times).unwrap()
}

/// A header, then frames of which each third is a checkpoint.
fn steady() -> Vec<Vec<u8>> {
    let plan = |number: i64| {
        let flags = match number {
            0 => FrameFlags::HEADER,
            _ if number % 3 == 0 => FrameFlags::CHECKPOINT,
            _ => FrameFlags::NONE,
        };
        (flags, (number * 10..number * 10 + 10).collect())
    };
    frames(&(0..10).map(plan).collect::<Vec<_>>())
}

/// Where each frame begins, and the end.
fn offsets(frames: &[Vec<u8>]) -> Vec<u64> {
    let mut offsets = vec![0];
    for frame in frames {
        offsets.push(offsets.last().unwrap() + frame.len() as u64);
    }
    offsets
}

#[test]
fn reading_begins_at_the_checkpoint_before() {
    let frames = steady();
    let at = offsets(&frames);
    let bytes = frames.concat();
    let expect = |since, until, header: Option<u64>, start: usize, end: usize| {
        let expected = Span {
            header,
            start: at[start],
            end: at[end],
        };
        assert_eq!(span(&bytes, since, until), expected, "{since} to {until}");
    };
    expect(i64::MIN, i64::MAX, None, 0, 10);
    expect(29, i64::MAX, None, 0, 10);
    expect(30, i64::MAX, Some(0), 3, 10);
    expect(85, i64::MAX, Some(0), 6, 10);
    expect(90, i64::MAX, Some(0), 9, 10);
    expect(0, 49, None, 0, 5);
    expect(45, 50, Some(0), 3, 6);
    assert!(span(&bytes, 100, i64::MAX).is_empty());
    assert!(span(&bytes, i64::MIN, -1).is_empty());
}

/// Counts how often a file is read.
struct Counted<'a>(&'a [u8], Cell<u32>);

impl ReadAt for Counted<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        self.1.set(self.1.get() + 1);
        self.0.read_at(buffer, offset)
    }
}

#[test]
fn few_frames_are_looked_at() {
    let plan = |number: i64| match number {
        0 => (FrameFlags::HEADER, vec![0]),
        _ if number % 50 == 0 => (FrameFlags::CHECKPOINT, vec![number]),
        _ => (FrameFlags::NONE, vec![number]),
    };
    let frames = frames(&(0..5000).map(plan).collect::<Vec<_>>());
    let (at, bytes) = (offsets(&frames), frames.concat());
    let file = Counted(&bytes, Cell::new(0));
    let times = TimeRange {
        since_ns: 4960,
        until_ns: i64::MAX,
    };
    let span = span_of(&file, bytes.len() as u64, times).unwrap();
    assert_eq!((span.header, span.start), (Some(0), at[4950]));
    assert!(file.1.get() < 60, "{} reads", file.1.get());
}

#[test]
fn a_clock_that_was_set_back_hides_nothing() {
    let (none, check) = (FrameFlags::NONE, FrameFlags::CHECKPOINT);
    let frames = frames(&[
        (FrameFlags::HEADER, vec![100]),
        (check, vec![200]),
        (none, vec![900]),
        (check, vec![50]),
        (none, vec![120]),
        (check, vec![300]),
    ]);
    let (at, bytes) = (offsets(&frames), frames.concat());
    assert_eq!(span(&bytes, 250, i64::MAX).start, at[1]);
    assert_eq!(
        span(&bytes, 250, 260),
        Span {
            header: Some(0),
            start: at[1],
            end: at[5]
        }
    );
}

#[test]
fn an_entry_that_is_damaged_belongs_to_every_range() {
    let mut frames = steady();
    frames[4][20] ^= 1;
    let at = offsets(&frames);
    let bytes = frames.concat();
    assert_eq!(span(&bytes, 45, i64::MAX).start, at[3]);
    assert_eq!(span(&bytes, 0, 5).end, at[5]);
    assert_eq!(
        span(&bytes, 15, 18),
        Span {
            header: None,
            start: 0,
            end: at[5]
        }
    );
}

#[test]
fn the_header_behind_a_cut_frame_is_found() {
    let first = steady();
    let cut = &first[9][..first[9].len() - 20];
    let start = [first[..9].concat(), cut.to_owned()].concat();
    let second = frames(&[
        (FrameFlags::HEADER, vec![500]),
        (FrameFlags::NONE, vec![510]),
    ]);
    let bytes = [start.clone(), second.concat()].concat();
    assert_eq!(span(&bytes, 0, 600).end, bytes.len() as u64);
    let found = walk(&bytes);
    let header = found.iter().find(|it| it.offset == start.len() as u64);
    assert!(header.unwrap().entry.unwrap().flags.has(FrameFlags::HEADER));
}

fn walk(bytes: &[u8]) -> Vec<Stretch> {
    let mut walk = Walk::new(&bytes, bytes.len() as u64);
    std::iter::from_fn(|| walk.next().unwrap()).collect()
}

#[test]
fn the_entry_of_a_cut_frame_counts() {
    let frames = steady();
    let bytes = frames.concat();
    let bytes = &bytes[..bytes.len() - 1];
    assert_eq!(span(bytes, 95, 200).end, bytes.len() as u64);
    assert_eq!(span(bytes, 0, 5).end, offsets(&frames)[1]);
}

#[test]
fn a_file_without_entries_is_one_part() {
    let text = b"{\"type\":\"x\"}\n".repeat(9);
    let zstd = ::zstd::encode_all(text.as_slice(), 1).unwrap();
    for bytes in [text, zstd, b"something else".to_vec()] {
        let whole = Span {
            header: None,
            start: 0,
            end: bytes.len() as u64,
        };
        assert_eq!(span(&bytes, 5, 6), whole);
    }
    assert!(span(b"", 5, 6).is_empty());
}

#[test]
fn a_newer_version_is_refused() {
    let mut bytes = steady().concat();
    bytes[16] = 9;
    let sum = crc32fast::hash(&bytes[..84]).to_le_bytes();
    bytes[84..88].copy_from_slice(&sum);
    let result = span_of(&bytes.as_slice(), bytes.len() as u64, TimeRange::ALL);
    assert!(matches!(
        result,
        Err(ReadError::Newer {
            version: 9,
            offset: 0
        })
    ));
}

/// The times of the lines of a part.
fn times(bytes: &[u8], span: &Span) -> Vec<i64> {
    let part = &bytes[span.start as usize..span.end as usize];
    let mut reader = FrameReader::new(part);
    let mut times = Vec::new();
    while let Some(part) = reader.next().unwrap() {
        if let Part::Frame(frame) = part {
            times.extend(std::str::from_utf8(frame.text).unwrap().lines().map(time));
        }
    }
    times
}

fn time(line: &str) -> i64 {
    let (_, time) = line.rsplit_once(':').unwrap();
    time.trim_end_matches('}').parse().unwrap()
}

fn plan() -> impl Strategy<Value = Plan> {
    let flags = prop_oneof![
        Just(FrameFlags::NONE),
        Just(FrameFlags::NONE),
        Just(FrameFlags::CHECKPOINT),
        Just(FrameFlags::HEADER),
    ];
    (flags, vec(0_i64..50, 0..4))
}

proptest! {
    /// Whatever the clock did and whichever byte is damaged, the part has every time of the range
    /// that the whole file has.
    #[test]
    fn nothing_in_the_range_is_missed(
        plans in vec(plan(), 0..12),
        (since, until) in (0_i64..50, 0_i64..50),
        lost in 0_usize..40,
        damage in proptest::option::of((0_usize..5000, 1_u8..)),
    ) {
        let mut frames = frames(&plans);
        if lost < frames.len() {
            frames.remove(lost);
        }
        let mut bytes = frames.concat();
        if let Some((at, bits)) = damage && let Some(byte) = bytes.get_mut(at) {
            *byte ^= bits;
        }
        let in_range = |time: &i64| (since..=until).contains(time);
        let whole = Span { header: None, start: 0, end: bytes.len() as u64 };
        let mut expected = times(&bytes, &whole);
        let mut found = times(&bytes, &span(&bytes, since, until));
        expected.retain(in_range);
        found.retain(in_range);
        prop_assert_eq!(found, expected);
    }
}
