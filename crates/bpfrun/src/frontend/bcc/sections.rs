//! What a function is attached to: by its name, by its context, or by what the user says.

use crate::c::clang_ast::Node;
use crate::compile_options::Attach;
use crate::compile_options::Target;
use crate::frontend::bcc::error::TranslateError;
use crate::frontend::bcc::tails;

/// The section name, as libbpf knows them, of a function.
pub(crate) fn section(function: &Node, attach: &[Attach]) -> Result<String, TranslateError> {
    let name = function.name();
    if let Some(given) = attach.iter().find(|one| one.function == name) {
        return match &given.target {
            Target::Omit => Ok("?kprobe".to_owned()), // libbpf does not load these
            Target::TailSlot { .. } => tails::section(function),
            Target::Section(section) => Ok(section.clone()),
        };
    }
    let named = by_name(name).or_else(|| by_context(function));
    named.ok_or_else(|| TranslateError::NoTarget {
        function: name.to_owned(),
    })
}

fn by_name(name: &str) -> Option<String> {
    let modular = |rest: &str| match rest.split_once("__") {
        Some(("vmlinux", function)) => function.to_owned(),
        Some((module, function)) => format!("{module}:{function}"),
        None => rest.to_owned(),
    };
    let (prefix, rest) = name.split_once("__")?;
    Some(match prefix {
        "tracepoint" => tracepoint(rest)?,
        "kprobe" => of_kernel("k", rest),
        "kretprobe" => of_kernel("kret", rest),
        "syscall" => format!("ksyscall/{}", rest.trim_start_matches('_')),
        "raw_tracepoint" => format!("raw_tp/{rest}"),
        "kfunc" => format!("fentry/{}", modular(rest)),
        "kretfunc" => format!("fexit/{}", modular(rest)),
        "kmod_ret" => format!("fmod_ret/{}", modular(rest)),
        "lsm" => format!("lsm/{rest}"),
        "bpf_iter" => format!("iter/{rest}"),
        _ => return None,
    })
}

/// `sys_clone` is a system call, as in BCC: the function's own name is another on each
/// architecture.
fn of_kernel(kind: &str, function: &str) -> String {
    match function.strip_prefix("sys_") {
        Some(call) => format!("{kind}syscall/{call}"),
        None => format!("{kind}probe/{function}"),
    }
}

/// A function whose argument is a tracepoint's struct belongs to that tracepoint, whatever its
/// name.
fn by_context(function: &Node) -> Option<String> {
    let context = function.parameters().first()?.plain_type().to_owned();
    let name = context.trim_start_matches("const ");
    let name = name.strip_prefix("struct tracepoint__")?;
    tracepoint(name.trim_end_matches(['*', ' ']))
}

fn tracepoint(name: &str) -> Option<String> {
    let (category, event) = name.split_once("__")?;
    Some(format!("tracepoint/{category}/{event}"))
}

/// Whether a function's arguments are those of a system call, kept one step away.
pub(crate) fn is_syscall(name: &str, section: &str) -> bool {
    name.starts_with("syscall__")
        || section.starts_with("ksyscall/")
        || ["/__x64_sys_", "/__arm64_sys_"]
            .iter()
            .any(|mark| section.contains(mark))
}
