//! A program that traces nothing, but sleeps and computes as a tracer does. What a storm loses by that is the
//! scheduler's doing, and in every tracer's figure as well.

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

/// How long it sleeps, as execsnoop does between two looks at its ring.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// How long it computes then: about what `execsnoop -d` needs for what came meanwhile.
pub(crate) const COMPUTES: Duration = Duration::from_micros(2500);

/// So many pairs of storms, the second of each beside that program.
pub(crate) fn measure(storm: &Storm, rounds: u64) -> Result<SlowDown> {
    let alone = || storm.run();
    let beside = || {
        let _busy = busy(&storm.binary)?;
        sleep(4 * PAUSE);
        storm.run()
    };
    Ok(SlowDown::of(&Pair::measure_all(rounds, &alone, &beside)?))
}

/// That program.
fn busy(workload: &Path) -> Result<KillOnDrop> {
    let micros = |time: Duration| time.as_micros().to_string();
    let child = Command::new(workload)
        .args(["busy", &micros(PAUSE), &micros(COMPUTES)])
        .spawn();
    child
        .map(KillOnDrop)
        .context("the workload could not be started")
}
