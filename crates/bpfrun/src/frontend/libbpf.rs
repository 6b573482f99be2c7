//! libbpf's dialect: served headers, the types of events found, the rest as it is.

use std::collections::HashSet;
use std::ffi::OsString;

use crate::c::clang_ast;
use crate::c::clang_ast::Node;
use crate::c::event_types;
use crate::c::event_types::Event;
use crate::c::event_types::Types;
use crate::c::headers;
use crate::frontend::interface::Frontend;
use crate::toolchain::compile_error::CompileError;
use crate::toolchain::compile_job;
use crate::toolchain::compile_job::Artifacts;
use crate::toolchain::compile_job::CompileJob;
use crate::toolchain::diagnostics;
use crate::toolchain::kernel_types::TypeSelection;
use crate::toolchain::kernel_types::words;

const TRIES: usize = 5;

/// The front end for libbpf's dialect.
#[derive(Debug)]
pub(crate) struct Libbpf;

impl Frontend for Libbpf {
    fn compile(&self, job: &CompileJob<'_>) -> Result<Artifacts, CompileError> {
        compile(job)
    }
}

/// Compiles a source in libbpf's dialect.
fn compile(job: &CompileJob) -> Result<Artifacts, CompileError> {
    let arguments = arguments(job)?;
    let known = all_words(job);
    let mut choice = TypeSelection::default();
    write(job, "")?;
    let mut tries = 0;
    loop {
        tries += 1;
        let vmlinux = declare(job, &known, &choice)?;
        let run = job.tree("source.c", &arguments)?;
        if run.success {
            let tree = String::from_utf8_lossy(&run.output).into_owned();
            let warnings = shown(job, &run.messages);
            return finish(job, &tree, &arguments, vmlinux, warnings);
        }
        if tries == TRIES || !learn(job, &run.messages, &known, &mut choice) {
            return Err(CompileError::Source(shown(job, &run.messages)));
        }
    }
}

fn learn(
    job: &CompileJob,
    messages: &str,
    known: &HashSet<&[u8]>,
    choice: &mut TypeSelection,
) -> bool {
    let shown = job.shown();
    compile_job::resolve_from_errors(messages, known, choice, |message| {
        shown.line(&message.file, message.line)
    })
}

/// A source that includes kernel headers in place of vmlinux.h is given the kernel's types all the
/// same.
fn arguments(job: &CompileJob) -> Result<Vec<OsString>, CompileError> {
    let mut arguments = job.scratch.arguments(job.source, job.options);
    if job.includes.lacks_types() {
        let constants = job
            .scratch
            .write("constants.h", headers::CONSTANTS.as_bytes())?;
        let vmlinux = job.scratch.path("vmlinux.h");
        for file in [vmlinux, constants] {
            arguments.extend(["-include".into(), file.into()]);
        }
    }
    Ok(arguments)
}

/// Every word that the compiler may come by, but of the helpers' file only those of helpers in use.
fn all_words<'j>(job: &'j CompileJob) -> HashSet<&'j [u8]> {
    let mut all = words(&job.source.text);
    all.extend(job.includes.texts().flat_map(words));
    let served = job
        .includes
        .served
        .iter()
        .filter_map(|name| headers::find(name));
    all.extend(served.flat_map(|text| words(text.as_bytes())));
    let helpers = headers::helpers(&all);
    all.extend(helpers.into_iter().flat_map(|line| words(line.as_bytes())));
    all
}

fn declare(
    job: &CompileJob,
    known: &HashSet<&[u8]>,
    choice: &TypeSelection,
) -> Result<String, CompileError> {
    let text = job.kernel.declare(known, choice)?;
    job.scratch.write("vmlinux.h", text.as_bytes())?;
    Ok(text)
}

fn write(job: &CompileJob, planted: &str) -> Result<(), CompileError> {
    let marker = job.marker();
    let back = format!("\n# 1 \"<bpfrun>\"\n{planted}");
    let parts = [marker.as_bytes(), &job.source.text, back.as_bytes()];
    job.scratch.write("source.c", &parts.concat())?;
    Ok(())
}

fn finish(
    job: &CompileJob,
    tree: &str,
    arguments: &[OsString],
    vmlinux: String,
    warnings: String,
) -> Result<Artifacts, CompileError> {
    let planted = planted(job, tree);
    write(job, &planted)?;
    let arguments = [arguments, &job.scratch.listing()].concat();
    let run = job.object("source.c", &arguments)?;
    let messages = shown(job, &run.messages);
    if !run.success {
        return Err(CompileError::Source(messages));
    }
    let source = String::from_utf8_lossy(&job.source.text);
    Ok(Artifacts {
        object: run.output,
        c: format!("{source}\n{planted}"),
        vmlinux,
        warnings: format!("{warnings}{messages}"),
        inputs: Vec::new(),
        read: job.scratch.files_read()?,
    })
}

/// Variables that say what the source does not: the types of events, given or else found, and which
/// maps hold counters.
fn planted(job: &CompileJob, tree: &str) -> String {
    let tree = (!clang_ast::is_deep(tree))
        .then(|| Node::parse(tree).ok())
        .flatten();
    // Of a tree that cannot be read, events are shown as bytes.
    let types = tree.as_ref().map(Types::of);
    let counters = types.iter().flat_map(Types::counters);
    let counters: String = counters.map(event_types::counters).collect();
    event_types::planted(&events_of(job, types.as_ref())) + &counters
}

fn events_of(job: &CompileJob, types: Option<&Types>) -> Vec<Event> {
    let given = job.given_events();
    let mut all = types.map(found).unwrap_or_default();
    all.retain(|event| !given.iter().any(|(map, _)| *map == event.map));
    all.extend(given.into_iter().map(|(map, c_type)| Event { map, c_type }));
    all
}

fn found(types: &Types) -> Vec<Event> {
    let mut all = types.reservations();
    for output in types.helper_outputs() {
        let map = &output.map;
        let found = types.of_output(&output).into_iter();
        all.extend(found.map(|c_type| Event {
            map: map.clone(),
            c_type,
        }));
    }
    let mut seen = HashSet::new();
    all.retain(|event| types.is_global(&event.c_type) && seen.insert(event.clone()));
    all
}

fn shown(job: &CompileJob, output: &str) -> String {
    let mut messages = diagnostics::parse(output);
    for message in &mut messages {
        compile_job::explain_type(message, &job.kernel);
    }
    match messages.is_empty() && output.contains("error") {
        true => output.to_owned(),
        false => job.shown().render(&messages),
    }
}
