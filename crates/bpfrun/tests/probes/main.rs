//! Probes inside the kernel, on real kernels: kprobes, trampolines, LSM hooks and what is kept
//! beside objects, against calls that the tests make and count themselves. The programs are in
//! ../corpus/probes.
//!
//! Where there is a clang they are compiled on the spot. `OBJECTS=DIR` names compiled ones, for
//! kernels on which nothing compiles: `cargo xtask kernels` makes them here and runs them there.
//!
//! How they are run, and which are skipped where, is crates/e2e-harness'.

use std::process::ExitCode;

use crate::needs::Need;

mod cases;
mod needs;
mod programs;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "the end-to-end tests need more of it")]
mod support;

type Case = execsnoop_e2e_harness::Case<Need>;

fn main() -> ExitCode {
    execsnoop_e2e_harness::run("bpfrun inside the kernel", cases::all())
}
