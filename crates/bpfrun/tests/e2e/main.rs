//! End to end: the command and the library, on the real kernel, against calls and execs that the tests
//! make and count themselves.
//!
//! A machine that cannot trace skips these tests: loudly, and counted as ignored, never as passed.
//! `EXECSNOOP_TESTS_MUST_RUN=1` makes every skipped test an error, for machines that should run all.

use std::process::ExitCode;

use libtest_mimic::Arguments;
use libtest_mimic::Trial;

use crate::needs::Need;

/// Lists tests by what they need, each under its module's name.
macro_rules! cases {
    ($($needs:expr => [$($test:ident),* $(,)?]);* $(;)?) => {
        vec![$($($crate::Case {
            name: concat!(module_path!(), "::", stringify!($test)),
            needs: &$needs,
            run: $test,
        },)*)*]
    };
}

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

/// One test: it fails by panicking.
struct Case {
    name: &'static str,
    needs: &'static [Need],
    run: fn(),
}

impl Case {
    fn short_name(&self) -> &'static str {
        self.name.strip_prefix("e2e::").unwrap_or(self.name)
    }

    /// What this machine lacks for it.
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

/// Says which tests this machine cannot run, and why, so that nobody takes silence for success.
fn announce_skipped(cases: &[Case]) -> usize {
    let skipped: Vec<_> = cases
        .iter()
        .filter_map(|case| Some((case, case.lacks()?)))
        .collect();
    if skipped.is_empty() {
        return 0;
    }
    let line = "*".repeat(78);
    eprintln!(
        "\n{line}\nSKIPPED: {} of {} end-to-end tests of bpfrun",
        skipped.len(),
        cases.len()
    );
    for (case, lack) in &skipped {
        eprintln!("SKIPPED: {}: {lack}", case.short_name());
    }
    eprintln!("{line}\n");
    skipped.len()
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each would see the others' calls.
    arguments.test_threads.get_or_insert(1);
    let cases = all_cases();
    let skipped = announce_skipped(&cases);
    if skipped > 0 && std::env::var_os("EXECSNOOP_TESTS_MUST_RUN").is_some() {
        eprintln!("EXECSNOOP_TESTS_MUST_RUN is set: that is an error");
        return ExitCode::FAILURE;
    }
    let trials = cases.into_iter().map(Case::into_trial).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
