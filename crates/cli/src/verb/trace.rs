//! The live trace: of the whole machine, or of one command.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::bail;
use caps::Capability;
use execsnoop_events::Kind;
use execsnoop_events::Source as _;
use execsnoop_probe::Command;
use execsnoop_probe::Core;
use execsnoop_probe::KernelFilters;
use execsnoop_probe::Options;
use execsnoop_probe::StartError;
use execsnoop_probe::drop_capabilities;
use execsnoop_probe::invoking_user;
use nix::sys::signal::Signal;

use crate::CANNOT_TRACE;
use crate::Failure;
use crate::args::Args;
use crate::args::EventKind;
use crate::args::Format;
use crate::filter::Filter;
use crate::output::Output;
use crate::pipeline::Pipeline;
use crate::signals::Signals;

/// How long events wait in the ring before they are shown.
const PERIOD: Duration = Duration::from_millis(50);

/// Traces until something ends it, and returns the exit status.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let usage = |error| Failure::new(2, error);
    let filter = Filter::new(
        args.name_regex().map_err(usage)?,
        args.line_regex().map_err(usage)?,
    );
    if let Some(path) = &args.ready_file {
        remove_stale(path)?;
    }
    let output = Output::open(args)?;
    let signals = Signals::install().context("cannot handle signals")?;
    let mut pipeline = Pipeline::new(kinds(args), filter, output, args.count);
    let core = Core::start(&options(args)).map_err(|error| cannot_start(args, error))?;
    if let Some(path) = &args.ready_file {
        File::create(path).with_context(|| format!("cannot create {path:?}"))?;
    }
    let command = start_command(args, &mut pipeline)?;
    drop_privileges(&core, command.is_some());
    Trace {
        core,
        command,
        pipeline,
        signals,
        deadline: args.duration.map(|duration| Instant::now() + duration),
    }
    .run(args.stats)
}

/// A trace under way.
struct Trace {
    core: Core,
    command: Option<Command>,
    pipeline: Pipeline,
    signals: Signals,
    deadline: Option<Instant>,
}

impl Trace {
    fn run(mut self, stats: bool) -> Result<u8, Failure> {
        while !self.over() {
            let timeout = self.time_left().map_or(PERIOD, |left| left.min(PERIOD));
            self.core
                .poll(timeout, &mut |event| self.pipeline.take(event))
                .map_err(|error| Failure::new(1, error))?;
            self.flush()?;
        }
        let statistics = stats.then(|| self.core.statistics());
        let tally = self
            .core
            .finish(&mut |event| self.pipeline.take(event))
            .map_err(|error| Failure::new(1, error))?;
        self.flush()?;
        if let Some(statistics) = statistics {
            print_statistics(statistics);
        }
        eprintln!("{}", self.pipeline.account(&tally));
        Ok(self
            .command
            .and_then(|command| command.exit_code())
            .unwrap_or(0))
    }

    fn over(&mut self) -> bool {
        let terminated = self.signals.take_terminated();
        let out_of_time = self.time_left() == Some(Duration::ZERO);
        match &mut self.command {
            Some(command) => {
                if terminated {
                    command.signal(Signal::SIGTERM);
                }
                command.ended()
            }
            None => terminated || out_of_time || self.signals.interrupted() || self.pipeline.done(),
        }
    }

    fn time_left(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Writes events out. When that fails, the trace ends; but a command goes on, and its exit status
    /// stays its own.
    fn flush(&mut self) -> Result<(), Failure> {
        match self
            .pipeline
            .flush()
            .context("cannot write events; tracing ends here")
        {
            Err(error) if self.command.is_some() => eprintln!("execsnoop: {error:#}"),
            written => written?,
        }
        Ok(())
    }
}

fn kinds(args: &Args) -> Vec<Kind> {
    [
        (EventKind::Exec, Kind::Exec),
        (EventKind::Failed, Kind::Failed),
        (EventKind::Fork, Kind::Fork),
    ]
    .into_iter()
    .filter(|(shown, _)| args.shows(*shown))
    .map(|(_, kind)| kind)
    .collect()
}

fn options(args: &Args) -> Options {
    Options {
        failed: args.shows(EventKind::Failed),
        forks: args.shows(EventKind::Fork) || !args.command.is_empty(),
        exe_path: args.format != Format::Text,
        ring_bytes: args.ring_size,
        measure: args.stats,
        filters: KernelFilters {
            uid: args.uid,
            ppid: args.ppid,
            cgroup: args.cgroup.clone(),
            cgroup_map: args.cgroupmap.clone(),
            mount_ns_map: args.mntnsmap.clone(),
        },
    }
}

/// With a command, 77 tells that it was not run; else 77 is for what cannot be helped here.
fn cannot_start(args: &Args, error: StartError) -> Failure {
    let code = match &error {
        _ if !args.command.is_empty() => CANNOT_TRACE,
        StartError::Cannot(_) => CANNOT_TRACE,
        _ => 1,
    };
    Failure::new(code, error)
}

/// Removes the ready file of an earlier run, but nothing that holds something.
fn remove_stale(path: &Path) -> anyhow::Result<()> {
    match fs::symlink_metadata(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(meta) if meta.is_file() && meta.len() == 0 => Ok(fs::remove_file(path)?),
        Ok(_) => bail!(
            "--ready-file {}: this exists and is not an empty file",
            path.display()
        ),
        Err(err) => Err(err).with_context(|| format!("--ready-file {path:?}")),
    }
}

fn start_command(args: &Args, pipeline: &mut Pipeline) -> Result<Option<Command>, Failure> {
    if args.command.is_empty() {
        return Ok(None);
    }
    pipeline.only_descendants();
    let user = args.user.clone().or_else(invoking_user);
    let user = user.filter(|user| user.uid != nix::unistd::Uid::effective());
    let command = Command::start(&args.command, user.as_ref());
    command
        .map(Some)
        .map_err(|error| Failure::new(error.exit_code(), error))
}

/// Gives up what was only needed to begin. What is kept, if need be: the right to ask the kernel about
/// our programs (before 5.19), and to pass signals on to another user's command.
fn drop_privileges(core: &Core, with_command: bool) {
    let kill: &[Capability] = match with_command {
        true => &[Capability::CAP_KILL],
        false => &[],
    };
    let both = [kill, &[Capability::CAP_BPF]].concat();
    let dropped = drop_capabilities(&both).and_then(|()| {
        let without_bpf =
            execsnoop_probe::without_capability(Capability::CAP_BPF, || core.statistics());
        match without_bpf? {
            Ok(_) => drop_capabilities(kill),
            Err(_) => Ok(()),
        }
    });
    if let Err(error) = dropped {
        tracing::warn!("cannot give capabilities up: {error}");
    }
}

fn print_statistics(statistics: Result<execsnoop_probe::Statistics, nix::errno::Errno>) {
    let statistics = match statistics {
        Ok(statistics) => statistics,
        Err(errno) => return tracing::warn!("no statistics: {errno}"),
    };
    for program in &statistics.programs {
        let each = program.run_ns.checked_div(program.runs).unwrap_or(0);
        eprintln!(
            "program {}: {} runs, {each} ns each, {} skipped",
            program.name, program.runs, program.skipped
        );
    }
    let (high, size) = (statistics.ring_high_bytes, statistics.ring_bytes);
    eprintln!(
        "ring: {high} of {size} bytes at most ({} %)",
        high * 100 / size.max(1)
    );
}
