//! From a record's bytes to an event, by the kind of record.

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use execsnoop_probe::replay::CAPTURED;
use execsnoop_probe::replay::Replay;
use execsnoop_probe::replay::records;

/// Which of the captured records is one.
const KINDS: [(&str, usize); 5] = [
    ("fork", 0),
    ("cgroup", 1),
    ("exec", 2),
    ("exit", 3),
    ("failed exec", 9),
];

fn decode(c: &mut Criterion) {
    let records = records(CAPTURED);
    let mut group = c.benchmark_group("decode");
    for (name, index) in KINDS {
        let record = records[index];
        let mut replay = Replay::new(1_700_000_000_000_000_000);
        group.throughput(Throughput::Bytes(record.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                replay.decode(black_box(record), &mut |event| {
                    black_box(event);
                })
            });
        });
    }
}

fn main() {
    let mut c = Criterion::default().configure_from_args();
    decode(&mut c);
    c.final_summary();
}
