//! The command line.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::ArgAction;
use clap::CommandFactory as _;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap::builder::OsStringValueParser;
use clap::builder::TypedValueParser as _;
use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;
use execsnoop_probe::Backend;
use jiff::SignedDuration;
use nix::errno::Errno;
use nix::unistd::Uid;
use nix::unistd::User;
use regex::bytes::Regex;

const ABOUT: &str =
    "Shows every process that this machine runs: all arguments, and who started it.";

const EXAMPLES: &str = "\
Examples:
  execsnoop                       every exec on this machine
  execsnoop -x                    failed execs too
  execsnoop -T -u www-data        those of one user, with the time
  execsnoop -n '^(cc1|ld)$'       those whose command name matches
  execsnoop -l 'git (push|fetch)' those whose arguments do
  execsnoop -p 4711               what a process starts, and what that starts
  execsnoop -P $$                 what this shell starts itself
  execsnoop --filter 'uid != 0 && euid == 0'
                                  those for which a condition holds (docs/filters.md)
  execsnoop --unit cron           those of one systemd unit
  execsnoop --container 3f2a91    those of one container, by the beginning of its id
  execsnoop --cgroup /user.slice  those of one cgroup, and below it
  execsnoop --cgroupmap /sys/fs/bpf/ids
                                  of the cgroups, with --mntnsmap of the mount namespaces, in a BPF map
  execsnoop --columns +container,user
                                  in which container, and whose
  execsnoop -d                    whole processes: how long, how dear, how ended
  execsnoop -d --failed           those that did not end well
  execsnoop -- make -j4           what a command starts, its daemons too
  execsnoop --format json -o execs.jsonl --duration 10s
  execsnoop doctor                why it does not trace here, and what to do

Exit status: 0 fine, 1 failure, 2 wrong usage, 77 this kernel or user cannot trace;
with -- CMD that of CMD, 126 or 127 when it cannot be started, 77 when tracing cannot.";

const DOCTOR_HELP: &str = "\
Tries out what tracing needs: BPF, the kernel's types, the rights of this user. It changes nothing, and \
needs no rights itself. What is marked NO stands in the way, and says what to do; a note costs \
something or leaves something out.

Exit status: 0 all can be traced, 1 with losses only, 2 wrong usage, 77 nothing can be traced.";

/// The whole command line: a verb with its own options, or a live trace.
#[derive(Debug, Parser)]
#[command(name = "execsnoop", version, about = ABOUT, long_about = None, after_help = EXAMPLES)]
#[command(infer_long_args = true, args_override_self = true)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct CommandLine {
    /// What is to be done; `None` means a live trace.
    #[command(subcommand)]
    pub verb: Option<Verb>,

    /// The live trace.
    #[command(flatten)]
    pub trace: Args,
}

/// What execsnoop does beside tracing.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Tell what this kernel and this user can do, and what to change
    Doctor(DoctorArgs),
}

/// What `execsnoop doctor` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = DOCTOR_HELP, infer_long_args = true, args_override_self = true)]
pub struct DoctorArgs {
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, value_name = "FORM")]
    pub format: ReportFormat,

    /// Colours: auto means on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,

    /// Say everything that libbpf and the kernel's verifier say
    #[arg(short, long)]
    pub verbose: bool,
}

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// A table for people
    Text,
    /// One JSON object
    Json,
}

/// What a live trace takes.
#[derive(Debug, Parser)]
#[command(infer_long_args = true, args_override_self = true)]
pub struct Args {
    /// Show failed execs too
    #[arg(short = 'x', long, help_heading = "What is shown")]
    pub fails: bool,

    /// Show whole processes, each at its end: how long it lived, what it cost, how it ended
    #[arg(short = 'd', long, help_heading = "What is shown")]
    pub lifetime: bool,

    /// Join a walk along PATH into one line, with the number of tries (and show failed execs)
    #[arg(long, help_heading = "What is shown")]
    pub fold: bool,

