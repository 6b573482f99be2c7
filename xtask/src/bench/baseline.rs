//! A program that traces nothing, but sleeps and computes as a tracer does. The slow-down that it
//! causes is the scheduler's, and part of every tracer's figure.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;

use crate::measure::pairs::Pair;
use crate::measure::pairs::SlowDown;
use crate::measure::storm::Storm;
use crate::process::kill_on_drop::KillOnDrop;

/// How long the program sleeps, as execsnoop does between two reads of its ring.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// How long it computes then: about as long as `execsnoop -d` does per read.
pub(crate) const COMPUTES: Duration = Duration::from_micros(2500);

/// Measures `rounds` pairs of storms, one of each pair beside that program.
pub(crate) fn measure(storm: &Storm, rounds: u64) -> Result<SlowDown> {
    let alone = || storm.run();
    let beside = || {
        let _busy = busy(&storm.binary)?;
        sleep(4 * PAUSE);
        storm.run()
    };
    Ok(SlowDown::of(&Pair::measure_all(rounds, &alone, &beside)?))
}

/// Starts that program.
fn busy(workload: &Path) -> Result<KillOnDrop> {
    let micros = |time: Duration| time.as_micros().to_string();
    let child = Command::new(workload)
        .args(["busy", &micros(PAUSE), &micros(COMPUTES)])
        .spawn();
    child
        .map(KillOnDrop)
        .context("the workload could not be started")
}
