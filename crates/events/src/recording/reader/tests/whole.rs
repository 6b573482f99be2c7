//! Recordings without damage.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[test]
fn frames_come_back_with_their_entries() {
    let frames = frames(3, 50);
    let outcome = read(&frames.concat());
    assert_eq!(outcome.damage, []);
    let sequences = outcome.frames.iter().map(|it| it.index.unwrap().sequence);
    assert_eq!(sequences.collect::<Vec<_>>(), [0, 1, 2]);
    let offsets = outcome.frames.iter().map(|it| it.offset as usize);
    let lens = [0, frames[0].len(), frames[0].len() + frames[1].len()];
    assert_eq!(offsets.collect::<Vec<_>>(), lens);
    assert!(outcome.text() == (0..150).flat_map(line).collect::<Vec<_>>());
}

#[test]
fn an_entry_says_what_is_in_the_frame() {
    let mut writer = FrameWriter::new(STREAM);
    for time in [30, -5, 20] {
        writer.text().extend_from_slice(b"{}\n");
        writer.note(time);
    }
    let bytes = writer.finish(FrameFlags::CHECKPOINT).unwrap().to_vec();
    let entry = read(&bytes).frames[0].index.unwrap();
    assert!(entry.flags.has(FrameFlags::CHECKPOINT) && entry.flags.is_beginning());
    assert!(!entry.flags.has(FrameFlags::HEADER));
    assert_eq!((entry.records, entry.sequence), (3, 0));
    assert_eq!((entry.first_ns, entry.last_ns), (-5, 30));
    assert_eq!((entry.text_len, entry.stream), (9, STREAM));
    assert_eq!(entry.whole_len(), bytes.len() as u64);
}

#[test]
fn nothing_is_in_an_empty_input() {
    assert_eq!(read(b""), Outcome::default());
}

#[test]
fn a_frame_without_text_is_nothing() {
    let empty = FrameWriter::new(STREAM)
        .finish(FrameFlags::NONE)
        .unwrap()
        .to_vec();
    assert_eq!(read(&empty), Outcome::default());
}

#[test]
fn a_line_of_many_megabytes_is_one_frame() {
    let mut writer = FrameWriter::new(STREAM);
    let long = format!("{{\"args\":\"{}\"}}\n", "a b".repeat(2 << 20));
    writer.text().extend_from_slice(long.as_bytes());
    assert!(writer.is_full());
    let mut bytes = writer.finish(FrameFlags::NONE).unwrap().to_vec();
    bytes.extend(frame_of(&mut writer, 0..3));
    let outcome = read(&bytes);
    assert_eq!(outcome.damage, []);
    assert_eq!(outcome.frames.len(), 2);
    assert_eq!(outcome.frames[0].text, long.as_bytes());
}

#[test]
fn a_frame_that_no_reader_would_take_is_not_written() {
    let mut writer = FrameWriter::new(STREAM);
    writer.text().resize(crate::recording::MAX_TEXT + 1, b'\n');
    assert!(writer.finish(FrameFlags::NONE).is_err());
    assert!(writer.is_empty());
    assert_eq!(writer.sequence(), 1);
    let next = frame_of(&mut writer, 0..2);
    assert_eq!(read(&next).frames[0].index.unwrap().sequence, 1);
}

#[test]
fn recordings_behind_each_other_are_read() {
    let first = frames(2, 10).concat();
    let mut writer = FrameWriter::new(StreamId(9));
    let second = frame_of(&mut writer, 100..110);
    let outcome = read(&[first, second].concat());
    assert_eq!(outcome.damage, []);
    let streams = outcome.frames.iter().map(|it| it.index.unwrap().stream.0);
    assert_eq!(streams.collect::<Vec<_>>(), [7, 7, 9]);
}

#[test]
fn a_zstd_tool_reads_the_frames() {
    let bytes = frames(3, 50).concat();
    let text = ::zstd::decode_all(bytes.as_slice()).unwrap();
    assert_eq!(text, (0..150).flat_map(line).collect::<Vec<_>>());
}

#[test]
fn offsets_count_from_the_start_of_the_file() {
    let frames = frames(3, 10);
    let rest = frames[1..].concat();
    let mut reader = FrameReader::at(rest.as_slice(), frames[0].len() as u64);
    let Some(Part::Frame(frame)) = reader.next().unwrap() else {
        panic!("no frame");
    };
    assert_eq!(frame.offset, frames[0].len() as u64);
    assert_eq!(reader.offset(), (frames[0].len() + frames[1].len()) as u64);
}

#[test]
fn a_newer_version_is_an_error_of_its_own() {
    let mut bytes = frames(2, 5).concat();
    let second = frames(1, 5)[0].len();
    bytes[second + 16] = 2;
    let sum = crc32fast::hash(&bytes[second..second + 84]).to_le_bytes();
    bytes[second + 84..second + 88].copy_from_slice(&sum);
    let error = try_read(bytes.as_slice()).unwrap_err();
    assert!(matches!(error, ReadError::Newer { version: 2, offset } if offset == second as u64));
}

/// Gives one byte at a time, as a slow pipe does.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(&mut buffer[..1])
    }
}

#[test]
fn a_slow_input_gives_the_same() {
    let bytes = [frames(2, 3).concat(), b"broken".to_vec(), zstd(&line(9))].concat();
    assert_eq!(try_read(Slow(&bytes)).unwrap(), read(&bytes));
}

proptest! {
    #[test]
    fn what_is_written_is_read(texts in vec(vec("[ -~]{0,300}", 0..20), 0..8), level in 1..10) {
        let mut writer = FrameWriter::new(STREAM).with_level(level);
        let mut bytes = Vec::new();
        for lines in &texts {
            for line in lines {
                writer.text().extend_from_slice(line.as_bytes());
                writer.text().push(b'\n');
            }
            bytes.extend_from_slice(writer.finish(FrameFlags::NONE).unwrap());
        }
        let outcome = read(&bytes);
        let lines = texts.concat();
        let expected: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        prop_assert!(outcome.text() == expected.into_bytes());
        prop_assert_eq!(outcome.damage, []);
    }
}