    /// Show these events instead of execs alone (and of what -x adds)
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        help_heading = "What is shown"
    )]
    pub events: Option<Vec<EventKind>>,

    /// Only this user's processes (name or number)
    #[arg(short, long, value_name = "USER", value_parser = parse_user_id, help_heading = "What is shown")]
    pub uid: Option<u32>,

    /// Only commands whose name matches this regular expression
    #[arg(short, long, value_name = "REGEX", help_heading = "What is shown")]
    pub name: Option<String>,

    /// Only command lines (arguments joined by spaces) that match this regular expression
    #[arg(short, long, value_name = "REGEX", help_heading = "What is shown")]
    pub line: Option<String>,

    /// Only this process and what descends from it
    #[arg(
        short,
        long,
        value_name = "PID",
        conflicts_with = "command",
        help_heading = "What is shown"
    )]
    pub pid: Option<u32>,

    /// Of processes and exits, only those that did not end with status 0
    #[arg(long, help_heading = "What is shown")]
    pub failed: bool,

    /// Only children of this process
    #[arg(short = 'P', long, value_name = "PID", help_heading = "What is shown")]
    pub ppid: Option<u32>,

    /// Only processes in this cgroup, or below it: its path as JSON has it (/system.slice), or a directory
    /// of the cgroup v2 file system
    #[arg(short, long, value_name = "PATH", help_heading = "What is shown")]
    pub cgroup: Option<PathBuf>,

    /// Only processes of this container: its id or the beginning of it, of LXC and nspawn the name
    #[arg(long, value_name = "ID", value_parser = OsStringValueParser::new().try_map(not_empty), help_heading = "What is shown")]
    pub container: Option<OsString>,

    /// Only processes of this systemd unit: nginx, cron.service, session-3.scope, user.slice
    #[arg(long, value_name = "UNIT", value_parser = OsStringValueParser::new().try_map(not_empty), help_heading = "What is shown")]
    pub unit: Option<OsString>,

    /// Only cgroup ids that are keys of this pinned BPF hash map
    #[arg(long, value_name = "MAP", help_heading = "What is shown")]
    pub cgroupmap: Option<PathBuf>,

    /// Only mount namespaces whose inode numbers are keys of this pinned BPF hash map
    #[arg(long, value_name = "MAP", help_heading = "What is shown")]
    pub mntnsmap: Option<PathBuf>,

    /// Only events for which this condition holds, in CEL: 'uid == 0 && comm != "sh"'
    #[arg(long, value_name = "CEL", help_heading = "What is shown")]
    pub filter: Option<String>,

    /// Show the time (HH:MM:SS)
    #[arg(short = 'T', long, help_heading = "How it is shown")]
    pub time: bool,

    /// Show seconds since the start
    #[arg(short, long, help_heading = "How it is shown")]
    pub timestamp: bool,

    /// Show the user id
    #[arg(short = 'U', long, help_heading = "How it is shown")]
    pub print_uid: bool,

    /// Show the CPU
    #[arg(short = 'C', long, help_heading = "How it is shown")]
    pub print_cpu: bool,

    /// Show the parent's name (always shown, except with --compat bcc)
    #[arg(short = 'M', long, help_heading = "How it is shown")]
    pub print_pcomm: bool,

    /// Columns of the table, or of CSV, by name: pid,user,exe,args; +unit,container adds to the usual ones.
    /// A wrong name shows which there are
    #[arg(long, value_name = "LIST", help_heading = "How it is shown")]
    pub columns: Option<String>,

    /// Learn the directory each exec was called in (in JSON and CSV; a table shows it with --columns +cwd)
    #[arg(long, help_heading = "How it is shown")]
    pub cwd: bool,

    /// Learn these variables of each new image's environment (shown as with --cwd: +env)
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        value_parser = OsStringValueParser::new().try_map(variable),
        help_heading = "How it is shown"
    )]
    pub env: Vec<OsString>,

    /// Mask passwords, tokens and keys in arguments: auto means everywhere but on a terminal
    #[arg(long, value_enum, default_value_t = Redact::Auto, value_name = "WHEN", help_heading = "How it is shown")]
    pub redact: Redact,

    /// Mask what matches this regular expression, too; of one with a group, the group
    #[arg(long, value_name = "REGEX", value_parser = Regex::new, help_heading = "How it is shown")]
    pub redact_also: Vec<Regex>,

    /// Show who started whom: all ancestors, or the N nearest
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "256", help_heading = "How it is shown")]
    pub ancestors: Option<usize>,

    /// Show the ancestors' arguments too (in JSON)
    #[arg(long, requires = "ancestors", help_heading = "How it is shown")]
    pub ancestor_args: bool,

    /// Put every argument in double quotes
    #[arg(short, long, help_heading = "How it is shown")]
    pub quote: bool,

    /// Show at most this many arguments [default: all; 20 with --compat]
    #[arg(long, value_name = "N", help_heading = "How it is shown")]
    pub max_args: Option<usize>,

    /// Columns of another execsnoop
    #[arg(
        long,
        value_enum,
        value_name = "TOOL",
        help_heading = "How it is shown"
    )]
    pub compat: Option<Compat>,

    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM", help_heading = "How it is shown")]
    pub format: Format,

    /// Colours: auto means on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", help_heading = "How it is shown")]
    pub color: Color,

    /// Write events to this file
    #[arg(short, long, value_name = "FILE", help_heading = "Running")]
    pub output: Option<PathBuf>,

    /// End tracing after this time, such as 10s or 1m30s; a command goes on
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Running")]
    pub duration: Option<Duration>,

    /// End tracing after this many events; a command goes on
    #[arg(long, value_name = "N", help_heading = "Running")]
    pub count: Option<u64>,

    /// Run CMD as this user [default: who called sudo, else yourself]
    #[arg(long, value_name = "NAME", value_parser = parse_user, requires = "command", help_heading = "Running")]
    pub user: Option<User>,

    /// Size of the ring buffer that events pass through, such as 64M: a power of two, else the next one; 64K at least
    #[arg(long, value_name = "SIZE", value_parser = parse_ring_size, default_value = "16M", help_heading = "Running")]
    pub ring_size: u32,

    /// How to trace: auto takes the best way that works here
    #[arg(long, value_enum, default_value_t = BackendChoice::Auto, value_name = "BACKEND", help_heading = "Running")]
    pub backend: BackendChoice,

    /// This kernel's types, from a BTF file: for kernels that do not have them themselves
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    pub btf: Option<PathBuf>,

    /// Perf buffers instead of the ring buffer, with --backend classic: to try what old kernels need
    #[arg(long, hide = true)]
    pub perf_buffer: bool,

    /// Create this file when tracing has begun
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    pub ready_file: Option<PathBuf>,

    /// At the end, say what tracing cost in the kernel
    #[arg(long, help_heading = "Running")]
    pub stats: bool,

    /// Say everything that libbpf and the kernel's verifier say
    #[arg(short, long, action = ArgAction::SetTrue, help_heading = "Running")]
    pub verbose: bool,

    /// Trace only this command and what descends from it
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// What can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EventKind {
    /// Successful execs
    Exec,
    /// Failed execs
    Failed,
    /// New processes
    Fork,
    /// Ends of processes
    Exit,
    /// Whole processes, each at its end
    Process,
}

