//! BCC's dialect: preprocess, show the tree, rewrite, compile.

use std::collections::HashMap;
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;

use execsnoop_host::tracefs::Tracefs;

use crate::c::clang_ast;
use crate::c::clang_ast::Node;
use crate::c::event_types;
use crate::c::event_types::Event;
use crate::c::headers;
use crate::c::lex;
use crate::c::lex::Kind;
use crate::frontend::bcc::error::TranslateError;
use crate::frontend::bcc::map_stubs;
use crate::frontend::bcc::map_stubs::StubbedSource;
use crate::frontend::bcc::maps::Map;
use crate::frontend::bcc::program::Program;
use crate::frontend::bcc::rewrite;
use crate::frontend::bcc::rewrite::Rewritten;
use crate::kernel::tracepoint;
use crate::toolchain::compile_error::CompileError;
use crate::toolchain::compile_job;
use crate::toolchain::compile_job::Artifacts;
use crate::toolchain::compile_job::CompileJob;
use crate::toolchain::diagnostics;
use crate::toolchain::diagnostics::Message;
use crate::toolchain::kernel_config;
use crate::toolchain::kernel_types::TypeSelection;
use crate::toolchain::kernel_types::words;
use crate::toolchain::line_map::LineMap;

/// Tries after what the compiler's errors have taught.
const TRIES: usize = 5;

/// The headers of what is translated.
const INCLUDES: &str = "#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_tracing.h>\n\
    #include <bpf/bpf_core_read.h>\n";

/// Compiles a source in BCC's dialect.
pub(crate) fn compile(job: &CompileJob) -> Result<Artifacts, CompileError> {
    let preprocessed = preprocess(job)?;
    let known = words(preprocessed.as_bytes());
    let (declared, mut inputs) = declare_tracepoints(job, &preprocessed)?;
    inputs.extend(kernel_config::inputs(&job.source.text));
    let front = declared + &headers::functions(&known, &defined(preprocessed.as_bytes()));
    let mut staged =
        map_stubs::insert_map_stubs(&preprocessed).map_err(|refusal| refused(job, refusal))?;
    staged.prepend(&front);
    let checked = check(job, &staged, &known)?;
    finish(job, &checked, inputs)
}

/// The functions that a text defines.
fn defined(text: &[u8]) -> HashSet<&[u8]> {
    let tokens = lex::tokens(text);
    let words = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.kind == Kind::Word);
    words
        .filter(|(index, _)| {
            let open = index + 1;
            let is_call = tokens.get(open).is_some_and(|next| next.is(text, "("));
            let close = is_call.then(|| lex::closing(text, &tokens, open)).flatten();
            close
                .and_then(|close| tokens.get(close + 1))
                .is_some_and(|next| next.is(text, "{"))
        })
        .map(|(_, token)| token.of(text))
        .collect()
}

fn refused(job: &CompileJob, refusal: TranslateError) -> CompileError {
    CompileError::Dialect {
        path: job.source.path.clone(),
        refusal,
    }
}

/// The source without macros, each line still knowing where it came from.
fn preprocess(job: &CompileJob) -> Result<String, CompileError> {
    let macros = job
        .scratch
        .write("bcc_macros.h", headers::MACROS.as_bytes())?;
    let constants = job
        .scratch
        .write("bcc_constants.h", headers::CONSTANTS.as_bytes())?;
    let sockets = job
        .scratch
        .write("bcc_sockets.h", headers::SOCKETS.as_bytes())?;
    let text = [job.marker().as_bytes(), &job.source.text].concat();
    let main = job.scratch.write("source.c", &text)?;
    let mut arguments: Vec<OsString> = ["-E", "-w", "-x", "c"].map(OsString::from).to_vec();
    arguments.extend(job.scratch.listing());
    arguments.extend(job.scratch.arguments(job.source, job.options));
    arguments.extend(kernel_config::defines(&job.source.text));
    let network = job
        .includes
        .dropped
        .iter()
        .any(|name| is_network(name))
        .then_some(sockets);
    for file in [macros, constants].into_iter().chain(network) {
        arguments.extend(["-imacros".into(), file.into()]);
    }
    arguments.push(main.into());
    let run = job.clang.run(&arguments)?;
    if !run.success {
        return Err(CompileError::Source(shown(
            job,
            &run.messages,
            None,
            &HashMap::new(),
        )));
    }
    Ok(plain(&run.output))
}

