//! The whole way of an event in user space: a record's bytes in, a line in the output's buffer.

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use execsnoop::harness::Way;

#[path = "../tests/common/mod.rs"]
mod common;

use common::Records;

/// What is measured, and the options that ask for it.
const WAYS: [(&str, &[&str]); 5] = [
    ("text", &["--redact", "off"]),
    ("text, redacted", &[]),
    ("json, redacted", &["--format", "json"]),
    ("csv, redacted", &["--format", "csv"]),
    ("lives as json, redacted", &["-d", "--format", "json"]),
];

fn way(c: &mut Criterion) {
    let mut group = c.benchmark_group("way");
    for (name, options) in WAYS {
        let options = [options, &["-o", "/dev/null"]].concat();
        let mut way = Way::laid_by(&options).expect("these are options");
        let mut records = Records::new();
        records.learn_cgroup(&mut way);
        records.live(&mut way);
        group.throughput(Throughput::Bytes(way.unwritten_bytes() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                records.live(black_box(&mut way));
                if way.unwritten_bytes() > 1 << 16 {
                    way.flush().expect("/dev/null takes everything");
                }
            });
        });
    }
}

fn main() {
    let mut c = Criterion::default().configure_from_args();
    way(&mut c);
    c.final_summary();
}
