//! The storms: what their execs look like.

/// A kind of storm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    /// What a reader of the tables knows it by.
    pub(crate) title: &'static str,
    /// What the workload knows it by.
    pub(crate) name: &'static str,
    pub(crate) producers: u64,
    /// Execs, for a storm of about a second without a tracer.
    pub(crate) execs: u64,
    /// Whether some of its calls fail.
    pub(crate) fails: bool,
}

/// The plainest.
pub(crate) const ONE_PRODUCER: Workload = shape("1 producer", "short", 1, 10_000);

/// The same without a choice for the scheduler, whose choices cost a storm more than most tracers do.
pub(crate) const ONE_CPU: Workload = shape("1 producer, on one CPU", "stays", 1, 10_000);

/// What makes most execs in a second.
pub(crate) const TWO_PRODUCERS: Workload = shape("2 producers", "short", 2, 16_000);

/// All of them.
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
