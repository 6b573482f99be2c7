//! What comes with an event is lent on and formatted into memory that is there already: an ordinary
//! event allocates nothing.

mod common;

use allocation_counter::measure;
use execsnoop::bench_support::BenchPipeline;

use common::Records;

/// Processes that run until every buffer has grown, and processes that are counted then.
const WARMING: u32 = 40_000;
const COUNTED: u32 = 1000;

/// How often the lives allocated that were counted, each with its output written.
fn allocations(options: &[&str]) -> u64 {
    let options = [options, &["-o", "/dev/null"]].concat();
    let mut pipeline = BenchPipeline::from_args(&options).expect("these are options");
    let mut records = Records::new();
    records.learn_cgroup(&mut pipeline);
    let mut live = |lives: u32| {
        for _ in 0..lives {
            records.live(&mut pipeline);
            pipeline.flush().expect("/dev/null takes everything");
        }
    };
    live(WARMING);
    measure(|| live(COUNTED)).count_total
}

/// Where each exec is a line: its arguments searched for secrets, as in all that is kept; in JSON
/// with its cgroup, its unit and the names of its user and group.
#[test]
fn an_exec_allocates_nothing() {
    for options in [
        &[][..],
        &["--redact", "off"],
        &["--format", "json"],
        &[
            "--columns",
            "+tty,sid,cgroup,user,exe,flags",
            "-T",
            "-t",
            "-q",
        ],
        &["--compat", "bcc"],
        &["-u", "0", "-l", "x", "-n", "."],
    ] {
        assert_eq!(allocations(options), 0, "{options:?}");
    }
}

/// A process in the table keeps its image (two allocations: the data, and the shared pointer to it)
/// and its end. They are freed with it. The tables and queues that hold them rarely grow.
#[test]
fn a_life_allocates_what_it_keeps() {
    let few = 3 * u64::from(COUNTED) + 10;
    for options in [&["-d"][..], &["-d", "--format", "json"]] {
        let counted = allocations(options);
        assert!(counted <= few, "{options:?}: {counted}");
    }
}