/// How to trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BackendChoice {
    /// The best that works
    Auto,
    /// BPF, on a kernel with BTF: nothing is lost
    Core,
    /// BPF without BTF: no costs, no namespaces
    Classic,
    /// The process connector, without BPF: arguments only of processes that live for a moment
    Cnproc,
}

impl BackendChoice {
    /// The backend, unless it is to be chosen.
    pub fn chosen(self) -> Option<Backend> {
        match self {
            Self::Auto => None,
            Self::Core => Some(Backend::Core),
            Self::Classic => Some(Backend::Classic),
            Self::Cnproc => Some(Backend::Cnproc),
        }
    }
}

/// Whose columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compat {
    /// bcc's execsnoop
    Bcc,
    /// libbpf-tools' execsnoop
    Libbpf,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people
    Text,
    /// One JSON object a line
    Json,
    /// Comma-separated values
    Csv,
}

/// When to mask secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Redact {
    /// In all that is not written to a terminal
    Auto,
    /// Always
    On,
    /// Never
    Off,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl CommandLine {
    /// The arguments of this process. Wrong ones end it, with status 2 and a word on what is wrong.
    pub fn of_this_process() -> Self {
        let line = Self::try_parse().unwrap_or_else(|error| with_hint(error).exit());
        if line.verb.is_none()
            && line.trace.command.is_empty()
            && std::env::args_os()
                .next_back()
                .is_some_and(|last| last == "--")
        {
            let message = "there is no command after '--'";
            Self::command()
                .error(ErrorKind::MissingRequiredArgument, message)
                .exit();
        }
        line
    }

    /// Whether everything is to be said that libbpf and the verifier say.
    pub fn verbose(&self) -> bool {
        match &self.verb {
            None => self.trace.verbose,
            Some(Verb::Doctor(args)) => args.verbose,
        }
    }
}

impl Args {
    /// The regular expression of -n, if there is one.
    pub fn name_regex(&self) -> anyhow::Result<Option<Regex>> {
        self.regex("-n", self.name.as_deref())
    }

