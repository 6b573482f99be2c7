//! End to end: the binary, on the real kernel, against subjects that are known to the byte.
//!
//! A machine that cannot trace skips these tests: loudly, and counted as ignored, never as passed.
//! `EXECSNOOP_TESTS_MUST_RUN=1` makes every skipped test an error, for machines that should run all.
//! `TESTS=FILE` runs only the tests that a file names, one a line: see `cargo xtask kernels`.

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

/// Those that the file of `TESTS` names; all when it names none.
fn chosen(mut cases: Vec<Case>) -> Vec<Case> {
    let file = std::env::var_os("TESTS");
    let names = file.map(|file| std::fs::read_to_string(file).expect("TESTS is a readable file"));
    let names = names.unwrap_or_default();
    let names: Vec<&str> = names.lines().collect();
    for name in &names {
        let there = cases.iter().any(|case| case.short_name() == *name);
        assert!(there, "TESTS names {name}, and there is no such test");
    }
    cases.retain(|case| names.is_empty() || names.contains(&case.short_name()));
    cases
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
        "\n{line}\nSKIPPED: {} of {} end-to-end tests",
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
    // They watch the whole machine, so each would see the others' subjects.
    arguments.test_threads.get_or_insert(1);
    let cases = chosen(all_cases());
    let _workshop = support::open_workshop();
    let skipped = announce_skipped(&cases);
    if skipped > 0 && std::env::var_os("EXECSNOOP_TESTS_MUST_RUN").is_some() {
        eprintln!("EXECSNOOP_TESTS_MUST_RUN is set: that is an error");
        return ExitCode::FAILURE;
    }
    let trials = cases.into_iter().map(Case::into_trial).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
