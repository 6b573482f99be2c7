//! End to end: the command and the library, on the real kernel, against calls and execs that the
//! tests make and count themselves.
//!
//! How they are run, and which are skipped where, is crates/e2e-harness'.

use std::process::ExitCode;

use crate::needs::Need;

#[macro_use]
extern crate execsnoop_e2e_harness;

mod api;
mod attach;
mod command;
mod emit;
mod events;
mod maps;
mod needs;
mod objects;
mod sources;
mod support;

type Case = execsnoop_e2e_harness::Case<Need>;

fn all_cases() -> Vec<Case> {
    [
        api::cases(),
        attach::cases(),
        command::cases(),
        emit::cases(),
        events::cases(),
        maps::cases(),
        objects::cases(),
        sources::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    execsnoop_e2e_harness::run("bpfrun", all_cases())
}
