//! What other programs made of the lines.

use super::*;

fn lines(numbers: std::ops::Range<u64>) -> Vec<u8> {
    numbers.flat_map(line).collect()
}

#[test]
fn lines_that_are_not_compressed_are_read() {
    let text = lines(0..20_000);
    let outcome = read(&text);
    assert!(outcome.text() == text);
    assert_eq!(outcome.damage, []);
    assert_eq!(outcome.frames[0].offset, 0);
    assert_eq!(
        outcome.frames[1].offset as usize,
        outcome.frames[0].text.len()
    );
}

#[test]
fn a_cut_line_is_not_handed_out() {
    let text = lines(0..100);
    let rest = text.len() - 10;
    let outcome = read(&text[..rest]);
    assert!(outcome.text() == lines(0..99));
    let last = lines(0..99).len() as u64;
    assert_eq!(
        outcome.kinds(),
        [(last, rest as u64 - last, DamageKind::CutLine)]
    );
}

#[test]
fn one_zstd_frame_of_all_lines_is_read() {
    let text = lines(0..200_000);
    assert!(text.len() > 8 << 20);
    let outcome = read(&zstd(&text));
    assert!(outcome.text() == text);
    assert_eq!(outcome.damage, []);
    assert!(outcome.frames.len() > 1, "the text has to come in parts");
    assert!(outcome.frames.iter().all(|frame| frame.index.is_none()));
}

#[test]
fn a_frame_without_checksum_and_size_is_read() {
    let text = lines(0..100);
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 3).unwrap();
    std::io::Write::write_all(&mut encoder, &text).unwrap();
    let outcome = read(&encoder.finish().unwrap());
    assert_eq!((outcome.text(), outcome.damage), (text, vec![]));
}

/// pzstd writes such frames, each behind a skippable frame with its length.
#[test]
fn a_line_that_goes_on_in_the_next_frame_is_whole() {
    let text = lines(0..100);
    let parts = text.chunks(333).flat_map(|part| {
        let frame = zstd(part);
        let mut skippable = 0x184D_2A50_u32.to_le_bytes().to_vec();
        skippable.extend(4_u32.to_le_bytes());
        skippable.extend((frame.len() as u32).to_le_bytes());
        [skippable, frame].concat()
    });
    let outcome = read(&parts.collect::<Vec<_>>());
    assert_eq!((outcome.text(), outcome.damage), (text, vec![]));
}

#[test]
fn a_line_that_does_not_go_on_is_reported() {
    let text = lines(0..10);
    let cut = zstd(&text[..text.len() - 5]);
    let frame = frames(1, 3).concat();
    let outcome = read(&[cut.clone(), frame].concat());
    assert!(outcome.text() == [lines(0..9), lines(0..3)].concat());
    assert_eq!(
        outcome.kinds(),
        [(cut.len() as u64, 0, DamageKind::CutLine)]
    );
}

#[test]
fn a_damaged_frame_of_another_program_is_skipped() {
    let (first, second) = (zstd(&lines(0..500)), zstd(&lines(500..900)));
    let mut damaged = first.clone();
    damaged[first.len() / 2] ^= 0x10;
    let outcome = read(&[damaged, second].concat());
    assert!(outcome.text() == lines(500..900));
    assert_eq!(
        outcome.kinds(),
        [(0, first.len() as u64, DamageKind::Frame)]
    );
}

#[test]
fn after_damage_lines_begin_at_their_beginning() {
    let text = lines(0..500);
    let half = text.len() / 2 + 3;
    let (first, second) = (zstd(&text[..half]), zstd(&text[half..]));
    let mut damaged = first.clone();
    damaged[first.len() / 2] ^= 0x10;
    let outcome = read(&[damaged, second].concat());
    let seen = outcome.text();
    assert!(text.ends_with(&seen) && seen.starts_with(b"{\"type\":") && seen.len() > half / 2);
}

#[test]
fn frames_that_mean_nothing_here_are_ignored() {
    let frames = frames(2, 3);
    let other = [
        &0x184D_2A5E_u32.to_le_bytes()[..],
        &5_u32.to_le_bytes(),
        b"hello",
    ]
    .concat();
    let bytes = [&other, &frames[0], &other, &other, &frames[1], &other];
    let outcome = read(&bytes.map(Vec::as_slice).concat());
    assert_eq!((outcome.text(), outcome.damage), (lines(0..6), vec![]));
}