    /// The regular expression of -l, if there is one.
    pub fn line_regex(&self) -> anyhow::Result<Option<Regex>> {
        self.regex("-l", self.line.as_deref())
    }

    /// libbpf-tools' execsnoop looks for plain text, and so do we in its place.
    fn regex(&self, option: &str, pattern: Option<&str>) -> anyhow::Result<Option<Regex>> {
        let Some(pattern) = pattern else {
            return Ok(None);
        };
        let pattern = match self.compat {
            Some(Compat::Libbpf) => regex::escape(pattern),
            _ => pattern.to_owned(),
        };
        let regex = Regex::new(&pattern);
        Ok(Some(regex.with_context(|| {
            format!("{option}: {pattern:?} is not a regular expression")
        })?))
    }

    /// Whether events of this kind are to be shown.
    pub fn shows(&self, kind: EventKind) -> bool {
        match &self.events {
            Some(list) => list.contains(&kind),
            None => match kind {
                EventKind::Exec => !self.lifetime,
                EventKind::Failed => self.fails || self.fold,
                EventKind::Process => self.lifetime,
                EventKind::Fork | EventKind::Exit => false,
            },
        }
    }

    /// All kinds of events that are to be shown.
    pub fn shown(&self) -> Vec<EventKind> {
        let all = EventKind::value_variants().iter().copied();
        all.filter(|kind| self.shows(*kind)).collect()
    }

    /// The columns that were chosen by name.
    pub fn chosen_columns(&self) -> impl Iterator<Item = &str> {
        self.columns.as_deref().into_iter().flat_map(column_names)
    }

    /// Whether processes have to be followed from their beginning to their end.
    pub fn follows_lives(&self) -> bool {
        self.shows(EventKind::Process) || self.shows(EventKind::Exit) || self.ancestors.is_some()
    }
}

/// The names in a list of columns, such as `+unit,container`.
pub fn column_names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(|name| name.trim_matches(['+', ' ']))
}

/// Whoever writes `execsnoop ls` wants to trace ls, and whoever writes `execsnoop --format json doctor`
/// wants the doctor.
fn with_hint(mut error: clap::Error) -> clap::Error {
    let stray = [ContextKind::InvalidSubcommand, ContextKind::InvalidArg];
    let word = match stray.into_iter().find_map(|kind| error.get(kind)) {
        Some(ContextValue::String(word)) if !word.starts_with('-') => word,
        _ => return error,
    };
    let hint = match CommandLine::command().find_subcommand(word) {
        Some(_) => {
            format!("'{word}' comes first, and its own options after it: execsnoop {word} --help")
        }
        None => format!("to trace a command, put '--' before it: execsnoop -- {word}"),
    };
    let hints = ContextValue::StyledStrs(vec![hint.into()]);
    error.insert(ContextKind::Suggested, hints);
    error
}

fn parse_user(name: &str) -> Result<User, String> {
    let found = match name.parse() {
        Ok(uid) => User::from_uid(Uid::from_raw(uid)),
        Err(_) => User::from_name(name),
    };
    match found {
        Ok(Some(user)) => Ok(user),
        // ENOENT: there is not even a file of users.
        Ok(None) | Err(Errno::ENOENT) => Err("there is no such user".to_owned()),
        Err(errno) => Err(format!("cannot look the user up: {errno}")),
    }
}

fn parse_user_id(user: &str) -> Result<u32, String> {
    if user.bytes().all(|byte| byte.is_ascii_digit()) {
        return user
            .parse()
            .map_err(|_| "user ids go to 4294967295".to_owned());
    }
    parse_user(user).map(|user| user.uid.as_raw())
}

fn not_empty(name: OsString) -> Result<OsString, &'static str> {
    match name.is_empty() {
        true => Err("which?"),
        false => Ok(name),
    }
}

fn variable(name: OsString) -> Result<OsString, &'static str> {
    match name.is_empty() || name.as_bytes().contains(&b'=') {
        true => Err("variables are given by their names: PATH,LANG"),
        false => Ok(name),
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let usage = || "write it as 500ms, 10s, 1m30s, 2h".to_owned();
    let duration: SignedDuration = text.parse().map_err(|_| usage())?;
    Duration::try_from(duration).map_err(|_| usage())
}

