//! The kinds of storms, by what their execs look like.

/// A kind of storm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    /// The name in the tables.
    pub(crate) title: &'static str,
    /// The workload's name for it.
    pub(crate) name: &'static str,
    pub(crate) producers: u64,
    /// The number of execs: about a second without a tracer.
    pub(crate) execs: u64,
    /// Whether some of the calls fail.
    pub(crate) fails: bool,
}

/// The simplest storm.
pub(crate) const ONE_PRODUCER: Workload = shape("1 producer", "short", 1, 10_000);

/// The same on one CPU. The scheduler's choice of a CPU costs a storm more than most tracers do.
pub(crate) const ONE_CPU: Workload = shape("1 producer, on one CPU", "stays", 1, 10_000);

/// The storm with the most execs per second.
pub(crate) const TWO_PRODUCERS: Workload = shape("2 producers", "short", 2, 16_000);

/// All storms.
pub(crate) const WORKLOADS: [Workload; 7] = [
    ONE_PRODUCER,
    ONE_CPU,
    TWO_PRODUCERS,
    shape("100 arguments", "args100", 1, 8_000),
    shape("100 KB of arguments", "args100k", 1, 3_000),
    Workload {
        fails: true,
        ..shape("10 % fail", "failed10", 1, 9_000)
    },
    Workload {
        fails: true,
        ..shape("walks along PATH", "path", 1, 6_000)
    },
];

const fn shape(title: &'static str, name: &'static str, producers: u64, execs: u64) -> Workload {
    Workload {
        title,
        name,
        producers,
        execs,
        fails: false,
    }
}
