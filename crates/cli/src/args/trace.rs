//! Options of a live trace.

use std::ffi::OsString;

use clap::Parser;

use super::output::OutputArgs;
use super::run::RunArgs;
use super::select::KernelSelectArgs;
use super::select::SelectArgs;
use super::select::TypeArgs;
use super::show::ShowArgs;
use crate::pipeline::EventType;
use crate::pipeline::EventTypes;

/// What a live trace takes.
#[derive(Debug, Parser)]
#[command(infer_long_args = true, args_override_self = true)]
pub struct TraceArgs {
    #[command(flatten)]
    pub types: TypeArgs,

    #[command(flatten)]
    pub select: SelectArgs,

    #[command(flatten)]
    pub kernel_select: KernelSelectArgs,

    #[command(flatten)]
    pub show: ShowArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub run: RunArgs,

    /// Trace only this command and its descendants
    #[arg(last = true, value_name = "CMD", conflicts_with = "pid")]
    pub command: Vec<OsString>,

    /// It is not live: a recording is shown.
    #[arg(skip)]
    pub is_replay: bool,
}

impl TraceArgs {
    /// Whether processes have to be followed from their beginning to their end.
    pub fn follows_lives(&self) -> bool {
        self.types().has_ends() || self.show.ancestors.is_some()
    }

    /// Whether parents are compared in user space: forks are not filtered by the kernel side.
    pub fn filters_parents(&self) -> bool {
        self.select.ppid.is_some()
            && (self.follows_lives() || self.types().contains(EventType::Fork))
    }

    /// The event types to show: those of the list, or execs, and what other options add.
    pub fn types(&self) -> EventTypes {
        let TypeArgs {
            lifetime,
            fold,
            events,
            ..
        } = &self.types;
        let listed = |one| match events {
            Some(list) => list.contains(&one),
            None => one == EventType::Exec && !lifetime,
        };
        EventType::ALL
            .into_iter()
            .filter(|one| match one {
                EventType::Failed => listed(*one) || self.select.fails || *fold,
                EventType::Process => listed(*one) || *lifetime,
                _ => listed(*one),
            })
            .collect()
    }

    /// Whether a command is started.
    pub fn has_command(&self) -> bool {
        !self.command.is_empty()
    }
}
