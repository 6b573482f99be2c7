//! What every live verb does: it starts the probes and the command, feeds a pipeline until
//! something ends the trace, and prints the account.

mod command;
mod messages;
mod plan;
mod privileges;
mod run_loop;
mod stats;
mod stop;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::Context as _;
use execsnoop_clikit::Failure;
use execsnoop_clikit::ReadyFile;
use execsnoop_clikit::Signals;
use execsnoop_events::Backend;
use execsnoop_events::Source as _;
use execsnoop_host::process::Command;
use execsnoop_probe::Live;
use execsnoop_probe::Options;
use nix::unistd::User;
use sd_notify::NotifyState;

use crate::args::TraceArgs;
use crate::pipeline::Pipeline;
use plan::RequestedField;
pub use plan::TracePlan;
use privileges::LaterWork;
use privileges::drop_privileges;
use run_loop::RunLoop;
use stop::StopConditions;

/// A live verb: what is captured, and what becomes of it.
pub struct LiveVerb<'a> {
    /// The options of the trace.
    pub args: &'a TraceArgs,
    /// What the kernel side has to do.
    pub options: Options,
    /// The fields that were asked for by name.
    pub requested: Vec<RequestedField<'static>>,
    /// Files are made, renamed or removed while the trace runs.
    pub makes_files: bool,
    /// Set by SIGHUP, which ends the trace otherwise.
    pub hangup: Option<Arc<AtomicBool>>,
}

impl LiveVerb<'_> {
    /// Traces until something ends it, and returns the exit status. The pipeline is made when it is
    /// known which backend captures the events.
    ///
    /// # Errors
    ///
    /// If tracing cannot begin, or has to end early.
    pub fn run(self, pipeline: impl FnOnce(Backend) -> Pipeline) -> Result<u8, Failure> {
        let args = self.args;
        let user = command::user(args)?;
        let signals = install_signals(self.hangup).context("cannot handle signals")?;
        let live = Live::start(&self.options, args.run.backend.chosen());
        let live = live.map_err(|error| messages::cannot_start(args, error))?;
        messages::report_limitations(live.backend(), &self.requested);
        messages::report_unseen_failures(&live);
        if args.run.btf.is_some() && live.backend() != Backend::Classic {
            execsnoop_clikit::message("--btf is not used: only the classic backend needs it");
        }
        let mut pipeline = pipeline(live.backend());
        pipeline.begin()?;
        pipeline.tick(live.now_ns()); // CMD begins after that
        if signals.any() && args.has_command() {
            return Ok(if signals.interrupted() { 130 } else { 143 }); // CMD must not begin
        }
        let later = LaterWork {
            passes_signals: args.has_command(),
            makes_files: self.makes_files,
        };
        let command = match begin(args, user.as_ref(), &live, &signals, later) {
            Ok(command) => command,
            Err(failure) => {
                finish_without_command(live, pipeline, signals);
                return Err(failure);
            }
        };
        let deadline = args.run.duration.map(|duration| Instant::now() + duration);
        let stop = StopConditions::new(signals, command, args.run.follow, deadline);
        run_live(live, RunLoop::new(pipeline, stop), args.run.stats)
    }
}

/// Shows what there was of a command that could not be started: with -x, the search for it.
fn finish_without_command(mut live: Live, pipeline: Pipeline, signals: Signals) {
    let stop = StopConditions::new(signals, None, false, None);
    RunLoop::new(pipeline, stop).finish(&mut live);
}

fn run_live(mut live: Live, mut run_loop: RunLoop, with_stats: bool) -> Result<u8, Failure> {
    run_loop.run(&mut live);
    notify(NotifyState::Stopping);
    let statistics = with_stats.then(|| live.statistics());
    run_loop.finish(&mut live);
    if let Some(statistics) = statistics {
        stats::print(statistics);
    }
    run_loop.into_exit_status()
}

/// Tells systemd, if that has started us and asked for it (`Type=notify`).
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!("systemd is not told: {error}");
    }
}

fn install_signals(hangup: Option<Arc<AtomicBool>>) -> io::Result<Signals> {
    let signals = match hangup {
        Some(flag) => Signals::install_with_hangup(flag)?,
        None => Signals::install()?,
    };
    signals.wake_at_end_of_child()?; // the command
    Ok(signals)
}

/// Announces that tracing has begun, starts the command, and drops privileges. A command inherits
/// them first; without a command they are dropped before the announcement.
fn begin(
    args: &TraceArgs,
    user: Option<&User>,
    live: &Live,
    signals: &Signals,
    later: LaterWork,
) -> Result<Option<Command>, Failure> {
    let with_command = args.has_command();
    if !with_command {
        drop_privileges(live, later);
    }
    let ready_file = args.run.ready_file.as_deref();
    let ready = ready_file.map(ReadyFile::create).transpose()?;
    let command = command::start(args, user, signals)?;
    ready.into_iter().for_each(ReadyFile::keep);
    if with_command {
        drop_privileges(live, later);
    }
    notify(NotifyState::Ready);
    Ok(command)
}
