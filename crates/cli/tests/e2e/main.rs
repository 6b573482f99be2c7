//! End to end: the binary on the real kernel, beside processes with known arguments and results.
//!
//! crates/e2e-harness runs the tests, and skips those for which the machine lacks something.

use std::process::ExitCode;

use crate::support::requirements::Need;

#[macro_use]
extern crate execsnoop_e2e_harness;

mod backends;
mod cli;
mod events;
mod fields;
mod filters;
mod recordings;
mod support;
mod top;

type Case = execsnoop_e2e_harness::Case<Need>;

fn all_cases() -> Vec<Case> {
    [
        events::cases(),
        fields::cases(),
        filters::cases(),
        backends::cases(),
        cli::cases(),
        top::cases(),
        recordings::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    let _workshop = support::open_workshop();
    execsnoop_e2e_harness::run("execsnoop", all_cases())
}
