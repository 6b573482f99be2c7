//! From records' bytes to an event, by the kind of event.

use std::hint::black_box;
use std::ops::Range;

use criterion::Criterion;
use criterion::Throughput;
use execsnoop_probe::testing::CAPTURED;
use execsnoop_probe::testing::FixtureDecoder;
use execsnoop_probe::testing::records;

/// Which of the captured records make one.
const KINDS: [(&str, Range<usize>); 6] = [
    ("fork", 0..1),
    ("cgroup", 1..2),
    ("exec", 2..3),
    ("exit", 3..4),
    ("exec in two pieces", 8..10),
    ("failed exec in two pieces", 12..14),
];

fn decode(c: &mut Criterion) {
    let records = records(CAPTURED);
    let mut group = c.benchmark_group("decode");
    for (name, pieces) in KINDS {
        let pieces = &records[pieces];
        let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut replay = FixtureDecoder::new(1_700_000_000_000_000_000);
        assert_eq!(events(&mut replay, pieces), 1, "{name}");
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(name, |b| b.iter(|| events(&mut replay, black_box(pieces))));
    }
}

/// How many events the pieces make.
fn events(replay: &mut FixtureDecoder, pieces: &[&[u8]]) -> usize {
    let mut count = 0;
    for piece in pieces {
        replay.decode(piece, &mut |event| {
            black_box(event);
            count += 1;
        });
    }
    count
}

fn main() {
    let mut c = Criterion::default().configure_from_args();
    decode(&mut c);
    c.final_summary();
}
