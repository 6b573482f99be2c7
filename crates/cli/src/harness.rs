//! The way of events through the program, from where their source ends to the output: for benchmarks, and
//! for tests of what it costs.

use anyhow::anyhow;
use clap::Parser as _;
use execsnoop_events::Event;

use crate::args::CommandLine;
use crate::pipeline::Pipeline;
use crate::verb::trace::Plan;

/// The way that a command line lays out.
#[derive(Debug)]
pub struct Way {
    pipeline: Pipeline,
}

impl Way {
    /// As `execsnoop` with these arguments would go.
    pub fn laid_by(args: &[&str]) -> anyhow::Result<Self> {
        let line = CommandLine::try_parse_from([&["execsnoop"], args].concat())?;
        let plan = Plan::new(&line.trace).map_err(|failure| anyhow!("{failure}"))?;
        let mut pipeline = plan.pipeline;
        pipeline.begin()?;
        Ok(Self { pipeline })
    }

    /// Takes an event to the output's buffer.
    pub fn take(&mut self, event: &Event<'_>) {
        self.pipeline.take(event);
    }

    /// Writes what was formatted.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        self.pipeline.flush(std::time::Duration::MAX).map(drop)
    }

    /// How many bytes of lines are not written yet.
    pub fn unwritten_bytes(&self) -> usize {
        self.pipeline.unwritten_bytes()
    }
}