fn parse_ring_size(text: &str) -> Result<u32, String> {
    let usage = || "write it as 65536, 512K, 16M, 1G".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => 1,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        _ => return Err(usage()),
    };
    let number: u64 = digits.parse().map_err(|_| usage())?;
    if number.saturating_mul(unit) > 1 << 30 {
        return Err("1G is the most".to_owned());
    }
    Ok(execsnoop_probe::ring_bytes(number.saturating_mul(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(["execsnoop"].iter().chain(words))
    }

    /// No two options clash.
    #[test]
    fn options_are_consistent() {
        CommandLine::command().debug_assert();
    }

    /// A verb is the first word, and stands alone; everything else is a live trace.
    #[test]
    fn verbs() {
        let line = |words: &[&str]| CommandLine::try_parse_from(["execsnoop"].iter().chain(words));
        let verb = |words: &[&str]| line(words).expect("valid").verb;
        assert!(matches!(verb(&["doctor"]), Some(Verb::Doctor(_))));
        let Some(Verb::Doctor(doctor)) = verb(&["doctor", "--form", "json", "-v"]) else {
            panic!("that is for the doctor");
        };
        assert!(doctor.format == ReportFormat::Json && doctor.verbose);
        for trace in [
            &[][..],
            &["-x"],
            &["-n", "doctor"],
            &["--", "doctor"],
            &["-x", "--", "doctor", "--format"],
        ] {
            assert!(verb(trace).is_none(), "{trace:?}");
        }
        let command = line(&["--", "doctor"]).expect("valid").trace.command;
        assert_eq!(command, ["doctor"]);
        for wrong in [
            &["-x", "doctor"][..],
            &["doctor", "-x"],
            &["doctor", "now"],
            &["doc"],
            &["help"],
        ] {
            assert!(line(wrong).is_err(), "{wrong:?}");
        }
    }

    /// Every option of bcc's and libbpf-tools' execsnoop is taken, in their spellings.
    #[test]
    fn takes_the_peers_options() {
        let bcc =
            "-T -t -x --cgroupmap /a --mntnsmap /b -u root -q -n x -l y -U -C -M --max-args 5 -P 1";
        let libbpf = "--time --timestamp --fails --uid 0 --quote --name x --line y --print-uid \
                      --max-args 5 --verbose --cgroup /sys/fs/cgroup";
        for options in [bcc, libbpf, "--max 5 --print-u --times"] {
            let words: Vec<&str> = options.split_whitespace().collect();
            parse(&words).unwrap_or_else(|err| panic!("{options}: {err}"));
        }
        assert_eq!(parse(&["-u", "root"]).expect("valid").uid, Some(0));
        assert_eq!(parse(&["-u", "0"]).expect("valid").uid, Some(0));
        assert!(parse(&["-u", "nobody-at-all"]).is_err());
    }

    /// What is shown, by default and otherwise.
    #[test]
    fn events_replace_the_choice() {
        let shown = |words: &[&str]| {
            let args = parse(words).expect("valid");
            EventKind::value_variants()
                .iter()
                .map(|kind| args.shows(*kind))
                .collect::<Vec<bool>>()
        };
        assert_eq!(shown(&[]), [true, false, false, false, false]);
        assert_eq!(shown(&["-x"]), [true, true, false, false, false]);
        assert_eq!(shown(&["-d"]), [false, false, false, false, true]);
        assert_eq!(shown(&["-dx"]), [false, true, false, false, true]);
        assert_eq!(
            shown(&["--events", "fork"]),
            [false, false, true, false, false]
        );
        assert_eq!(
            shown(&["-x", "--events", "exec,exit"]),
            [true, false, false, true, false]
        );
    }

    /// Durations and sizes as people write them, and a hint when they are not.
    #[test]
    fn durations_and_sizes() {
        assert_eq!(parse_duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(parse_duration("-1s").is_err() && parse_duration("ten").is_err());
        assert_eq!(parse_ring_size("64K"), Ok(64 << 10));
        assert_eq!(parse_ring_size("3MiB"), Ok(4 << 20));
        assert!(parse_ring_size("lots").is_err() && parse_ring_size("").is_err());
    }

    /// A pattern is a regular expression, but plain text for libbpf-tools' sake.
    #[test]
    fn patterns() {
        let regex = |words: &[&str]| parse(words).expect("valid").name_regex();
        assert!(
            regex(&["-n", "a+"])
                .expect("valid")
                .expect("given")
                .is_match(b"aaa")
        );
        assert!(regex(&["-n", "("]).is_err());
        let plain = regex(&["-n", "c++", "--compat", "libbpf"])
            .expect("valid")
            .expect("given");
        assert!(plain.is_match(b"g c++ x") && !plain.is_match(b"ccc"));
    }
}
