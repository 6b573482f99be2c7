//! Whatever happens to some bytes of a recording, each whole frame comes back, and no line that was
//! not written.

#![no_main]

use std::sync::LazyLock;

use execsnoop_events::recording::FrameFlags;
use execsnoop_events::recording::FrameReader;
use execsnoop_events::recording::FrameWriter;
use execsnoop_events::recording::Part;
use execsnoop_events::recording::StreamId;
use libfuzzer_sys::arbitrary;
use libfuzzer_sys::arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

const FRAMES: usize = 8;

/// What happens to a recording. Places count from the start of their frame.
#[derive(Debug, Arbitrary)]
enum Edit {
    Flip { frame: u8, at: u16, bits: u8 },
    Overwrite { frame: u8, at: u16, bytes: Vec<u8> },
    CutEnd { frame: u8, len: u16 },
    CutBeginning { frame: u8, len: u16 },
    Between { frame: u8, bytes: Vec<u8> },
    Twice { frame: u8 },
}

struct Frame {
    bytes: Vec<u8>,
    text: Vec<u8>,
}

/// A frame in the damaged recording: its bytes, and its text if the bytes are whole.
#[derive(Clone)]
struct Piece {
    bytes: Vec<u8>,
    text: Option<&'static [u8]>,
}

static WRITTEN: LazyLock<Vec<Frame>> = LazyLock::new(|| {
    let mut writer = FrameWriter::new(StreamId(7));
    (0..FRAMES)
        .map(|number| frame(&mut writer, number))
        .collect()
});

fn frame(writer: &mut FrameWriter, number: usize) -> Frame {
    for line in 0..4 << (2 * (number % 4)) {
        let noise = (line as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let line = format!("{{\"type\":\"exit\",\"frame\":{number},\"id\":\"{noise:x}\"}}\n");
        writer.text().extend_from_slice(line.as_bytes());
        writer.note(number as i64);
    }
    let text = writer.text().clone();
    let bytes = writer.finish(FrameFlags::NONE).unwrap().to_vec();
    Frame { bytes, text }
}

fuzz_target!(|edits: Vec<Edit>| {
    let pieces = damaged(edits);
    let bytes: Vec<u8> = pieces
        .iter()
        .flat_map(|piece| piece.bytes.clone())
        .collect();
    let read = texts(&bytes);
    let is_written = |text: &Vec<u8>| WRITTEN.iter().any(|frame| frame.text == *text);
    assert!(read.iter().all(is_written), "a line that was not written");
    let mut read = read.iter();
    for text in pieces.iter().filter_map(|piece| piece.text) {
        assert!(read.any(|it| it == text), "a whole frame is missing");
    }
});

fn damaged(edits: Vec<Edit>) -> Vec<Piece> {
    let whole = |frame: &'static Frame| Piece {
        bytes: frame.bytes.clone(),
        text: Some(&frame.text),
    };
    let mut pieces: Vec<Piece> = WRITTEN.iter().map(whole).collect();
    for edit in edits.into_iter().take(40) {
        apply(edit, &mut pieces);
    }
    pieces
}

fn apply(edit: Edit, pieces: &mut Vec<Piece>) {
    let place = |frame: u8| frame as usize % FRAMES;
    match edit {
        Edit::Flip { frame, at, bits } => {
            change(&mut pieces[place(frame)], at, &[bits], |old, new| old ^ new);
        }
        Edit::Overwrite { frame, at, bytes } => {
            change(&mut pieces[place(frame)], at, &bytes, |_, new| new);
        }
        Edit::CutEnd { frame, len } => cut(&mut pieces[place(frame)], len, false),
        Edit::CutBeginning { frame, len } => cut(&mut pieces[place(frame)], len, true),
        Edit::Between { frame, bytes } => {
            let text = None;
            // A newer version ends the reading, and a whole frame would have to come back.
            if bytes.len() < 8 {
                pieces.insert(place(frame), Piece { bytes, text });
            }
        }
        Edit::Twice { frame } => pieces.push(pieces[place(frame)].clone()),
    }
}

fn change(piece: &mut Piece, at: u16, new: &[u8], merge: fn(u8, u8) -> u8) {
    let start = at as usize % piece.bytes.len().max(1);
    let places = piece.bytes.iter_mut().skip(start);
    for (place, new) in places.zip(new) {
        *place = merge(*place, *new);
        piece.text = None;
    }
}

fn cut(piece: &mut Piece, len: u16, from_beginning: bool) {
    let len = (len as usize).min(piece.bytes.len());
    let kept = piece.bytes.len() - len;
    match from_beginning {
        true => drop(piece.bytes.drain(..len)),
        false => piece.bytes.truncate(kept),
    }
    if len > 0 {
        piece.text = None;
    }
}

fn texts(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = FrameReader::new(bytes);
    let mut texts = Vec::new();
    while let Ok(Some(part)) = reader.next() {
        if let Part::Frame(frame) = part {
            texts.push(frame.text.to_owned());
        }
    }
    texts
}
