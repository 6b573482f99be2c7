//! The other tracers of the benchmark. Each shows as much of the arguments as it can.

use std::path::Path;
use std::path::PathBuf;

/// A tracer and its command line. `{out}` is replaced by the path of its output file.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<&'static str>,
    /// Additional arguments that show failed execs; `None` if the tool cannot show them.
    pub(crate) failed: Option<&'static [&'static str]>,
    /// Replaces `args` for output to a terminal; `None` if the tool is not measured there.
    pub(crate) terminal: Option<Vec<&'static str>>,
    pub(crate) scope: Scope,
    pub(crate) marker_kind: MarkerKind,
    /// A pattern for the losses that the tool reports; `None` if it reports none.
    pub(crate) lost: Option<&'static str>,
    pub(crate) ours: bool,
}

/// What a tool traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything that the machine runs.
    Machine,
    /// A command that the tool starts, and its descendants.
    Command,
    /// Everything, by audit rules in the kernel.
    AuditRules,
}

/// How an exec of a storm shows in its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkerKind {
    /// By the texts in its arguments.
    Arguments,
    /// By one line per exec, with the arguments if the tool could still read them.
    Lines,
    /// By one line per call, which has only the address of the arguments.
    Calls,
}

/// The first of these paths that exists, otherwise the first.
fn first_of(paths: &[&str]) -> PathBuf {
    let existing = paths.iter().find(|path| Path::new(path).exists());
    PathBuf::from(existing.unwrap_or(&paths[0]))
}

/// All tools, execsnoop first.
pub(crate) fn all(execsnoop: &Path) -> Vec<Tool> {
    [ours(execsnoop), peers()].into_iter().flatten().collect()
}

fn ours(execsnoop: &Path) -> Vec<Tool> {
    let with = |name, args: &[&'static str]| Tool {
        name,
        program: execsnoop.to_owned(),
        args: [args, &["-o", "{out}"]].concat(),
        failed: Some(&["-x"]),
        terminal: Some(args.to_vec()),
        scope: Scope::Machine,
        marker_kind: MarkerKind::Arguments,
        lost: Some(r"= shown \d+ \+ filtered \d+ \+ lost (\d+)"),
        ours: true,
    };
    vec![
        with("execsnoop, text", &[]),
        with("execsnoop, JSON", &["--format", "json"]),
        with("execsnoop -d, JSON", &["-d", "--format", "json"]),
        Tool {
            args: vec!["record", "-o", "-"],
            terminal: None,
            ..with("execsnoop record", &[])
        },
    ]
}

/// The defaults of the other tools.
fn peer(name: &'static str, paths: &[&str], args: &[&'static str]) -> Tool {
    Tool {
        name,
        program: first_of(paths),
        args: args.to_vec(),
        failed: Some(&[]),
        terminal: Some(args.to_vec()),
        scope: Scope::Machine,
        marker_kind: MarkerKind::Arguments,
        lost: None,
        ours: false,
    }
}

fn peers() -> Vec<Tool> {
    vec![
        libbpf_tools(),
        bcc(),
        bpftrace(),
        forkstat(),
        perf_trace(),
        strace(),
        auditd(),
    ]
}

fn libbpf_tools() -> Tool {
    let paths = ["/usr/sbin/execsnoop", "/usr/sbin/execsnoop-libbpf"];
    Tool {
        failed: Some(&["-x"]),
        lost: Some(r"(?i)lost (\d+) events"),
        ..peer("libbpf-tools execsnoop", &paths, &["--max-args", "60"])
    }
}

fn bcc() -> Tool {
    let paths = [
        "/usr/sbin/execsnoop-bpfcc",
        "/usr/share/bcc/tools/execsnoop",
    ];
    Tool {
        failed: Some(&["-x"]),
        lost: Some(r"Possibly lost (\d+) samples"),
        ..peer("bcc execsnoop", &paths, &["--max-args", "100"])
    }
}

fn bpftrace() -> Tool {
    Tool {
        lost: Some(r"Lost (\d+) events"),
        ..peer("bpftrace execsnoop.bt", &["/usr/bin/bpftrace"], &[script()])
    }
}

fn forkstat() -> Tool {
    let paths = ["/usr/bin/forkstat", "/usr/sbin/forkstat"];
    Tool {
        failed: None,
        marker_kind: MarkerKind::Lines,
        ..peer("forkstat", &paths, &["-e", "exec"])
    }
}

fn perf_trace() -> Tool {
    let args = ["trace", "-a", "-e", "execve,execveat"];
    Tool {
        args: [&args[..], &["-o", "{out}"]].concat(),
        marker_kind: MarkerKind::Calls,
        lost: Some(r"LOST (\d+) events"),
        ..peer("perf trace", &["/usr/bin/perf"], &args)
    }
}

fn strace() -> Tool {
    let whole = ["-v", "-s", "131072"];
    let args = [
        &["-f", "-e", "trace=execve,execveat"],
        &whole[..],
        &["-o", "{out}"],
    ]
    .concat();
    Tool {
        scope: Scope::Command,
        terminal: None,
        ..peer("strace -f", &["/usr/bin/strace"], &args)
    }
}

fn auditd() -> Tool {
    Tool {
        scope: Scope::AuditRules,
        terminal: None,
        ..peer("auditd", &["/usr/sbin/auditd"], &["-n", "-c", "{dir}"])
    }
}

fn script() -> &'static str {
    let paths = [
        "/usr/sbin/execsnoop.bt",
        "/usr/share/bpftrace/tools/execsnoop.bt",
    ];
    paths
        .into_iter()
        .find(|path| Path::new(path).exists())
        .unwrap_or("execsnoop.bt")
}

impl Tool {
    /// The command line as a user types it.
    pub(crate) fn command_line(&self) -> String {
        let program = self.program.file_name().unwrap_or_default();
        let words = std::iter::once(program.to_string_lossy().into_owned());
        let args = self.args.iter().map(|arg| match *arg {
            "{out}" => "FILE".to_owned(),
            "{dir}" => "DIR".to_owned(),
            arg => arg.to_owned(),
        });
        words.chain(args).collect::<Vec<_>>().join(" ")
    }
}
