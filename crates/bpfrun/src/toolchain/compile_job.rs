//! One compilation: what both dialects need.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::c::lex;
use crate::compile_options::CompileOptions;
use crate::compile_options::Source;
use crate::toolchain::clang::Clang;
use crate::toolchain::clang::Run;
use crate::toolchain::compile_error::CompileError;
use crate::toolchain::diagnostics;
use crate::toolchain::diagnostics::Message;
use crate::toolchain::diagnostics::Shown;
use crate::toolchain::includes::Includes;
use crate::toolchain::kernel_types::KernelTypes;
use crate::toolchain::kernel_types::TypeSelection;
use crate::toolchain::scratch_dir::ScratchDir;

/// A source on its way to an object.
#[derive(Debug)]
pub(crate) struct CompileJob<'a> {
    pub source: &'a Source,
    pub options: &'a CompileOptions,
    pub includes: &'a Includes,
    pub clang: Clang,
    pub kernel: KernelTypes,
    pub scratch: ScratchDir,
}

/// What a job made.
#[derive(Debug)]
pub(crate) struct Artifacts {
    pub object: Vec<u8>,
    pub c: String,
    pub vmlinux: String,
    pub warnings: String,
    /// Files of the machine that entered, beside the user's own.
    pub inputs: Vec<PathBuf>,
    /// Files that the compiler has read.
    pub read: Vec<PathBuf>,
}

/// Flags of the runs that make objects.
const TO_OBJECT: [&str; 5] = ["-O2", "-g", "-c", "-x", "c"];

/// Flags of the runs that only check and show the tree.
const TO_TREE: [&str; 6] = [
    "-O2",
    "-fsyntax-only",
    "-Xclang",
    "-ast-dump=json",
    "-x",
    "c",
];

/// What newer versions of the compiler made errors of, which programs have done for long; and
/// warnings about what this dialect is made of.
const LENIENT: [&str; 9] = [
    "-Wno-error=int-conversion",
    "-Wno-error=incompatible-pointer-types",
    "-Wno-error=implicit-int",
    "-Werror=implicit-function-declaration",
    "-Wno-address-of-packed-member",
    "-Wno-gnu-variable-sized-type-not-at-end",
    "-Wno-pointer-sign",
    "-Wno-compare-distinct-pointer-types",
    "-Wno-unused-value",
];

impl CompileJob<'_> {
    /// The tree of a file in the scratch directory, as JSON, with the run's messages.
    pub fn tree(&self, file: &str, more: &[OsString]) -> Result<Run, CompileError> {
        let mut arguments: Vec<OsString> = LENIENT.map(OsString::from).to_vec();
        arguments.extend(TO_TREE.map(OsString::from));
        arguments.extend_from_slice(more);
        arguments.push(self.scratch.path(file).into());
        let run = self.clang.run(&arguments)?;
        match run.success && run.output.is_empty() {
            true => Err(self.clang.not_for_bpf()), // whatever it is, it is no clang
            false => Ok(run),
        }
    }

    /// The object of a file in the scratch directory. Only what the optimizer has to say is warned
    /// of: the rest was said with the tree.
    pub fn object(&self, file: &str, more: &[OsString]) -> Result<Run, CompileError> {
        let mut arguments: Vec<OsString> = TO_OBJECT.map(OsString::from).to_vec();
        arguments.push(self.kernel.instructions().into());
        arguments.extend(["-Wno-everything", "-Wpass-failed"].map(OsString::from));
        arguments.push("-Werror=implicit-function-declaration".into());
        arguments.extend_from_slice(more);
        arguments.push(self.scratch.path(file).into());
        arguments.extend(["-o".into(), self.scratch.path("object.o").into()]);
        let mut run = self.clang.run(&arguments)?;
        if run.success {
            run.output = self.scratch.read("object.o")?;
        }
        Ok(run)
    }

    /// The user's own files.
    pub fn shown(&self) -> Shown<'_> {
        let main = (&self.source.path, self.source.text.as_slice());
        let own = self.includes.own.iter();
        let own = own.map(|(path, text)| (path, text.as_slice()));
        Shown::new(own.chain([main]))
    }

    /// The line that says where the user's text begins.
    pub fn marker(&self) -> String {
        let path = self.source.path.display().to_string();
        let path = path
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "?");
        format!("# 1 \"{path}\"\n")
    }

    /// The event types that are given: by option, then by markers in the source.
    pub fn given_events(&self) -> Vec<(String, String)> {
        let by_option = self.options.event_types.iter();
        let mut given: Vec<_> = by_option
            .map(|event| (event.map.clone(), event.c_type.clone()))
            .collect();
        for (map, c_type) in gadget_markers(&self.source.text) {
            if !given.iter().any(|(known, _)| *known == map) {
                given.push((map, c_type));
            }
        }
        given
    }
}

