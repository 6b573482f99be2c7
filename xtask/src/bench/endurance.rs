//! What execsnoop loses: in a storm of two producers that lasts a minute, and with its reader
//! stopped meanwhile.

use std::path::Path;
use std::thread::sleep;
use std::thread::spawn;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::markers::sum_of;
use super::running_tool::RunningTool;
use super::running_tool::ToolDir;
use super::tools::Tool;
use crate::measure::storm::Storm;

/// The account of a long storm.
#[derive(Debug)]
pub(crate) struct Sustained {
    pub(crate) what: String,
    pub(crate) execs: u64,
    pub(crate) seconds: f64,
    /// As execsnoop reports.
    pub(crate) seen: u64,
    pub(crate) shown: u64,
    pub(crate) lost: u64,
}

/// Runs storms until `time` is over. With `stopped`, the reader is stopped once for that long.
pub(crate) fn sustain(
    tool: &Tool,
    storm: &Storm,
    time: Duration,
    stopped: Option<Duration>,
    dir: &Path,
) -> Result<Sustained> {
    let tool_dir = ToolDir::fresh(dir.join("tool"))?;
    let running = RunningTool::start(tool, false, tool_dir, &storm.binary)?;
    let pause = stopped.map(|stopped| pause_soon(running.pid(), stopped));
    let start = Instant::now();
    let mut execs = 0;
    while start.elapsed() < time {
        execs += storm.outcome()?.execs;
    }
    let seconds = start.elapsed().as_secs_f64();
    if let Some(pause) = pause {
        pause
            .join()
            .ok()
            .context("the reader could not be stopped")??;
    }
    let (tool_dir, _) = running.stop()?;
    let said = tool_dir.said();
    std::fs::remove_dir_all(&tool_dir.dir).context("its output could not be removed")?;
    let number = |word| sum_of(&format!(r"(?m)^seen .*\b{word} (\d+)|^{word} (\d+)"), &said);
    let sustained = Sustained {
        what: format!("{}{}", tool.name, describe(stopped)),
        execs,
        seconds,
        seen: sum_of(r"(?m)^seen (\d+) =", &said)?,
        shown: number("shown")?,
        lost: number("lost")?,
    };
    ensure!(
        sustained.seen >= execs,
        "not every exec was seen: {sustained:?}"
    );
    Ok(sustained)
}

fn describe(stopped: Option<Duration>) -> String {
    stopped.map_or(String::new(), |time| {
        format!(", reader stopped for {time:?}")
    })
}

/// Stops the reader after a moment, and continues it after `time`.
fn pause_soon(pid: u32, time: Duration) -> std::thread::JoinHandle<Result<()>> {
    spawn(move || {
        let pid = Pid::from_raw(pid.try_into()?);
        sleep(Duration::from_millis(300));
        kill(pid, Signal::SIGSTOP)?;
        sleep(time);
        Ok(kill(pid, Signal::SIGCONT)?)
    })
}
