//! One tool measured on one storm: slow-down, completeness, resource usage.

use std::cell::RefCell;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde::Deserialize;

use super::markers::Found;
use super::markers::sum_of;
use super::running_tool::RunningTool;
use super::running_tool::ToolDir;
use super::tools::Scope;
use super::tools::Tool;
use super::usage::Sampler;
use super::usage::Usage;
use super::usage::loaded_bytes;
use super::usage::wait_until_quiet;
use super::workloads::Workload;
use crate::measure::pairs::Pair;
use crate::measure::pairs::SlowDown;
use crate::measure::pairs::median_difference;
use crate::measure::storm::Outcome;
use crate::measure::storm::Storm;

/// The result over all rounds.
#[derive(Debug)]
pub(crate) struct ToolResult {
    pub(crate) slow_down: SlowDown,
    /// Calls of exec that the tool should show.
    pub(crate) expected: u64,
    pub(crate) found: Found,
    /// The losses that the tool reports; `None` if it reports none.
    pub(crate) lost: Option<u64>,
    /// The tool's own CPU time per call, in µs: the median.
    pub(crate) cpu_us: f64,
    pub(crate) usage: Usage,
    pub(crate) loaded_bytes: u64,
}

/// One traced storm.
#[derive(Debug)]
struct Round {
    time: f64,
    expected: u64,
    found: Found,
    lost: Option<u64>,
    usage: Usage,
    loaded_bytes: u64,
}

/// The tool, the storm, and a directory for files.
#[derive(Debug)]
pub(crate) struct ToolRun<'a> {
    pub(crate) tool: &'a Tool,
    pub(crate) workload: &'a Workload,
    pub(crate) storm: &'a Storm,
    pub(crate) dir: &'a Path,
}

impl ToolRun<'_> {
    /// Runs `rounds` pairs of an untraced and a traced storm.
    pub(crate) fn run(&self, rounds: u64) -> Result<ToolResult> {
        let done = RefCell::new(Vec::new());
        let traced = || {
            let round = self.traced()?;
            let time = round.time;
            done.borrow_mut().push(round);
            Ok(time)
        };
        let untraced = || self.storm.run();
        let pairs = Pair::measure_all(rounds, &untraced, &traced)?;
        Ok(result(&pairs, &done.into_inner()))
    }

    fn traced(&self) -> Result<Round> {
        let tool_dir = ToolDir::fresh(self.dir.join("tool"))?;
        match self.tool.scope {
            Scope::Machine | Scope::AuditRules => self.beside(tool_dir),
            Scope::Command => self.around(tool_dir),
        }
    }

    /// The tool traces the whole machine.
    fn beside(&self, tool_dir: ToolDir) -> Result<Round> {
        let running =
            RunningTool::start(self.tool, self.workload.fails, tool_dir, &self.storm.binary)?;
        wait_until_quiet(running.pid());
        let before = running.usage();
        let outcome = self.storm.outcome()?;
        wait_until_quiet(running.pid());
        let after = running.usage();
        let loaded_bytes = running.loaded_bytes();
        let (tool_dir, lost) = running.stop()?;
        let usage = Usage {
            cpu_ns: after.cpu_ns.saturating_sub(before.cpu_ns),
            ..after
        };
        self.round(&outcome, &tool_dir, lost, usage, loaded_bytes)
    }

    /// The tool starts the storm itself.
    fn around(&self, tool_dir: ToolDir) -> Result<Round> {
        let mut command = tool_dir.command(self.tool, self.workload.fails)?;
        command.arg(&self.storm.binary);
        let child = self.storm.spawn(command)?;
        let pid = child.id();
        let sampler = Sampler::start(pid);
        let loaded_bytes = loaded_soon(pid);
        let outcome = self.storm.outcome_of(child)?;
        let usage = sampler.stop()?;
        self.round(&outcome, &tool_dir, None, usage, loaded_bytes)
    }

    fn round(
        &self,
        outcome: &Outcome,
        tool_dir: &ToolDir,
        lost: Option<u64>,
        usage: Usage,
        loaded_bytes: u64,
    ) -> Result<Round> {
        let said = tool_dir.said();
        let told = self.tool.lost.map(|pattern| sum_of(pattern, &said));
        let failures = self.tool.failed.map_or(0, |_| outcome.failures);
        let round = Round {
            time: outcome.time(),
            expected: outcome.execs + failures,
            found: Found::in_output(&tool_dir.output(), self.tool.marker_kind),
            lost: lost.or(told.transpose()?),
            usage,
            loaded_bytes,
        };
        ensure!(
            round.found.seen > 0,
            "saw nothing: {}",
            tool_dir.first_words()
        );
        Ok(round)
    }
}

