//! Probes inside the kernel, on real kernels: kprobes, trampolines, LSM hooks and what is kept beside objects,
//! against calls that the tests make and count themselves. The programs are in ../corpus/probes.
//!
//! Where there is a clang they are compiled on the spot. `OBJECTS=DIR` names compiled ones, for kernels on which
//! nothing compiles: `cargo xtask kernels` makes them here and runs them there. `TESTS=FILE` runs only the tests
//! that a file names, one a line. What a machine lacks is said, and its tests are counted as ignored.

use std::process::ExitCode;

use libtest_mimic::Arguments;
use libtest_mimic::Trial;

use crate::needs::Need;

mod cases;
mod needs;
mod programs;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "the end-to-end tests need more of it")]
mod support;

/// One test: it fails by panicking.
struct Case {
    name: &'static str,
    needs: &'static [Need],
    run: fn(),
}

impl Case {
    /// What this machine lacks for it.
    fn lacks(&self) -> Option<&'static str> {
        self.needs.iter().find_map(|need| need.lack())
    }

    fn into_trial(self) -> Trial {
        let skipped = self.lacks().is_some();
        let run = self.run;
        Trial::test(self.name, move || {
            run();
            Ok(())
        })
        .with_ignored_flag(skipped)
    }
}

/// Those that the file of `TESTS` names; all when it names none.
fn chosen(mut cases: Vec<Case>) -> Vec<Case> {
    let file = std::env::var_os("TESTS");
    let names = file.map(|file| std::fs::read_to_string(file).expect("TESTS is a readable file"));
    let names = names.unwrap_or_default();
    let names: Vec<&str> = names.lines().collect();
    cases.retain(|case| names.is_empty() || names.contains(&case.name));
    cases
}

/// Says which tests this machine cannot run, and why, so that nobody takes silence for success.
fn announce_skipped(cases: &[Case]) {
    let skipped: Vec<_> = cases
        .iter()
        .filter_map(|case| Some((case.name, case.lacks()?)))
        .collect();
    if skipped.is_empty() {
        return;
    }
    let line = "*".repeat(78);
    let (count, all) = (skipped.len(), cases.len());
    eprintln!("\n{line}\nSKIPPED: {count} of {all} tests of probes inside the kernel");
    for (name, lack) in &skipped {
        eprintln!("SKIPPED: {name}: {lack}");
    }
    eprintln!("(cargo xtask kernels runs them on kernels that have what they need)\n{line}\n");
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each would see the others' calls.
    arguments.test_threads.get_or_insert(1);
    let cases = chosen(cases::all());
    announce_skipped(&cases);
    let trials = cases.into_iter().map(Case::into_trial).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
