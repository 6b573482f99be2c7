//! Inputs that were made to hurt.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::recording::MAX_TEXT;

fn entry(compressed_len: u32, text_len: u32) -> Vec<u8> {
    let entry = IndexEntry {
        flags: FrameFlags::NONE,
        records: u32::MAX,
        sequence: u64::MAX,
        first_ns: i64::MIN,
        last_ns: i64::MAX,
        compressed_len,
        text_len,
        stream: STREAM,
        latest_ns: i64::MAX,
        position: u64::MAX,
        back: 0,
    };
    entry.encode().to_vec()
}

#[test]
fn lengths_that_are_not_true_are_damage() {
    let good = frames(1, 10).concat();
    let frame = &good[88..];
    let len = frame.len() as u32;
    let text_len = read(&good).frames[0].index.unwrap().text_len;
    for (compressed, text) in [
        (u32::MAX, u32::MAX),
        (MAX_TEXT as u32, MAX_TEXT as u32),
        (len, MAX_TEXT as u32),
        (len, text_len - 1),
        (len, 0),
        (len - 1, text_len),
        (len + 1, text_len),
        (0, text_len),
        (0, 0),
    ] {
        let outcome = read(&[&entry(compressed, text), frame, &good].concat());
        assert!(!outcome.damage.is_empty(), "{compressed} {text}");
        assert_eq!(outcome.frames.last().unwrap().text, read(&good).text());
    }
}

/// 64 MiB and a byte of zeros, from 2 KB: longer than any reader takes.
#[test]
fn a_bomb_is_damage() {
    let bomb = zstd(&vec![0; MAX_TEXT + 1]);
    let announced = entry(bomb.len() as u32, MAX_TEXT as u32);
    for bytes in [bomb.clone(), [announced, bomb].concat()] {
        let outcome = read(&[bytes, frames(1, 3).concat()].concat());
        assert!(outcome.text() == read(&frames(1, 3).concat()).text());
        assert!(!outcome.damage.is_empty());
    }
}

#[test]
fn a_skippable_frame_with_a_huge_length_hides_nothing() {
    let frames = frames(2, 10);
    let huge = [0x184D_2A53_u32.to_le_bytes(), u32::MAX.to_le_bytes()].concat();
    let outcome = read(&[&frames[0], &huge, &frames[1]].map(Vec::as_slice).concat());
    assert_eq!(outcome.frames.len(), 2);
    let lost = (frames[0].len() as u64, 8, DamageKind::Unknown);
    assert_eq!(outcome.kinds(), [lost]);
}

/// Each begins like a zstd frame, which decompresses much before it turns out to be bad.
#[test]
fn many_false_beginnings_are_given_up() {
    let mut bomb = zstd(&vec![b'\n'; 1 << 20]);
    let sum = bomb.len() - 1;
    bomb[sum] ^= 1;
    let outcome = read(&[bomb.repeat(5000), frames(1, 3).concat()].concat());
    assert!(outcome.text() == read(&frames(1, 3).concat()).text());
}

#[test]
fn a_line_without_end_is_skipped() {
    let mut text = b"{\"type\":\"x\",\"a\":\"".to_vec();
    text.resize(MAX_TEXT + (1 << 20), b'a');
    text.extend_from_slice(b"\n{\"type\":\"y\"}\n");
    let outcome = read(&text);
    assert!(outcome.text() == b"{\"type\":\"y\"}\n");
    assert_eq!(
        outcome.kinds(),
        [(0, text.len() as u64 - 13, DamageKind::TooLong)]
    );
}

/// Parts of a recording in any order, with noise among them.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let frame = frames(1, 4).concat();
    let len = frame.len();
    let piece = prop_oneof![
        vec(any::<u8>(), 0..40),
        (0..len, 0..len).prop_map(move |(a, b)| frame[a.min(b)..a.max(b)].to_vec()),
        (any::<u32>(), any::<u32>()).prop_map(|(a, b)| entry(a, b)),
        (0_u32..300, 0_u32..300).prop_map(|(a, b)| entry(a, b)),
        Just(frames(1, 4).concat()),
        Just(zstd(&line(5))),
        Just(b"{\"type\":\"".to_vec()),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_lines_or_damage(bytes in pieces()) {
        let mut reader = FrameReader::new(bytes.as_slice());
        let mut end = 0;
        while let Ok(Some(part)) = reader.next() {
            let (offset, length) = match part {
                Part::Frame(frame) => (frame.offset, 0),
                Part::Damage(damage) => (damage.offset, damage.length),
            };
            prop_assert!(offset >= end, "parts overlap");
            end = offset + length;
            prop_assert!(end <= bytes.len() as u64);
        }
    }
}