/// All libraries of a program are mapped a moment after its start.
fn loaded_soon(pid: u32) -> u64 {
    sleep(Duration::from_millis(100));
    loaded_bytes(pid)
}

fn result(pairs: &[Pair], rounds: &[Round]) -> ToolResult {
    let sum = |of: fn(&Round) -> u64| rounds.iter().map(of).sum::<u64>();
    let most = |of: fn(&Round) -> u64| rounds.iter().map(of).max().unwrap_or(0);
    let mut cpu: Vec<f64> = rounds.iter().map(Round::cpu_us).collect();
    cpu.sort_by(f64::total_cmp);
    ToolResult {
        slow_down: SlowDown::of(pairs),
        expected: sum(|round| round.expected),
        found: Found {
            seen: sum(|round| round.found.seen.min(round.expected)),
            whole: sum(|round| round.found.whole.min(round.expected)),
        },
        lost: rounds.iter().map(|round| round.lost).sum(),
        cpu_us: cpu[cpu.len() / 2],
        usage: Usage {
            cpu_ns: most(|round| round.usage.cpu_ns),
            peak_rss_kb: most(|round| round.usage.peak_rss_kb),
            ring_kb: most(|round| round.usage.ring_kb),
            kernel_kb: most(|round| round.usage.kernel_kb),
        },
        loaded_bytes: most(|round| round.loaded_bytes),
    }
}

impl Round {
    fn cpu_us(&self) -> f64 {
        self.usage.cpu_ns as f64 / self.expected as f64 / 1e3
    }
}

/// How much longer a system call other than exec takes, in ns: the median of the pairs.
pub(crate) fn tax(tool: &Tool, workload: &Path, dir: &Path, rounds: u64) -> Result<f64> {
    let tool_dir = || ToolDir::fresh(dir.join("tool"));
    // What stops each call takes a thousand times as long.
    let count = match tool.scope {
        Scope::Command => 20_000,
        Scope::Machine | Scope::AuditRules => 1_000_000,
    };
    let calls = |command: &mut Command| time_of_calls(command, count);
    let untraced = || calls(&mut Command::new(workload));
    let traced = || match tool.scope {
        Scope::Command => {
            let mut command = tool_dir()?.command(tool, false)?;
            command.arg(workload);
            calls(&mut command)
        }
        Scope::Machine | Scope::AuditRules => {
            let running = RunningTool::start(tool, false, tool_dir()?, workload)?;
            let time = calls(&mut Command::new(workload));
            running.stop()?;
            time
        }
    };
    let pairs = Pair::measure_all(rounds, &untraced, &traced)?;
    Ok(median_difference(&pairs))
}

/// What the workload reports about its calls.
#[derive(Debug, Deserialize)]
struct Calls {
    calls: u64,
    ns: u64,
}

/// ns per call, over `count` calls.
fn time_of_calls(command: &mut Command, count: u64) -> Result<f64> {
    let output = command
        .args(["calls", &count.to_string()])
        .stdout(Stdio::piped())
        .spawn()?
        .wait_with_output()?;
    let calls: Calls = serde_json::from_slice(&output.stdout).context("the workload failed")?;
    Ok(calls.ns as f64 / calls.calls as f64)
}
