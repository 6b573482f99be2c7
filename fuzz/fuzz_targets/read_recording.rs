//! Any bytes are lines or damage, in order, and never a panic.

#![no_main]

use execsnoop_events::recording::FrameReader;
use execsnoop_events::recording::Part;
use execsnoop_events::recording::TimeRange;
use execsnoop_events::recording::span_of;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    check_parts(bytes);
    check_span(bytes);
});

fn check_parts(bytes: &[u8]) {
    let mut reader = FrameReader::new(bytes);
    let mut end = 0;
    while let Ok(Some(part)) = reader.next() {
        let (offset, length) = match part {
            Part::Damage(damage) => (damage.offset, damage.length),
            Part::Frame(frame) => {
                assert!(frame.text.ends_with(b"\n"));
                if let Some(index) = frame.index {
                    assert_eq!(index.text_len as usize, frame.text.len());
                }
                (
                    frame.offset,
                    frame.index.map_or(0, |index| index.whole_len()),
                )
            }
        };
        assert!(offset >= end, "parts overlap");
        end = offset + length;
        assert!(end <= bytes.len() as u64);
    }
}

fn check_span(bytes: &[u8]) {
    let times = TimeRange {
        since_ns: 0,
        until_ns: 1 << 60,
    };
    let len = bytes.len() as u64;
    if let Ok(span) = span_of(&bytes, len, times) {
        assert!(span.start <= span.end && span.end <= len);
    }
}