/// `GADGET_TRACER(name, map, type)` says that a map's events are `struct type`.
fn gadget_markers(text: &[u8]) -> Vec<(String, String)> {
    let tokens = lex::tokens(text);
    let marks = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.is(text, "GADGET_TRACER"));
    marks
        .filter_map(|(index, _)| {
            let close = lex::closing(text, &tokens, index + 1)?;
            match lex::arguments(text, &tokens, index + 1, close).as_slice() {
                [_, map, name] => Some((map.clone(), format!("struct {name}"))),
                _ => None,
            }
        })
        .collect()
}

/// Learns from errors what must be declared or hidden; whether it is worth another try.
///
/// `line` finds the line that a message is about, as the compiler saw it.
pub(crate) fn resolve_from_errors(
    messages: &str,
    words: &HashSet<&[u8]>,
    choice: &mut TypeSelection,
    line: impl Fn(&Message) -> Option<String>,
) -> bool {
    let count =
        |choice: &TypeSelection| choice.more.len() + choice.hidden.len() + choice.tags.len();
    let before = count(choice);
    for message in diagnostics::parse(messages)
        .iter()
        .filter(|message| message.is_error())
    {
        if let Some(name) = tag_redefined(message) {
            choice.tags.insert(name.to_owned());
        } else if let Some(name) = redefined(message, &line) {
            choice.hidden.insert(name);
        } else if let Some(name) = incomplete(message)
            && !words.contains(name.as_bytes())
        {
            choice.more.insert(name.to_owned());
        }
    }
    before != count(choice)
}

/// A struct, union or enum that both the kernel and the program define.
fn tag_redefined(message: &Message) -> Option<&str> {
    let text = &message.text;
    let twice = text.starts_with("redefinition of '") && text.ends_with('\'')
        || text.starts_with("nested redefinition of ")
        || text.starts_with("use of '") && text.contains("does not match previous declaration");
    message.quoted().filter(|_| twice)
}

/// A constant or an alias that both the kernel and the program define.
fn redefined(message: &Message, line: impl Fn(&Message) -> Option<String>) -> Option<String> {
    let text = &message.text;
    if text.starts_with("typedef redefinition with different types") {
        return message.word(&line(message)?); // the only such message without the name
    }
    let twice = text.starts_with("redefinition of ");
    message.quoted().filter(|_| twice).map(str::to_owned)
}

/// Who uses a type that this kernel has not is told so.
pub(crate) fn explain_type(message: &mut Message, kernel: &KernelTypes) {
    let Some(name) = incomplete(message).filter(|_| message.is_error()) else {
        return;
    };
    if kernel.btf.has(name.as_bytes()) {
        return;
    }
    message.text += match message.text.starts_with("unknown type name") {
        true => "; neither the program nor this kernel has such a type",
        false => {
            "; this kernel has no such type (bpftool btf dump file /sys/kernel/btf/vmlinux lists those it \
             has; a module's are not among them)"
        }
    };
}

/// A type that is used but was not declared whole.
fn incomplete(message: &Message) -> Option<&str> {
    let text = &message.text;
    let lacking = text.contains("incomplete") || text.starts_with("unknown type name");
    let name = message.quoted().filter(|_| lacking)?;
    name.trim_end_matches(['*', ' ']).rsplit(' ').next()
}
