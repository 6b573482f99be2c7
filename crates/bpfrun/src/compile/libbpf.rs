//! libbpf's dialect: served headers, the types of events found, the rest as it is.

use std::collections::HashSet;
use std::ffi::OsString;

use super::CompileError;
use super::job;
use super::job::Job;
use super::job::Made;
use super::kernel_types::Choice;
use super::kernel_types::words;
use super::messages;
use crate::dialect::ast;
use crate::dialect::ast::Node;
use crate::dialect::events;
use crate::dialect::events::Event;
use crate::dialect::events::Types;
use crate::dialect::headers;

const TRIES: usize = 5;

/// Compiles a source in libbpf's dialect.
pub(crate) fn compile(job: &Job) -> Result<Made, CompileError> {
    let arguments = arguments(job)?;
    let known = all_words(job);
    let mut choice = Choice::default();
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

fn learn(job: &Job, messages: &str, known: &HashSet<&[u8]>, choice: &mut Choice) -> bool {
    let shown = job.shown();
    job::learn(messages, known, choice, |message| {
        shown.line(&message.file, message.line)
    })
}

/// A source that includes kernel headers in place of vmlinux.h is given the kernel's types all the same.
fn arguments(job: &Job) -> Result<Vec<OsString>, CompileError> {
    let mut arguments = job.workshop.arguments(job.source, job.options);
    if job.includes.lacks_types() {
        let constants = job
            .workshop
            .write("constants.h", headers::CONSTANTS.as_bytes())?;
        let vmlinux = job.workshop.path("vmlinux.h");
        for file in [vmlinux, constants] {
            arguments.extend(["-include".into(), file.into()]);
        }
    }
    Ok(arguments)
}

/// Every word that the compiler may come by, but of the helpers' file only those of helpers in use.
fn all_words<'j>(job: &'j Job) -> HashSet<&'j [u8]> {
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

fn declare(job: &Job, known: &HashSet<&[u8]>, choice: &Choice) -> Result<String, CompileError> {
    let text = job.kernel.declare(known, choice)?;
    job.workshop.write("vmlinux.h", text.as_bytes())?;
    Ok(text)
}

fn write(job: &Job, planted: &str) -> Result<(), CompileError> {
    let marker = job.marker();
    let back = format!("\n# 1 \"<bpfrun>\"\n{planted}");
    let parts = [marker.as_bytes(), &job.source.text, back.as_bytes()];
    job.workshop.write("source.c", &parts.concat())?;
    Ok(())
}

fn finish(
    job: &Job,
    tree: &str,
    arguments: &[OsString],
    vmlinux: String,
    warnings: String,
) -> Result<Made, CompileError> {
    let planted = planted(job, tree);
    write(job, &planted)?;
    let arguments = [arguments, &job.workshop.listing()].concat();
    let run = job.object("source.c", &arguments)?;
    let messages = shown(job, &run.messages);
    if !run.success {
        return Err(CompileError::Source(messages));
    }
    let source = String::from_utf8_lossy(&job.source.text);
    Ok(Made {
        object: run.output,
        c: format!("{source}\n{planted}"),
        vmlinux,
        warnings: format!("{warnings}{messages}"),
        inputs: Vec::new(),
        read: job.workshop.files_read()?,
    })
}

/// Variables that say what the source does not: the types of events, given or else found, and which
/// maps hold counters.
fn planted(job: &Job, tree: &str) -> String {
    let tree = (!ast::is_deep(tree))
        .then(|| Node::parse(tree).ok())
        .flatten();
    // Of a tree that cannot be read, events are shown as bytes.
    let types = tree.as_ref().map(Types::of);
    let counters = types.iter().flat_map(Types::counters);
    let counters: String = counters.map(events::counters).collect();
    events::planted(&events_of(job, types.as_ref())) + &counters
}

fn events_of(job: &Job, types: Option<&Types>) -> Vec<Event> {
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

fn shown(job: &Job, output: &str) -> String {
    let mut messages = messages::parse(output);
    for message in &mut messages {
        job::explain_type(message, &job.kernel);
    }
    match messages.is_empty() && output.contains("error") {
        true => output.to_owned(),
        false => job.shown().render(&messages),
    }
}
