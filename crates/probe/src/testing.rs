//! The decoder by itself, over records that a kernel sent once: for benchmarks, and for tests of
//! what an event costs.

use execsnoop_events::Sink;
use execsnoop_events::WallClock;

use crate::wire::decode::Decoder;

/// Some records of each kind, as fixtures hold them: 6.18 on `x86_64`.
pub const CAPTURED: &[u8] = include_bytes!("../fixtures/x86_64-6.18.ring");

/// Takes records apart that were captured: each has its length before it, 4 bytes, little-endian.
pub fn records(mut captured: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while let Some((length, rest)) = captured.split_first_chunk() {
        let length = usize::try_from(u32::from_le_bytes(*length)).expect("32 bits");
        let (record, rest) = rest.split_at(length);
        records.push(record);
        captured = rest;
    }
    records
}

/// A decoder, with a clock that stands where it was put.
#[derive(Debug)]
pub struct FixtureDecoder {
    decoder: Decoder,
    clock: WallClock,
}

impl FixtureDecoder {
    /// The machine was started at `boot_wall_ns` since 1970.
    pub fn new(boot_wall_ns: i128) -> Self {
        Self {
            decoder: Decoder::default(),
            clock: WallClock::new(0, boot_wall_ns),
        }
    }

    /// Decodes one record; false when it is none.
    pub fn decode(&mut self, record: &[u8], sink: &mut Sink<'_>) -> bool {
        self.decoder.decode(record, &self.clock, sink).is_ok()
    }
}