/// Headers that bring `net/sock.h` with them.
fn is_network(name: &str) -> bool {
    let of_linux = [
        "linux/tcp",
        "linux/udp",
        "linux/inet",
        "linux/icmp",
        "linux/ipv6",
        "linux/net.h",
    ];
    name.starts_with("net/") || of_linux.iter().any(|known| name.starts_with(known))
}

/// What the preprocessor left, from the user's text on: markers without flags, strings in ASCII.
fn plain(output: &[u8]) -> String {
    let mut text = Vec::with_capacity(output.len());
    for line in output.split_inclusive(|&byte| byte == b'\n') {
        match marker(line) {
            Some((number, name)) => text.extend(format!("# {number} {name}\n").bytes()),
            None => text.extend_from_slice(line),
        }
    }
    in_ascii(&text)
}

/// The number and the quoted name of a line `# 1 "name" flags`.
fn marker(line: &[u8]) -> Option<(usize, String)> {
    let line = std::str::from_utf8(line).ok()?;
    let (number, rest) = line.strip_prefix("# ")?.split_once(' ')?;
    let end = rest.rfind('"')?;
    Some((number.parse().ok()?, rest[..=end].to_owned()))
}

/// Strings keep their bytes as octal numbers, so that the text is ASCII and places in it are
/// certain.
fn in_ascii(text: &[u8]) -> String {
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    let mut take = |from: usize, to: usize, quoted: bool| {
        for &byte in &text[from..to] {
            match byte {
                _ if byte.is_ascii() => result.push(char::from(byte)),
                _ if quoted => result += &format!("\\{byte:o}"),
                _ => result.push('?'),
            }
        }
    };
    for token in lex::tokens(text)
        .iter()
        .filter(|token| token.kind == Kind::Quoted)
    {
        take(at, token.range.start, false);
        take(token.range.start, token.range.end, true);
        at = token.range.end;
    }
    take(at, text.len(), false);
    result
}

/// The structs of the tracepoints that a text names, and the files they were made from.
fn declare_tracepoints(
    job: &CompileJob,
    text: &str,
) -> Result<(String, Vec<PathBuf>), CompileError> {
    let bytes = text.as_bytes();
    let wanted = map_stubs::tracepoints(bytes, &lex::tokens(bytes));
    if wanted.is_empty() {
        return Ok(Default::default());
    }
    let lost = |error: std::io::Error| refused(job, TranslateError::NoTracefs(error.to_string()));
    let tracefs = Tracefs::open().map_err(lost)?;
    let constants = job.kernel.btf.enumerators();
    let mut result = String::new();
    let mut files = Vec::new();
    for (category, event) in wanted {
        let file = tracepoint::format_file(&tracefs, &category, &event);
        let format = tracefs
            .format(&category, &event)
            .map_err(|_| refused(job, no_tracepoint(&tracefs, &category, &event)))?;
        result += &tracepoint::struct_of(&category, &event, &format, &constants);
        result.push('\n');
        files.push(file);
    }
    Ok((result, files))
}

fn no_tracepoint(tracefs: &Tracefs, category: &str, event: &str) -> TranslateError {
    let similar = match tracepoint::similar(tracefs, category, event).as_slice() {
        [] => "; events/ of tracefs lists those it has".to_owned(),
        names => format!("; did you mean {}?", names.join(" or ")),
    };
    TranslateError::NoTracepoint {
        name: format!("{category}:{event}"),
        similar,
    }
}

/// A staged text that the compiler has taken, with its tree.
struct Checked<'s> {
    staged: &'s StubbedSource,
    /// The kernel's types and helpers before it.
    front: String,
    vmlinux: String,
    tree: String,
    warnings: String,
}

