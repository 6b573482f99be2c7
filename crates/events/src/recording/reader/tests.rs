//! Reads good recordings, and recordings with each kind of damage.

mod damaged;
mod foreign;
mod hostile;
mod whole;

use std::io::Read;

use super::Frame;
use super::FrameReader;
use super::Part;
use crate::recording::damage::Damage;
use crate::recording::damage::DamageKind;
use crate::recording::damage::ReadError;
use crate::recording::frame::FrameWriter;
use crate::recording::index::FrameFlags;
use crate::recording::index::IndexEntry;
use crate::recording::index::StreamId;

const STREAM: StreamId = StreamId(7);

/// What a reader handed out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    frames: Vec<Owned>,
    damage: Vec<Damage>,
}

/// A [`Frame`] that owns its text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owned {
    index: Option<IndexEntry>,
    offset: u64,
    text: Vec<u8>,
}

impl Outcome {
    fn text(&self) -> Vec<u8> {
        let texts = self.frames.iter().map(|frame| frame.text.as_slice());
        texts.collect::<Vec<_>>().concat()
    }

    /// The kinds of damage, with their places.
    fn kinds(&self) -> Vec<(u64, u64, DamageKind)> {
        let damage = self.damage.iter();
        damage.map(|it| (it.offset, it.length, it.what)).collect()
    }
}

fn read(bytes: &[u8]) -> Outcome {
    try_read(bytes).unwrap()
}

fn try_read(input: impl Read) -> Result<Outcome, ReadError> {
    let mut reader = FrameReader::new(input);
    let mut read = Outcome::default();
    while let Some(part) = reader.next()? {
        match part {
            Part::Frame(frame) => read.frames.push(owned(&frame)),
            Part::Damage(damage) => read.damage.push(damage),
        }
    }
    Ok(read)
}

fn owned(frame: &Frame<'_>) -> Owned {
    assert!(frame.text.ends_with(b"\n"));
    Owned {
        index: frame.index,
        offset: frame.offset,
        text: frame.text.to_owned(),
    }
}

/// The line of a record, different for each number.
fn line(number: u64) -> Vec<u8> {
    let noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("{{\"type\":\"exit\",\"time\":{number},\"id\":\"{noise:x}\"}}\n").into_bytes()
}

/// The bytes of each frame of a recording.
fn frames(count: u64, lines: u64) -> Vec<Vec<u8>> {
    let mut writer = FrameWriter::new(STREAM);
    let frame = |number: u64| frame_of(&mut writer, number * lines..(number + 1) * lines);
    (0..count).map(frame).collect()
}

fn frame_of(writer: &mut FrameWriter, numbers: std::ops::Range<u64>) -> Vec<u8> {
    let flags = match writer.sequence() {
        0 => FrameFlags::HEADER,
        _ => FrameFlags::NONE,
    };
    for number in numbers {
        writer.text().extend_from_slice(&line(number));
        writer.note(number as i64);
    }
    writer.finish(flags).unwrap().to_vec()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder
        .set_pledged_src_size(Some(text.len() as u64))
        .unwrap();
    std::io::Write::write_all(&mut encoder, text).unwrap();
    encoder.finish().unwrap()
}
