//! The pipeline of a command line without its source: for benchmarks, and for tests of what an
//! event costs.

use std::time::Duration;

use clap::Parser as _;
use execsnoop_events::Event;

use crate::args::CommandLine;
use crate::cmd::settings::Settings;
use crate::cmd::settings::output_target;
use crate::pipeline::Pipeline;

/// A pipeline with its output.
#[derive(Debug)]
pub struct BenchPipeline {
    pipeline: Pipeline,
}

impl BenchPipeline {
    /// The pipeline of `execsnoop` with these arguments.
    ///
    /// # Errors
    ///
    /// If the arguments are wrong, or the output cannot be opened.
    pub fn from_args(args: &[&str]) -> anyhow::Result<Self> {
        let line = CommandLine::try_parse_from([&["execsnoop"], args].concat())?;
        let settings = Settings::new(&line.trace, false)?;
        let target = output_target(&line.trace)?;
        let mut pipeline = settings.into_pipeline(&line.trace.show, target);
        pipeline.begin()?;
        Ok(Self { pipeline })
    }

    /// Takes an event to the output's buffer.
    pub fn push(&mut self, event: &Event<'_>) {
        self.pipeline.push(event);
    }

    /// Writes what was formatted.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        self.pipeline.flush(Duration::MAX).map(drop)
    }

    /// Takes what is left to the output's buffer.
    pub fn finish(&mut self) {
        self.pipeline.finish();
    }

    /// How many bytes of lines are not written yet.
    pub fn pending_bytes(&self) -> usize {
        self.pipeline.pending_bytes()
    }
}
