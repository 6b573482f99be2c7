//! Records that a kernel sent, played to the program as if of ever new processes.

use execsnoop::bench_support::BenchPipeline;
use execsnoop_probe::testing::CAPTURED;
use execsnoop_probe::testing::FixtureDecoder;
use execsnoop_probe::testing::records;

/// Where a record has the start time and the pid of the process that it is about (bpf/abi.h).
const START: usize = 8;
const PID: usize = 20;

/// A record's type and its position.
const TYPE: usize = 16;
const FREED: u32 = 6;
const FREED_LENGTH: usize = 48;

/// The records of one ordinary life, and the decoder for them.
#[derive(Debug)]
pub(crate) struct Records {
    replay: FixtureDecoder,
    cgroup: Vec<u8>,
    life: [Vec<u8>; 4],
    lives: u32,
}

impl Records {
    pub(crate) fn new() -> Self {
        let captured = records(CAPTURED);
        let [fork, cgroup, exec, exit] = [0, 1, 2, 3].map(|index: usize| captured[index].to_vec());
        let mut freed = exit[..FREED_LENGTH].to_vec();
        freed[TYPE..TYPE + 4].copy_from_slice(&FREED.to_ne_bytes());
        Self {
            replay: FixtureDecoder::new(1_700_000_000_000_000_000),
            cgroup,
            life: [fork, exec, exit, freed],
            lives: 0,
        }
    }

    /// Tells what the cgroup is called.
    pub(crate) fn learn_cgroup(&mut self, pipeline: &mut BenchPipeline) {
        self.replay
            .decode(&self.cgroup, &mut |event| pipeline.push(event));
    }

    /// A process is forked, calls exec, ends and is freed.
    pub(crate) fn live(&mut self, pipeline: &mut BenchPipeline) {
        self.lives += 1;
        let pid = self.lives % 30_000 + 1000;
        let start = 18_571_587_975_444 + u64::from(self.lives);
        for record in &mut self.life {
            record[START..START + 8].copy_from_slice(&start.to_ne_bytes());
            record[PID..PID + 4].copy_from_slice(&pid.to_ne_bytes());
            let decoded = self
                .replay
                .decode(record, &mut |event| pipeline.push(event));
            assert!(decoded);
        }
    }
}
