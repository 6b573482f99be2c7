//! A storm: many execs, as fast as the machine can run them.

use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde::Deserialize;

/// A storm, which can run repeatedly.
#[derive(Debug)]
pub(crate) struct Storm {
    /// The workload, built.
    pub(crate) binary: PathBuf,
    pub(crate) execs: u64,
    pub(crate) producers: u64,
    /// The workload's name for the kind of execs; `None` for one short argument.
    pub(crate) workload: Option<&'static str>,
}

/// What the workload reports about a storm.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) execs: u64,
    pub(crate) failures: u64,
    ns: u64,
}

impl Outcome {
    /// The time that each exec took, in µs.
    pub(crate) fn time(&self) -> f64 {
        self.ns as f64 / self.execs as f64 / 1e3
    }
}

impl Storm {
    /// Runs the storm and returns the time per exec, in µs.
    pub(crate) fn run(&self) -> Result<f64> {
        Ok(self.outcome()?.time())
    }

    /// Runs it.
    pub(crate) fn outcome(&self) -> Result<Outcome> {
        let child = self.spawn(Command::new(&self.binary))?;
        self.outcome_of(child)
    }

    /// Starts the storm by a command: the workload itself, or a tool that runs its arguments.
    pub(crate) fn spawn(&self, mut command: Command) -> Result<Child> {
        command
            .args([
                "storm",
                &self.execs.to_string(),
                &self.producers.to_string(),
            ])
            .args(self.workload)
            .stdout(Stdio::piped())
            .spawn()
            .context("the workload could not be started")
    }

    /// Waits for its end.
    pub(crate) fn outcome_of(&self, child: Child) -> Result<Outcome> {
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "the workload failed: {}",
            output.status
        );
        self.checked(parse(&output.stdout)?)
    }

    fn checked(&self, outcome: Outcome) -> Result<Outcome> {
        ensure!(
            outcome.execs == self.execs && outcome.ns > 0,
            "the workload ran {} execs in {} ns where {} were asked for",
            outcome.execs,
            outcome.ns,
            self.execs
        );
        Ok(outcome)
    }
}

fn parse(output: &[u8]) -> Result<Outcome> {
    serde_json::from_slice(output).with_context(|| {
        let text = String::from_utf8_lossy(output);
        format!("the workload should print {{\"execs\":…,\"failures\":…,\"ns\":…}}, not {text:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storm(execs: u64) -> Storm {
        Storm {
            binary: PathBuf::new(),
            execs,
            producers: 1,
            workload: None,
        }
    }

    #[test]
    fn the_time_of_an_exec_is_the_storms_divided_by_its_execs() {
        let outcome = parse(b"{\"execs\":20000,\"failures\":0,\"ns\":4000000000}\n").unwrap();
        assert_eq!(storm(20_000).checked(outcome).unwrap().time(), 200.0);
    }

    #[test]
    fn a_storm_that_stopped_early_is_an_error() {
        let outcome = parse(b"{\"execs\":19999,\"failures\":0,\"ns\":4000000000}").unwrap();
        assert!(storm(20_000).checked(outcome).is_err());
    }

    #[test]
    fn anything_else_is_an_error_that_shows_it() {
        let error = parse(b"usage: workload").unwrap_err();
        assert!(format!("{error:#}").contains("usage: workload"));
    }
}
