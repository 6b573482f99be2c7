//! End-to-end tests on the real kernel.
//!
//! A machine that cannot run a test skips it: the run prints it with the reason, and counts it as
//! ignored. `EXECSNOOP_TESTS_MUST_RUN=1` makes a skipped test an error. `TESTS=FILE` runs only the
//! tests that the file names, one per line: `cargo xtask kernels` uses it.

#![forbid(unsafe_code)]

mod machine;
mod patience;
mod second_cpu;

use std::fmt::Debug;
use std::process::ExitCode;

use libtest_mimic::Arguments;
use libtest_mimic::Trial;

pub use crate::machine::kernel_version;
pub use crate::machine::runs;
pub use crate::patience::patience;
pub use crate::patience::slowness;
pub use crate::patience::wait_until;
pub use crate::second_cpu::NO_SWITCHABLE_CPU;
pub use crate::second_cpu::may_switch_cpus;
pub use crate::second_cpu::on_second_cpu;
pub use crate::second_cpu::switch_second_cpu_off_and_on;

/// A requirement that not every machine meets.
pub trait Need: Copy + Debug + 'static {
    /// What this machine lacks; `None` if it meets the requirement.
    fn lack(self) -> Option<&'static str>;
}

/// One test: it fails by panicking.
#[derive(Debug)]
pub struct Case<N: 'static> {
    /// The path of its module and its function.
    pub name: &'static str,
    /// Its requirements.
    pub needs: &'static [N],
    /// The test.
    pub run: fn(),
}

/// Lists tests by their requirements, each under its module's name.
#[macro_export]
macro_rules! cases {
    ($($needs:expr => [$($test:ident),* $(,)?]);* $(;)?) => {
        vec![$($($crate::Case {
            name: concat!(module_path!(), "::", stringify!($test)),
            needs: &$needs,
            run: $test,
        },)*)*]
    };
}

impl<N: Need> Case<N> {
    fn short_name(&self) -> &'static str {
        self.name.strip_prefix("e2e::").unwrap_or(self.name)
    }

    /// What this machine lacks for this test.
    fn lacks(&self) -> Option<&'static str> {
        self.needs.iter().find_map(|need| need.lack())
    }

    fn into_trial(self) -> Trial {
        let skipped = self.lacks().is_some();
        let run = self.run;
        Trial::test(self.short_name(), move || {
            run();
            Ok(())
        })
        .with_ignored_flag(skipped)
    }
}

/// Runs the tests of `program` that the command line selects, one after another: they trace the
/// whole machine, so each would see the processes of the others.
pub fn run<N: Need>(program: &str, cases: Vec<Case<N>>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(1);
    let cases = chosen(cases);
    announce_no_match(program, &arguments, &cases);
    let skipped = announce_skipped(program, &cases);
    if skipped > 0 && std::env::var_os("EXECSNOOP_TESTS_MUST_RUN").is_some() {
        eprintln!("EXECSNOOP_TESTS_MUST_RUN is set: that is an error");
        return ExitCode::FAILURE;
    }
    let trials = cases.into_iter().map(Case::into_trial).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A filter may match the tests of one program only; a mistyped one matches none anywhere.
fn announce_no_match<N: Need>(program: &str, arguments: &Arguments, cases: &[Case<N>]) {
    let Some(filter) = &arguments.filter else {
        return;
    };
    if !cases.iter().any(|case| case.short_name().contains(filter)) {
        eprintln!("no end-to-end test of {program} has {filter:?} in its name");
    }
}

/// The tests that the file of `TESTS` names; all if it names none.
fn chosen<N: Need>(mut cases: Vec<Case<N>>) -> Vec<Case<N>> {
    let file = std::env::var_os("TESTS");
    let names = file.map(|file| std::fs::read_to_string(file).expect("TESTS is a readable file"));
    let names = names.unwrap_or_default();
    let names: Vec<&str> = names.lines().collect();
    for name in &names {
        let exists = cases.iter().any(|case| case.short_name() == *name);
        assert!(exists, "TESTS names {name}, which does not exist");
    }
    cases.retain(|case| names.is_empty() || names.contains(&case.short_name()));
    cases
}

/// Prints the tests that this machine cannot run, and why, so that silence is not taken for
/// success.
fn announce_skipped<N: Need>(program: &str, cases: &[Case<N>]) -> usize {
    let skipped: Vec<_> = cases
        .iter()
        .filter_map(|case| Some((case, case.lacks()?)))
        .collect();
    if skipped.is_empty() {
        return 0;
    }
    let line = "*".repeat(78);
    let (count, all) = (skipped.len(), cases.len());
    eprintln!("\n{line}\nSKIPPED: {count} of {all} end-to-end tests of {program}");
    for (case, lack) in &skipped {
        eprintln!("SKIPPED: {}: {lack}", case.short_name());
    }
    eprintln!("{line}\n");
    skipped.len()
}
