//! Recordings that were cut, or of which bytes have changed.

use super::*;

/// The lines of whole frames, as the reader of good bytes gives them.
fn whole(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    frames.iter().map(|frame| read(frame).text()).collect()
}

#[test]
fn a_cut_at_every_byte_costs_only_the_last_frame() {
    let frames = frames(4, 6);
    let bytes = frames.concat();
    let texts = whole(&frames);
    let mut ends = vec![0];
    ends.extend(frames.iter().scan(0, |end, frame| {
        *end += frame.len();
        Some(*end)
    }));
    for len in 0..bytes.len() {
        let outcome = read(&bytes[..len]);
        let good = ends.iter().filter(|end| **end <= len).count() - 1;
        assert!(outcome.text() == texts[..good].concat(), "cut at {len}");
        let lost = len - ends[good];
        let cut = (ends[good] as u64, lost as u64, DamageKind::Cut);
        assert_eq!(outcome.kinds(), Vec::from_iter((lost > 0).then_some(cut)));
    }
}

#[test]
fn a_cut_beginning_costs_only_the_first_frame() {
    let frames = frames(3, 6);
    let texts = whole(&frames);
    for skipped in 89..frames[0].len() {
        let outcome = read(&frames.concat()[skipped..]);
        assert!(outcome.text() == texts[1..].concat());
        let lost = (frames[0].len() - skipped) as u64;
        assert_eq!(outcome.kinds().last().map(|it| it.0 + it.1), Some(lost));
    }
}

#[test]
fn a_frame_whose_entry_is_damaged_comes_back_without_it() {
    let frames = frames(3, 20);
    let begin = frames[0].len();
    for bit in 0..88 * 8 {
        let mut bytes = frames.concat();
        bytes[begin + bit / 8] ^= 1 << (bit % 8);
        let outcome = read(&bytes);
        assert!(outcome.text() == whole(&frames).concat(), "bit {bit}");
        assert_eq!(outcome.frames[1].index, None);
        assert_eq!(outcome.damage.len(), 1);
        assert_eq!(
            (outcome.damage[0].offset, outcome.damage[0].length),
            (begin as u64, 88)
        );
    }
}

#[test]
fn a_frame_with_a_wrong_bit_is_left_out() {
    let frames = frames(3, 20);
    let begin = frames[0].len();
    let with = whole(&frames).concat();
    let without = whole(&[frames[0].clone(), frames[2].clone()]).concat();
    for bit in 88 * 8..frames[1].len() * 8 {
        let mut bytes = frames.concat();
        bytes[begin + bit / 8] ^= 1 << (bit % 8);
        let outcome = read(&bytes);
        let lost = (begin as u64, frames[1].len() as u64, DamageKind::Frame);
        match outcome.text() == without {
            true => assert_eq!(outcome.kinds(), [lost]),
            // Some bits mean nothing to zstd.
            false => assert!(outcome.text() == with, "bit {bit}"),
        }
    }
}

/// A generator of numbers that are always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

/// 10,000 wrong bits in a recording, a few more each time. Each frame without one comes back, and
/// no line comes that was not written.
#[test]
fn wrong_bits_cost_only_the_frames_that_have_them() {
    let frames = frames(400, 30);
    let texts = whole(&frames);
    let mut numbers = Numbers(1);
    for count in [1, 10, 100, 200, 300, 400, 1000, 2000, 6000] {
        let (bytes, is_damaged) = flip(&frames, count, &mut numbers);
        let outcome = read(&bytes);
        let mut expected = texts.iter().zip(&is_damaged).peekable();
        for frame in &outcome.frames {
            let skipped = |it: &(&Vec<u8>, &bool)| *it.1 && *it.0 != frame.text;
            while expected.next_if(skipped).is_some() {}
            assert_eq!(expected.next().map(|it| it.0), Some(&frame.text));
        }
        assert!(expected.all(|(_, is_damaged)| *is_damaged));
    }
}

/// Changes bits, and says which frames have one.
fn flip(frames: &[Vec<u8>], count: usize, numbers: &mut Numbers) -> (Vec<u8>, Vec<bool>) {
    let mut frames = frames.to_vec();
    let mut is_damaged = vec![false; frames.len()];
    for _ in 0..count {
        let frame = numbers.below(frames.len());
        let byte = numbers.below(frames[frame].len());
        frames[frame][byte] ^= 1 << numbers.below(8);
        is_damaged[frame] = true;
    }
    (frames.concat(), is_damaged)
}

#[test]
fn garbage_between_frames_is_skipped() {
    let frames = frames(3, 10);
    let garbage = b"\x28\xb5\x2f\xfd(^^\x28\xb5\x5e\x2a\x4d\x18not a frame\n".repeat(30);
    let bytes = [&frames[0], &garbage, &frames[1], &frames[2], &garbage[4..]].concat();
    let outcome = read(&bytes);
    assert!(outcome.text() == whole(&frames).concat());
    let lost: u64 = outcome.damage.iter().map(|it| it.length).sum();
    assert_eq!(lost as usize, 2 * garbage.len() - 4);
}

#[test]
fn missing_bytes_in_a_frame_cost_only_that_frame() {
    let frames = frames(3, 40);
    let texts = whole(&frames);
    for missing in 1..frames[1].len() - 88 {
        let cut = &frames[1][..frames[1].len() - missing];
        let outcome = read(&[&frames[0], cut, &frames[2]].concat());
        assert_eq!(
            outcome.text(),
            [texts[0].clone(), texts[2].clone()].concat()
        );
    }
}

#[test]
fn a_file_of_something_else_is_one_damage() {
    let outcome = read(&b"\x1f\x8b\x08 this is gzip ".repeat(100_000));
    assert_eq!(outcome.frames, []);
    assert_eq!(outcome.damage.len(), 1);
    assert_eq!(outcome.damage[0].what, DamageKind::Unknown);
}
