//! A storm: many execs, as fast as the machine makes them.

use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde::Deserialize;

/// A storm to be run, as often as one likes.
#[derive(Debug)]
pub(crate) struct Storm {
    pub(crate) workload: PathBuf,
    pub(crate) execs: u64,
    pub(crate) producers: u64,
}

/// What the workload says about the storm it ran.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq)]
struct Outcome {
    execs: u64,
    ns: u64,
}

impl Storm {
    /// Runs it and gives the time that each exec took, in µs.
    pub(crate) fn run(&self) -> Result<f64> {
        let output = Command::new(&self.workload)
            .args([
                "storm".to_owned(),
                self.execs.to_string(),
                self.producers.to_string(),
            ])
            .stderr(Stdio::inherit())
            .output()
            .context("the workload could not be started")?;
        ensure!(
            output.status.success(),
            "the workload failed: {}",
            output.status
        );
        self.time_of(&parse(&output.stdout)?)
    }

    fn time_of(&self, outcome: &Outcome) -> Result<f64> {
        ensure!(
            outcome.execs == self.execs && outcome.ns > 0,
            "the workload ran {} execs in {} ns where {} were asked for",
            outcome.execs,
            outcome.ns,
            self.execs
        );
        Ok(outcome.ns as f64 / outcome.execs as f64 / 1e3)
    }
}

fn parse(output: &[u8]) -> Result<Outcome> {
    serde_json::from_slice(output).with_context(|| {
        let text = String::from_utf8_lossy(output);
        format!("the workload should print {{\"execs\":…,\"ns\":…}}, not {text:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storm(execs: u64) -> Storm {
        Storm {
            workload: PathBuf::new(),
            execs,
            producers: 1,
        }
    }

    #[test]
    fn the_time_of_an_exec_is_the_storms_divided_by_its_execs() {
        let outcome = parse(b"{\"execs\":20000,\"ns\":4000000000}\n").unwrap();
        assert_eq!(storm(20_000).time_of(&outcome).unwrap(), 200.0);
    }

    #[test]
    fn a_storm_that_stopped_early_is_an_error() {
        let outcome = parse(b"{\"execs\":19999,\"ns\":4000000000}").unwrap();
        assert!(storm(20_000).time_of(&outcome).is_err());
    }

    #[test]
    fn anything_else_is_an_error_that_shows_it() {
        let error = parse(b"usage: workload").unwrap_err();
        assert!(format!("{error:#}").contains("usage: workload"));
    }
}
