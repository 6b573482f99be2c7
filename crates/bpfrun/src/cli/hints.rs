//! What to do about an error, in terms of the command's options. The library does not know them.

use bpfrun::AttachError;
use bpfrun::CompileError;
use bpfrun::LoadError;
use bpfrun::ObjectError;
use bpfrun::SourceError;
use bpfrun::TranslateError;

/// For a program that cannot be compiled or read; empty if there is nothing to add.
pub fn of_source(error: &SourceError) -> String {
    match error {
        SourceError::Compile(error) => of_compile(error),
        SourceError::Object(error) => of_object(error).to_owned(),
        _ => String::new(),
    }
}

fn of_compile(error: &CompileError) -> String {
    match error {
        CompileError::NoClang(_) | CompileError::NotForBpf(_) | CompileError::Run { .. } => {
            "--clang PATH names another compiler".to_owned()
        }
        CompileError::Dialect { refusal, .. } => of_translation(refusal),
        _ => String::new(),
    }
}

fn of_translation(error: &TranslateError) -> String {
    match error {
        TranslateError::NoTarget { .. } => "--attach FUNC=kprobe:do_unlinkat or --attach \
                                            FUNC=tracepoint:sched:sched_switch sets it"
            .to_owned(),
        TranslateError::EmptyProgramArray(map) => {
            format!("--attach FUNC=tail:{map}:2 puts a function into it")
        }
        _ => String::new(),
    }
}

/// For an object that cannot be used.
pub fn of_object(error: &ObjectError) -> &'static str {
    match error {
        ObjectError::NoMap { .. } | ObjectError::NoType { .. } => {
            "--event MAP=TYPE names the map and the type"
        }
        _ => "",
    }
}

/// For a program that cannot be loaded.
pub fn of_load(error: &LoadError) -> String {
    match error {
        LoadError::NoTargetNamed { function } => {
            format!("--attach {function}=fentry:NAME (or fexit:NAME) sets it")
        }
        _ => String::new(),
    }
}

/// For functions that cannot be attached.
pub fn of_attach(error: &AttachError) -> String {
    let mut failures = error.failures.iter();
    if failures.any(|failure| failure.section.starts_with("iter")) {
        return "--emit object -o FILE.o writes it".to_owned();
    }
    let mut missing = error.failures.iter().filter(|failure| failure.lacks_target);
    let first = missing.next();
    first.map_or(String::new(), |failure| {
        format!("--attach {}=TARGET sets it", failure.name)
    })
}

/// A message with its hint.
pub fn with_hint(error: impl std::fmt::Display, hint: &str) -> anyhow::Error {
    match hint.is_empty() {
        true => anyhow::anyhow!("{error}"),
        false => anyhow::anyhow!("{error}; {hint}"),
    }
}