/// Has the compiler check a text, with ever better declarations before it.
fn check<'s>(
    job: &CompileJob,
    staged: &'s StubbedSource,
    known: &HashSet<&[u8]>,
) -> Result<Checked<'s>, CompileError> {
    let mut choice = TypeSelection::default();
    let all = words(staged.text.as_bytes());
    let mut all: HashSet<&[u8]> = all.union(known).copied().collect();
    let helpers = headers::helpers(&all);
    for line in &helpers {
        all.extend(words(line.as_bytes()));
    }
    let helpers = stage_helpers(&helpers);
    let mut tries = 0;
    loop {
        tries += 1;
        let vmlinux = job.kernel.declare(&all, &choice)?;
        let front = format!("# 1 \"<kernel>\"\n{vmlinux}{helpers}# 1 \"<bpfrun>\"\n");
        let text = format!("{front}{}", staged.text);
        job.scratch.write("staged.c", text.as_bytes())?;
        let run = job.tree("staged.c", &[])?;
        let seen = LineMap::new(&text);
        let messages = shown(job, &run.messages, Some(&seen), &staged.maps);
        if run.success {
            let tree = String::from_utf8_lossy(&run.output).into_owned();
            return Ok(Checked {
                staged,
                front,
                vmlinux,
                tree,
                warnings: messages,
            });
        }
        if tries == TRIES || !learn(&seen, &run.messages, &all, &mut choice) {
            return Err(CompileError::Source(messages));
        }
    }
}

fn learn(seen: &LineMap, messages: &str, all: &HashSet<&[u8]>, choice: &mut TypeSelection) -> bool {
    compile_job::resolve_from_errors(messages, all, choice, |message| {
        seen.line(message).map(str::to_owned)
    })
}

/// Helpers as the dialect has them: the text that is printed needs no size, tasks are numbers.
fn stage_helpers(lines: &[&str]) -> String {
    let printk = "int bpf_trace_printk(const char *fmt, ...);\n";
    let usdt = "int bpf_usdt_readarg(int argc, struct pt_regs *ctx, void *arg);\n\
        int bpf_usdt_readarg_p(int argc, struct pt_regs *ctx, void *buf, u64 len);\n";
    let others = lines
        .iter()
        .filter(|line| !line.contains("bpf_trace_printk)"));
    let others: String = others.map(|line| format!("{line}\n")).collect();
    let others = others.replace("__bpf_fastcall ", ""); // a hint to newer compilers
    format!("{others}{printk}{usdt}")
}

/// Rewrites what was checked, and compiles it.
fn finish(
    job: &CompileJob,
    checked: &Checked,
    inputs: Vec<PathBuf>,
) -> Result<Artifacts, CompileError> {
    let rewritten = rewrite_text(job, checked)?;
    let usdt = match rewritten.has_usdt {
        true => "#include <bpf/usdt.bpf.h>\n",
        false => "",
    };
    let body = format!("{}{}", rewritten.text, back(job, checked, &rewritten));
    let text = format!(
        "# 1 \"<kernel>\"\n{}{INCLUDES}{usdt}# 1 \"<bpfrun>\"\n{body}",
        checked.vmlinux
    );
    job.scratch.write("translated.c", text.as_bytes())?;
    let run = job.object(
        "translated.c",
        &job.scratch.arguments(job.source, job.options),
    )?;
    let seen = LineMap::new(&text);
    let messages = shown(job, &run.messages, Some(&seen), &HashMap::new());
    if !run.success {
        return Err(CompileError::Translation {
            path: job.source.path.clone(),
            messages,
        });
    }
    Ok(Artifacts {
        object: run.output,
        c: format!(
            "#include \"vmlinux.h\"\n{INCLUDES}{usdt}\n{}",
            readable(&body)
        ),
        vmlinux: checked.vmlinux.clone(),
        warnings: format!("{}{messages}", checked.warnings),
        inputs,
        read: job.scratch.files_read()?,
    })
}

fn rewrite_text(job: &CompileJob, checked: &Checked) -> Result<Rewritten, CompileError> {
    let mut staged = StubbedSource {
        text: checked.staged.text.clone(),
        edits: checked.staged.edits.clone(),
        ..StubbedSource::default()
    };
    staged.prepend(&checked.front);
    let from = checked.front.len();
    if clang_ast::is_deep(&checked.tree) {
        return Err(refused(job, TranslateError::TooDeep));
    }
    let lost = |_| refused(job, TranslateError::TreeMismatch);
    let tree = Node::parse(&checked.tree).map_err(lost)?;
    let program = Program::new(&tree, &checked.staged.maps, from);
    let attach = &job.options.attach;
    rewrite::rewrite(&staged.text, &tree, &program, attach, staged.edits, from)
        .map_err(|refusal| refused(job, refusal))
}

