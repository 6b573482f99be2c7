//! The whole pipeline of an event in user space: a record's bytes in, a line in the output's
//! buffer.

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use execsnoop::bench_support::BenchPipeline;

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

fn pipeline(c: &mut Criterion) {
    let mut group = c.benchmark_group("pipeline");
    for (name, options) in WAYS {
        let options = [options, &["-o", "/dev/null"]].concat();
        let mut pipeline = BenchPipeline::from_args(&options).expect("these are options");
        let mut records = Records::new();
        records.learn_cgroup(&mut pipeline);
        records.live(&mut pipeline);
        group.throughput(Throughput::Bytes(pipeline.pending_bytes() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                records.live(black_box(&mut pipeline));
                if pipeline.pending_bytes() > 1 << 16 {
                    pipeline.flush().expect("/dev/null takes everything");
                }
            });
        });
    }
}

fn main() {
    let mut c = Criterion::default().configure_from_args();
    pipeline(&mut c);
    c.final_summary();
}
