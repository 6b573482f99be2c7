//! Attaching functions to what they are for.

use std::fmt;
use std::path::Path;

use execsnoop_host::tracefs;
use execsnoop_host::tracefs::Tracefs;
use libbpf_rs::Link;
use libbpf_rs::Object;
use libbpf_rs::ProgramMut;
use libbpf_rs::TracepointCategory;
use libbpf_rs::UprobeOpts;

use crate::compile_options::Attach;
use crate::compile_options::Target;
use crate::runtime::perf_event::Clocks;

/// There when the kernel has kprobes.
const KPROBES: &str = "/sys/bus/event_source/devices/kprobe";
const UPROBES: &str = "/sys/bus/event_source/devices/uprobe";

/// Nothing runs: some functions could not be attached, or the output could not be opened.
#[derive(Debug)]
pub struct AttachError {
    /// What failed.
    pub failures: Vec<AttachFailure>,
}

/// One function that cannot be attached (or one map that cannot be read).
#[derive(Debug)]
pub struct AttachFailure {
    /// The function, or the map.
    pub name: String,
    /// Its section; empty for a map.
    pub section: String,
    /// What is the matter, and what to do.
    pub why: String,
    /// The kernel has nothing of that kind.
    pub unavailable: bool,
    /// It has no target.
    pub lacks_target: bool,
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, failure) in self.failures.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let AttachFailure {
                name, section, why, ..
            } = failure;
            match section.is_empty() {
                true => write!(f, "cannot read the map {name}: {why}")?,
                false => write!(f, "cannot attach {name} ({section}): {why}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for AttachError {}

/// What holds functions attached.
#[derive(Debug, Default)]
pub(crate) struct Links {
    pub(crate) links: Vec<Link>,
    pub(crate) clocks: Vec<Clocks>,
}

impl Links {
    /// How many functions (with perf events: on how many CPUs) are attached.
    pub(crate) fn len(&self) -> usize {
        let clocks = self.clocks.iter().map(Clocks::len);
        self.links.len() + clocks.sum::<usize>()
    }
}

/// Attaches all functions, as their sections say or as `chosen` says; but of those that are there
/// for others to call (`called`) only what has a target of its own.
pub(crate) fn attach_all(
    object: &Object,
    chosen: &[Attach],
    called: &[String],
) -> Result<Links, AttachError> {
    let mut links = Links::default();
    let mut failures = Vec::new();
    // One that is left out is not in the kernel.
    for program in object.progs_mut().filter(|program| program.autoload()) {
        let name = program.name().to_string_lossy().into_owned();
        let own = program.section().to_string_lossy().into_owned();
        let other = chosen.iter().find(|attach| attach.function == name);
        let section = match other.map(|attach| &attach.target) {
            None => own.as_str(),
            Some(Target::Section(section)) => section,
            Some(Target::TailSlot { .. } | Target::Omit) => continue,
        };
        if called.contains(&name) && !section.contains('/') {
            continue;
        }
        match attach(&mut links, &program, section, other.is_some()) {
            Ok(()) => {}
            Err(error) => failures.push(AttachFailure {
                why: explain(section, &error),
                unavailable: is_unavailable(section),
                lacks_target: lacks_target(section),
                section: section.to_owned(),
                name,
            }),
        }
    }
    match failures.is_empty() {
        true => Ok(links),
        false => Err(AttachError { failures }),
    }
}

fn attach(
    links: &mut Links,
    program: &ProgramMut<'_>,
    section: &str,
    chosen: bool,
) -> libbpf_rs::Result<()> {
    if let Some(event) = section.strip_prefix("perf_event/") {
        links.clocks.push(Clocks::attach(program, event)?);
        return Ok(());
    }
    // Once attached, it would only wait for a reader.
    if section.starts_with("iter/") {
        return Err(libbpf_rs::Error::from_raw_os_error(nix::libc::EOPNOTSUPP));
    }
    let link = match chosen {
        true => attach_to(program, section),
        false => tracefs::attach(program),
    };
    links.links.push(link?);
    Ok(())
}

/// Attaches to a target that the function itself does not name.
fn attach_to(program: &ProgramMut<'_>, section: &str) -> libbpf_rs::Result<Link> {
    let (kind, target) = section.split_once('/').unwrap_or((section, ""));
    match kind {
        "kprobe" => program.attach_kprobe(false, target),
        "kretprobe" => program.attach_kprobe(true, target),
        "ksyscall" => program.attach_ksyscall(false, target),
        "kretsyscall" => program.attach_ksyscall(true, target),
        "uprobe" => attach_uprobe(program, target, false),
        "uretprobe" => attach_uprobe(program, target, true),
        "usdt" => attach_usdt(program, target),
        "tracepoint" | "tp" => {
            let (category, name) = target.split_once('/').unwrap_or((target, ""));
            match Tracefs::shared() {
                Some(tracefs) => tracefs.attach(program, category, name),
                None => {
                    let category = TracepointCategory::Custom(category.to_owned());
                    program.attach_tracepoint(category, name)
                }
            }
        }
        "raw_tracepoint" | "raw_tp" => program.attach_raw_tracepoint(target),
        "fentry" | "fexit" | "tp_btf" => program.attach_trace(),
        _ => program.attach(),
    }
}

fn attach_uprobe(
    program: &ProgramMut<'_>,
    target: &str,
    retprobe: bool,
) -> libbpf_rs::Result<Link> {
    let (path, symbol) = target.rsplit_once(':').unwrap_or((target, ""));
    let options = UprobeOpts {
        retprobe,
        func_name: Some(symbol.to_owned()),
        ..UprobeOpts::default()
    };
    program.attach_uprobe_with_opts(ANY_PROCESS, path, 0, options)
}

/// `FILE:PROVIDER:NAME`; a file's name may hold colons.
fn attach_usdt(program: &ProgramMut<'_>, target: &str) -> libbpf_rs::Result<Link> {
    let (rest, name) = target.rsplit_once(':').unwrap_or((target, ""));
    let (path, provider) = rest.rsplit_once(':').unwrap_or((rest, ""));
    program.attach_usdt(ANY_PROCESS, path, provider, name)
}

const ANY_PROCESS: i32 = -1;

/// The kernel function of a section that needs it when loading.
pub(crate) fn trampoline_target(section: &str) -> Option<&str> {
    let (kind, target) = section.split_once('/')?;
    matches!(kind, "fentry" | "fexit" | "tp_btf").then_some(target)
}

/// Whether a section names a kind of attach point, but not which.
fn lacks_target(section: &str) -> bool {
    let kinds = [
        "kprobe",
        "kretprobe",
        "uprobe",
        "uretprobe",
        "tracepoint",
        "raw_tracepoint",
        "perf_event",
    ];
    kinds.contains(&section.trim_end_matches('/'))
}

/// Whether the kernel lacks what functions of a section need.
fn is_unavailable(section: &str) -> bool {
    let there = |path: &str| Path::new(path).exists();
    match section.split('/').next().unwrap_or_default() {
        "kprobe" | "kretprobe" | "ksyscall" | "kretsyscall" => !there(KPROBES),
        "uprobe" | "uretprobe" | "usdt" => !there(UPROBES),
        _ => false,
    }
}

/// What is the matter, and what to do about it.
fn explain(section: &str, error: &libbpf_rs::Error) -> String {
    let (kind, target) = section.split_once('/').unwrap_or((section, ""));
    match kind {
        "kprobe" | "kretprobe" | "ksyscall" | "kretsyscall" if is_unavailable(section) => {
            "this kernel has no kprobes (CONFIG_KPROBES is off): use a tracepoint, or another kernel"
                .to_owned()
        }
        "uprobe" | "uretprobe" | "usdt" if is_unavailable(section) => {
            "this kernel has no uprobes (CONFIG_UPROBES is off)".to_owned()
        }
        "kprobe" | "kretprobe" | "uprobe" | "uretprobe" | "tracepoint" | "raw_tracepoint"
            if target.is_empty() =>
        {
            let example = example(kind);
            format!("no target; a target looks like {kind}:{example}")
        }
        "ksyscall" | "kretsyscall" => {
            format!("{error:#}; is there a system call {target}, under just this name?")
        }
        "kprobe" | "kretprobe" => format!(
            "{error:#}; is there a function {target} in /proc/kallsyms? (It may be inlined, or have \
             another name in this kernel)"
        ),
        "uprobe" | "uretprobe" => {
            format!("{error:#}; is the file there, and does it have that symbol?")
        }
        "tracepoint" | "tp" => explain_tracepoint(target, error),
        "raw_tracepoint" | "raw_tp" => {
            format!("{error:#}; does this kernel have a tracepoint {target}?")
        }
        "perf_event" if target.is_empty() => {
            "no frequency; perf_event:99 means 99 times a second".to_owned()
        }
        "iter" => "an iterator runs when its file is read, which bpfrun does not do; write it as an object \
                   FILE.o, then: bpftool iter pin FILE.o /sys/fs/bpf/NAME && cat /sys/fs/bpf/NAME"
            .to_owned(),
        _ if format!("{error:#}").contains("Operation not supported") => {
            "bpfrun attaches tracing programs only (kprobes, uprobes, tracepoints and the like); the \
             verifier can check this one, and it can be written as an object"
                .to_owned()
        }
        _ => format!("{error:#}"),
    }
}

fn example(kind: &str) -> &'static str {
    match kind {
        "kprobe" | "kretprobe" => "do_unlinkat",
        "uprobe" | "uretprobe" => "/bin/bash:readline",
        "tracepoint" => "sched:sched_process_exec",
        _ => "sched_process_exec",
    }
}

fn explain_tracepoint(target: &str, error: &libbpf_rs::Error) -> String {
    match Tracefs::shared() {
        None => {
            "tracefs describes tracepoints, and cannot be read: run as root; before Linux 5.2 it must \
                 be mounted as well (mount -t tracefs tracefs /sys/kernel/tracing)"
                .to_owned()
        }
        Some(tracefs) if tracefs.contains(format!("events/{target}")) => format!("{error:#}"),
        Some(_) => format!(
            "this kernel has no tracepoint {target}: look for its name in events/ of tracefs"
        ),
    }
}
