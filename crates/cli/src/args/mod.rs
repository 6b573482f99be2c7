//! The command line.

mod doctor;
mod examples;
mod output;
mod parse;
mod record;
mod replay;
mod run;
mod select;
mod show;
#[cfg(test)]
mod tests;
mod time;
mod top;
mod trace;

use clap::Args;
use clap::CommandFactory as _;
use clap::Parser;
use clap::Subcommand;
use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;

pub use doctor::DoctorArgs;
pub use doctor::ReportFormat;
pub use record::DEFAULT_DIRECTORY;
pub use record::RecordArgs;
pub use record::RecordFileArgs;
pub use replay::ReplayArgs;
pub use select::SelectArgs;
pub use show::Format;
pub use show::Redact;
pub use show::ShowArgs;
pub use top::RankArgs;
pub use top::TopArgs;
pub use trace::TraceArgs;

const ABOUT: &str =
    "Shows every process started on this machine, with its full command line and its parent.";

/// The whole command line: a verb with its own options, or a live trace.
#[derive(Debug, Parser)]
#[command(name = "execsnoop", version, about = ABOUT, long_about = None)]
#[command(after_help = examples::SHORT, after_long_help = examples::LONG)]
#[command(infer_long_args = true, args_override_self = true)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct CommandLine {
    /// The verb; `None` means a live trace.
    #[command(subcommand)]
    pub verb: Option<Verb>,

    /// The live trace.
    #[command(flatten)]
    pub trace: TraceArgs,
}

/// What execsnoop does besides tracing.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Who spends the machine on short-lived processes
    Top(Box<TopArgs>),
    /// Record everything into files of bounded size, to be replayed later
    Record(Box<RecordArgs>),
    /// Show recordings, with every option of the live trace
    Replay(Box<ReplayArgs>),
    /// Check what this kernel and this user can trace, and what to change
    Doctor(DoctorArgs),
    /// Print the JSON Schema of the records that --format json writes
    Schema(SchemaArgs),
}

/// Options of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// That of the lines of a recording
    #[arg(long)]
    pub recording: bool,
}

impl CommandLine {
    /// The arguments of this process. Wrong ones end it, with status 2 and a message.
    pub fn of_this_process() -> Self {
        let line = Self::try_parse().unwrap_or_else(|error| with_hint(error).exit());
        if line.verb.is_none() && !line.trace.has_command() && ends_with_separator() {
            let message = "there is no command after '--'";
            Self::command()
                .error(ErrorKind::MissingRequiredArgument, message)
                .exit();
        }
        line
    }

    /// Whether libbpf and verifier messages are printed.
    pub fn verbose(&self) -> bool {
        match &self.verb {
            None => self.trace.run.verbose,
            Some(Verb::Top(args)) => args.run.verbose,
            Some(Verb::Record(args)) => args.run.verbose,
            Some(Verb::Doctor(args)) => args.verbose,
            Some(Verb::Replay(_) | Verb::Schema(_)) => false,
        }
    }
}

fn ends_with_separator() -> bool {
    let last = std::env::args_os().next_back();
    last.is_some_and(|last| last == "--")
}

/// `execsnoop ls` wants to trace ls, and `execsnoop --format json doctor` wants the doctor.
fn with_hint(mut error: clap::Error) -> clap::Error {
    let first = std::env::args_os().nth(1).unwrap_or_default();
    if CommandLine::command().find_subcommand(first).is_some() {
        return error; // it is about the options of that verb
    }
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