/// What follows the program: its events' types, which maps are histograms or counters, its licence.
fn back(job: &CompileJob, checked: &Checked, rewritten: &Rewritten) -> String {
    let given = job.given_events();
    let mut events: Vec<_> = rewritten.events.clone();
    events.retain(|event| !given.iter().any(|(map, _)| *map == event.map));
    events.extend(given.into_iter().map(|(map, c_type)| Event { map, c_type }));
    let mut maps: Vec<_> = checked.staged.maps.values().collect();
    maps.sort_by(|one, other| one.name.cmp(&other.name));
    let maps: String = maps.into_iter().map(marker_of).collect();
    format!(
        "\n# 1 \"<bpfrun>\"\n{}{maps}char _license[] SEC(\"license\") = \"{}\";\n",
        event_types::planted(&events),
        license(&job.source.text)
    )
}

/// The variable that says of a map what the kernel's type of it does not.
fn marker_of(map: &Map) -> String {
    match map.is_histogram {
        true => format!(
            "char __bpfrun_histogram_{} SEC(\".bpfrun.maps\");\n",
            map.name
        ),
        false if map.has_counters() => event_types::counters(&map.name),
        false => String::new(),
    }
}

/// `#define BPF_LICENSE` of the program, else GPL.
fn license(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let given = text.lines().find_map(|line| {
        let rest = line.trim_start().strip_prefix('#')?.trim_start();
        let rest = rest.strip_prefix("define")?.trim_start();
        let rest = rest.strip_prefix("BPF_LICENSE")?;
        rest.starts_with([' ', '\t'])
            .then(|| rest.trim().replace(['"', '\\'], ""))
    });
    given.unwrap_or_else(|| "GPL".to_owned())
}

/// The translated text for people: without markers and the blank lines that comments left.
fn readable(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("# "));
    let mut result = String::new();
    let mut blank = true;
    for line in lines.map(str::trim_end) {
        if !(line.is_empty() && blank) {
            result += line;
            result.push('\n');
        }
        blank = line.is_empty();
    }
    result
}

/// Messages at the user's own lines, with what the dialect knows to add.
fn shown(
    job: &CompileJob,
    output: &str,
    seen: Option<&LineMap>,
    maps: &HashMap<String, Map>,
) -> String {
    let shown = job.shown();
    let mut messages = diagnostics::parse(output);
    for message in &mut messages {
        if let Some(line) = seen.and_then(|seen| seen.line(message)) {
            shown.place(message, line);
        }
        explain(message, maps);
        compile_job::explain_type(message, &job.kernel);
    }
    messages.retain(|message| !message.file.starts_with('<'));
    match messages.is_empty() && !output.is_empty() && output.contains("error") {
        true => output.to_owned(),
        false => shown.render(&messages),
    }
}

/// Who asks a map for a method that it has not is told those it has.
fn explain(message: &mut Message, maps: &HashMap<String, Map>) {
    if !message.text.starts_with("no member named") {
        return;
    }
    let table = message.text.split('\'').nth(3).unwrap_or_default();
    let name = table
        .strip_prefix("struct ")
        .and_then(|table| table.strip_suffix("_table_t"));
    let Some(map) = name.and_then(|name| maps.get(name)) else {
        return;
    };
    message.text = format!(
        "{} has no method '{}'; a {} has {}",
        map.name,
        message.quoted().unwrap_or_default(),
        map.macro_name(),
        map.method_names().join(", ")
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_keep_their_bytes_and_everything_else_is_ascii() {
        assert_eq!(
            in_ascii("int x\u{e9} = \"\u{e9}1\";".as_bytes()),
            "int x?? = \"\\303\\2511\";"
        );
    }

    #[test]
    fn a_function_with_a_body_is_defined_and_a_call_is_not() {
        let text = b"int f(int x);\nint g(int (*h)(void)) { return i(1); }";
        assert_eq!(defined(text), HashSet::from([b"g".as_slice()]));
    }

    #[test]
    fn markers_lose_their_flags() {
        assert_eq!(
            plain(b"# 12 \"a b.h\" 1 3\nint x;\n"),
            "# 12 \"a b.h\"\nint x;\n"
        );
    }

    #[test]
    fn the_licence_is_the_programs_own_or_gpl() {
        assert_eq!(license(b"int x;"), "GPL");
        assert_eq!(
            license(b"#define BPF_LICENSE Dual BSD/GPL\n"),
            "Dual BSD/GPL"
        );
    }
}
