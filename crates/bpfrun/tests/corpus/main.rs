//! A corpus of programs: each is compiled, what it was translated to is looked at, and the kernel
//! judges it.
//!
//! The first lines of a program say what is expected: `// expect: TEXT` in the translation, `//
//! expect-not:`, `// event: MAP TYPE`, `// attach: FUNCTION=SECTION`, `// load: no: REASON`; of
//! those in `errors/`, `// error: TEXT` in the message.
//!
//! Programs are loaded, which needs root; without it those tests are ignored, loudly.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use bpfrun::Attach;
use bpfrun::CompileOptions;
use bpfrun::Compiled;
use bpfrun::Source;
use bpfrun::Target;
use libbpf_rs::ObjectBuilder;
use libtest_mimic::Arguments;
use libtest_mimic::Failed;
use libtest_mimic::Trial;

mod api;

fn main() -> ExitCode {
    if let Some(program) = std::env::var_os("BPFRUN_CORPUS_COMPILE") {
        api::compile_and_tell(Path::new(&program));
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::from_args();
    let root = nix::unistd::Uid::effective().is_root();
    let mut trials = Vec::new();
    for folder in [
        "tests/corpus/bcc",
        "tests/corpus/libbpf",
        "tests/corpus/probes",
        "../../examples/bcc",
        "../../examples/libbpf",
    ] {
        trials.extend(programs(folder).into_iter().map(|path| {
            Trial::test(name(&path), move || accepted(&path)).with_ignored_flag(!root)
        }));
    }
    trials.extend(
        programs("tests/corpus/errors")
            .into_iter()
            .map(|path| Trial::test(name(&path), move || refused(&path)).with_ignored_flag(!root)),
    );
    trials.extend(api::trials(root));
    if !root {
        announce(trials.len());
    }
    if !root && std::env::var_os("EXECSNOOP_TESTS_MUST_RUN").is_some() {
        return ExitCode::FAILURE;
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn announce(count: usize) {
    let line = "*".repeat(78);
    eprintln!("\n{line}\nSKIPPED: {count} programs: tracepoints and BPF need root\n{line}\n");
}

fn programs(folder: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("the corpus is there");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    let parts: Vec<_> = path
        .iter()
        .rev()
        .take(3)
        .map(|part| part.to_string_lossy())
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// What the lines of a program that begin so say.
fn told(source: &Source, what: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(&source.text).into_owned();
    let mark = format!("// {what}: ");
    text.lines()
        .filter_map(|line| line.strip_prefix(&mark))
        .map(str::to_owned)
        .collect()
}

fn source(path: &Path) -> Source {
    Source {
        path: path.to_owned(),
        text: fs::read(path).expect("a program of the corpus"),
    }
}

/// A section, `tail/MAP:INDEX`, or `none`.
fn target(text: &str) -> Target {
    let slot = text
        .strip_prefix("tail/")
        .and_then(|slot| slot.rsplit_once(':'));
    match slot {
        _ if text == "none" => Target::Omit,
        Some((map, index)) => Target::TailSlot {
            map: map.to_owned(),
            index: index.parse().expect("an index"),
        },
        None => Target::Section(text.to_owned()),
    }
}

fn options(source: &Source) -> CompileOptions {
    let targets = told(source, "attach");
    let targets = targets.iter().filter_map(|one| one.split_once('='));
    CompileOptions {
        attach: targets
            .map(|(function, section)| Attach {
                function: function.to_owned(),
                target: target(section),
            })
            .collect(),
        no_cache: true,
        clang: std::env::var_os("CLANG").map(PathBuf::from),
        ..CompileOptions::default()
    }
}

fn accepted(path: &Path) -> Result<(), Failed> {
    let source = source(path);
    let made = bpfrun::compile(&source, &options(&source))?;
    for text in told(&source, "expect") {
        assert!(made.c.contains(&text), "{text} is not in:\n{}", made.c);
    }
    for text in told(&source, "expect-not") {
        assert!(!made.c.contains(&text), "{text} is in:\n{}", made.c);
    }
    check_events(&source, &made);
    match told(&source, "load").first() {
        Some(why) => eprintln!("{}: COMPILED ONLY, not loaded: {why}", name(path)),
        None => load(&made)?,
    }
    Ok(())
}

fn check_events(source: &Source, made: &Compiled) {
    let events = told(source, "event");
    for event in &events {
        let (map, c_type) = event.split_once(' ').expect("a map and a type");
        let planted = made.c.lines().any(|line| {
            line.starts_with(&format!("typeof({c_type}) *__bpfrun_event"))
                && line.contains(&format!("_{map} __attribute__"))
        });
        assert!(planted, "no event {event} in:\n{}", made.c);
    }
    let all = made
        .c
        .lines()
        .filter(|line| line.contains("*__bpfrun_event") && line.starts_with("typeof"));
    assert!(
        events.is_empty() || all.count() == events.len(),
        "{}",
        made.c
    );
}

/// The kernel's verdict.
fn load(made: &Compiled) -> Result<(), Failed> {
    let opened = ObjectBuilder::default().open_memory(&made.object)?;
    let loaded = opened
        .load()
        .map_err(|error| format!("{error:?}\n{}", made.c))?;
    assert!(loaded.progs().count() > 0);
    Ok(())
}

fn refused(path: &Path) -> Result<(), Failed> {
    let source = source(path);
    let error = bpfrun::compile(&source, &options(&source))
        .expect_err("it has an error")
        .to_string();
    for text in told(&source, "error") {
        assert!(error.contains(&text), "'{text}' is not in: {error}");
    }
    Ok(())
}
