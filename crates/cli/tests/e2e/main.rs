//! End to end: the binary, on the real kernel, against subjects that are known to the byte.
//!
//! How they are run, and which are skipped where, is crates/e2e-harness'.

use std::process::ExitCode;

use crate::needs::Need;

#[macro_use]
extern crate execsnoop_e2e_harness;

mod arguments;
mod cgroups;
mod classic;
mod cnproc;
mod columns;
mod command;
mod compat;
mod costs;
mod doctor;
mod ends;
mod entrances;
mod facts;
mod failed;
mod fields;
mod filter_cel;
mod filters;
mod identity;
mod lifecycle;
mod lineage;
mod lives;
mod losses;
mod namespaces;
mod needs;
mod options;
mod oracle;
mod privileges;
mod redaction;
mod roots;
mod safety;
mod storm;
mod support;
mod survival;
mod terminal;
mod trace;
mod tracer;
mod users;
mod whose;

type Case = execsnoop_e2e_harness::Case<Need>;

fn all_cases() -> Vec<Case> {
    [
        arguments::cases(),
        columns::cases(),
        classic::cases(),
        cnproc::cases(),
        command::cases(),
        compat::cases(),
        costs::cases(),
        doctor::cases(),
        ends::cases(),
        entrances::cases(),
        facts::cases(),
        failed::cases(),
        fields::cases(),
        filter_cel::cases(),
        filters::cases(),
        identity::cases(),
        lifecycle::cases(),
        lineage::cases(),
        lives::cases(),
        losses::cases(),
        namespaces::cases(),
        options::cases(),
        privileges::cases(),
        roots::cases(),
        redaction::cases(),
        safety::cases(),
        storm::cases(),
        survival::cases(),
        terminal::cases(),
        users::cases(),
        whose::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    let _workshop = support::open_workshop();
    execsnoop_e2e_harness::run("execsnoop", all_cases())
}
