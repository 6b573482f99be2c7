//! Who spends the machine on short-lived processes.

#![cfg_attr(
    not(feature = "tui"),
    allow(dead_code, reason = "the screen alone uses it")
)]

mod busy_time;
mod cells;
mod csv;
mod feed;
mod json;
mod label;
mod once;
#[cfg(feature = "tui")]
mod screen;
mod text;
mod view;

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::bail;
use execsnoop_clikit::Failure;
use execsnoop_clikit::OutputTarget;
use execsnoop_events::aggregate::Grouping;

use super::live::LiveVerb;
use super::live::TracePlan;
use crate::args::Format;
use crate::args::RankArgs;
use crate::args::Redact;
use crate::args::TopArgs;
use crate::args::TraceArgs;
use crate::cmd::settings::Settings;
use crate::output::is_colored;
use crate::pipeline::Consumer;
use crate::pipeline::EventType;
use crate::pipeline::Pipeline;
use crate::pipeline::UserNames;
use feed::Feed;
use feed::FeedSettings;
use label::Labeler;
use once::Once;
use once::OnceSettings;

/// Text has this many rows, unless it is told otherwise.
const TEXT_ROWS: usize = 20;

/// Ranks until something ends it, and returns the exit status.
///
/// # Errors
///
/// If tracing cannot begin, or has to end early.
pub fn run(args: &TopArgs) -> Result<u8, Failure> {
    check(args).map_err(|error| Failure::new(2, error))?;
    let mut trace = args.as_trace();
    trace.run.duration = duration(args);
    let TracePlan {
        options, settings, ..
    } = TracePlan::new(&trace)?;
    #[cfg(feature = "tui")]
    if has_screen(args) {
        let verb = LiveVerb {
            args: &trace,
            options,
            requested: Vec::new(),
            makes_files: false,
            hangup: None,
        };
        return verb.run(|_| screen_pipeline(args, &trace, settings));
    }
    let target = target(args)?;
    let verb = LiveVerb {
        args: &trace,
        options,
        requested: Vec::new(),
        makes_files: target.makes_files_by_privilege(),
        hangup: None,
    };
    verb.run(|_| once_pipeline(args, &trace, settings, target))
}

/// Whether the ranking is shown on a screen: on a terminal, unless it is asked for once.
fn has_screen(args: &TopArgs) -> bool {
    let rank = &args.rank;
    let is_once = rank.once.is_some() || rank.output.is_some() || rank.format != Format::Text;
    cfg!(feature = "tui") && !is_once && std::io::stdout().is_terminal()
}

/// Options that mean nothing here.
fn check(args: &TopArgs) -> anyhow::Result<()> {
    if args.rank.max_lifetime.is_zero() || args.rank.window.is_zero() {
        bail!("--max-lifetime and --window have to be longer than 0");
    }
    Ok(())
}

/// How long is ranked; `None` until a command or the user ends it.
fn duration(args: &TopArgs) -> Option<Duration> {
    let rank = &args.rank;
    let has_end = !args.command.is_empty() || has_screen(args);
    rank.once
        .or(args.run.duration)
        .or((!has_end).then_some(rank.window))
}

/// Where the ranking is written: the file of `-o`; else stderr if a command has stdout; else
/// stdout.
fn target(args: &TopArgs) -> anyhow::Result<OutputTarget> {
    match &args.rank.output {
        Some(path) => OutputTarget::create_private(path),
        None if !args.command.is_empty() => OutputTarget::stderr(),
        None => OutputTarget::stdout(),
    }
}

#[cfg(feature = "tui")]
fn screen_pipeline(args: &TopArgs, trace: &TraceArgs, settings: Settings) -> Pipeline {
    let feed = feed(args, trace, &settings, Grouping::ALL.to_vec());
    let is_colored = is_colored(args.rank.color, true);
    let has_command = !args.command.is_empty();
    let screen = screen::Screen::new(feed, args.rank.by, is_colored, has_command);
    pipeline(settings, Box::new(screen))
}

fn once_pipeline(
    args: &TopArgs,
    trace: &TraceArgs,
    settings: Settings,
    target: OutputTarget,
) -> Pipeline {
    let rank = &args.rank;
    let is_terminal = target.is_terminal();
    let feed = feed(args, trace, &settings, vec![rank.by]);
    let once = OnceSettings {
        by: rank.by,
        format: rank.format,
        rows: rank.rows.unwrap_or(match rank.format {
            Format::Text => TEXT_ROWS,
            Format::Json | Format::Csv => usize::MAX,
        }),
        is_colored: is_colored(rank.color, is_terminal),
    };
    pipeline(settings, Box::new(Once::new(feed, once, target)))
}

fn pipeline(settings: Settings, consumer: Box<dyn Consumer>) -> Pipeline {
    Pipeline::new(settings.selection, settings.enrichment, consumer)
}

fn feed(args: &TopArgs, trace: &TraceArgs, settings: &Settings, groupings: Vec<Grouping>) -> Feed {
    let rank = &args.rank;
    Feed::new(
        FeedSettings {
            max_lifetime: rank.max_lifetime,
            window: rank.window,
            duration: trace.run.duration,
            groupings,
            counts_failed_execs: settings.selection.types.contains(EventType::Failed),
        },
        labeler(rank),
        UserNames::new(settings.enrichment.names.is_foreign()),
    )
}

/// A ranking ends up in tickets, so secrets are masked on a terminal, too.
fn labeler(rank: &RankArgs) -> Labeler {
    let redacts = rank.redact != Redact::Off;
    Labeler::new(redacts.then_some(rank.redact_also.as_slice()))
}
