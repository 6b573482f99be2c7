//! Recordings, shown like a live trace.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use anyhow::bail;
use execsnoop_clikit::Failure;
use execsnoop_clikit::message;
use execsnoop_clikit::stderr_line;
use execsnoop_events::CelFilter;
use execsnoop_events::recording;
use execsnoop_events::recording::Header;
use execsnoop_events::schema::Requirement;
use jiff::Timestamp;

use super::settings::NO_CGROUP_MATCHED;
use super::settings::OutputSpec;
use super::settings::Settings;
use super::settings::output_target;
use super::settings::redaction;
use crate::args::DEFAULT_DIRECTORY;
use crate::args::Format;
use crate::args::ReplayArgs;
use crate::args::TraceArgs;
use crate::pipeline::Pipeline;
use crate::pipeline::TimeRange;
use crate::pipeline::UserNames;
use crate::recordings::Input;
use crate::recordings::is_being_written;
use crate::replay::Chain;
use crate::replay::Notices;
use crate::replay::Pace;
use crate::replay::Played;
use crate::replay::Player;
use crate::replay::Progress;
use crate::replay::Session;
use crate::replay::SharedConsumer;
use crate::replay::Wanted;

/// An input with the header of its first file.
type Opened = (Input, Option<Header>);

/// Plays recordings, and returns the exit status: 1 if a part of them is damaged.
///
/// # Errors
///
/// If options are wrong, a recording cannot be opened, or the output cannot be written.
pub fn run(args: &ReplayArgs) -> Result<u8, Failure> {
    let inputs = inputs(args)?;
    let replay = Replay::new(args, &inputs);
    let settings = replay.settings().map_err(|error| Failure::new(2, error))?;
    refuse_own_input(&replay.trace, &inputs).map_err(|error| Failure::new(2, error))?;
    let target = output_target(&replay.trace)?;
    let is_terminal = target.is_terminal();
    let consumer = settings.output.consumer(&replay.trace.show, target);
    let consumer = SharedConsumer::new(consumer, replay.trace.output.count);
    let make_session = |header: Option<&Header>, consumer: SharedConsumer| {
        replay.session(header, is_terminal, consumer)
    };
    let pace = args.range.speed.map(Pace::new);
    let progress = Progress::new(is_terminal);
    let player = Player::new(&make_session, consumer, pace, progress);
    let chains = chains(inputs, replay.range);
    conclude(player.play(chains)?, &replay)
}

/// What is shown of recordings.
struct Replay {
    trace: TraceArgs,
    range: TimeRange,
    /// Records name their machines.
    names_hosts: bool,
    notices: RefCell<Notices>,
}

impl Replay {
    fn new(args: &ReplayArgs, inputs: &[Opened]) -> Self {
        let headers = inputs.iter().filter_map(|(_, header)| header.as_ref());
        let hosts: BTreeSet<&str> = headers.map(|header| header.host.as_str()).collect();
        let names_hosts = hosts.len() > 1;
        let mut trace = args.as_trace();
        let show = &mut trace.show;
        if names_hosts && show.format == Format::Text && show.compat.is_none() {
            show.columns.get_or_insert_with(|| "+host".to_owned());
        }
        Self {
            trace,
            range: TimeRange {
                since: args.range.since,
                until: args.range.until,
            },
            names_hosts,
            notices: RefCell::default(),
        }
    }

    /// The settings of a session.
    fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = Settings::new(&self.trace, false)?;
        settings.selection.range = self.range;
        settings.selection.limit = None; // one for all sessions
        settings.enrichment.names = UserNames::recorded();
        Ok(settings)
    }

    /// A session that delivers to this consumer.
    fn session(
        &self,
        header: Option<&Header>,
        is_terminal: bool,
        consumer: SharedConsumer,
    ) -> anyhow::Result<Session> {
        if let Some(header) = header {
            let notices = self.notices.borrow_mut().about(header, &self.trace);
            notices.into_iter().for_each(message);
        }
        let settings = self.settings()?;
        let names_host = self.names_hosts || asks_for_hosts(&settings);
        let mut enrichment = settings.enrichment;
        let is_masked = header.is_some_and(|header| header.redaction.on);
        enrichment.redaction = redaction(&self.trace.show, is_terminal)
            .filter(|own_patterns| !is_masked || !own_patterns.is_empty());
        enrichment.host = header
            .filter(|_| names_host)
            .map(|header| header.host.clone());
        let wanted = Wanted {
            cwd: enrichment
                .requirements
                .contains(Requirement::WorkingDirectory),
            env: !enrichment.env.is_empty(),
        };
        let pipeline = Pipeline::of_recording(settings.selection, enrichment, Box::new(consumer));
        Ok(Session::new(pipeline, wanted))
    }
}

/// Whether a filter or a list of columns asks for the machine.
fn asks_for_hosts(settings: &Settings) -> bool {
    let expression = settings.selection.expression.as_ref();
    let is_column = match &settings.output {
        OutputSpec::Json => false,
        OutputSpec::Csv { columns, is_chosen } => {
            *is_chosen && columns.iter().any(|column| column.field_name() == "host")
        }
        OutputSpec::Table { columns, .. } => columns.iter().any(|column| column.field() == "host"),
    };
    is_column || expression.is_some_and(|filter: &CelFilter| filter.asks_for("host"))
}

/// What is to be read.
fn inputs(args: &ReplayArgs) -> anyhow::Result<Vec<Opened>> {
    let default = [PathBuf::from(DEFAULT_DIRECTORY)];
    let paths = match args.paths.is_empty() {
        true => &default[..],
        false => &args.paths[..],
    };
    let mut inputs: Vec<Opened> = Vec::new();
    for path in paths {
        for input in Input::open(path)? {
            let header = input.header();
            match inputs.iter().find(|(_, known)| is_same_run(&header, known)) {
                Some((known, _)) => message(format_args!(
                    "{} has the same recording as {}, and is not played a second time",
                    input.name(),
                    known.name()
                )),
                None => inputs.push((input, header)),
            }
        }
    }
    Ok(inputs)
}

/// Whether both begin with the same file of the same run.
fn is_same_run(one: &Option<Header>, other: &Option<Header>) -> bool {
    let file = |header: &Header| (header.session.clone(), header.file);
    one.is_some() && one.as_ref().map(file) == other.as_ref().map(file)
}

/// A recording that is read is not overwritten.
fn refuse_own_input(trace: &TraceArgs, inputs: &[Opened]) -> anyhow::Result<()> {
    let Some(output) = trace.output.output.as_deref() else {
        return Ok(());
    };
    if inputs.iter().any(|(input, _)| input.has_file(output)) {
        bail!("-o {output:?} is a recording that is read: name another file");
    }
    Ok(())
}

fn chains(inputs: Vec<Opened>, range: TimeRange) -> Vec<Chain> {
    let nanoseconds = |time: Timestamp| i64::try_from(time.as_nanosecond());
    let since_ns = range.since.map(|it| nanoseconds(it).unwrap_or(i64::MAX));
    let until_ns = range.until.map(|it| nanoseconds(it).unwrap_or(i64::MAX));
    let times = recording::TimeRange {
        since_ns: since_ns.unwrap_or(i64::MIN),
        until_ns: until_ns.unwrap_or(i64::MAX),
    };
    let chain = |(input, header): Opened| {
        let begins = header.map(|header| header.time);
        Chain::new(input, times, begins)
    };
    inputs.into_iter().map(chain).collect()
}

/// Prints the account, and says what is not whole.
fn conclude(played: Played, replay: &Replay) -> Result<u8, Failure> {
    stderr_line(&played.account);
    if played.misses_cgroup && !played.has_matched {
        message(NO_CGROUP_MATCHED);
    }
    if played.account.seen == 0 && !played.is_damaged {
        message("no event of that kind and time is in what was read");
    } else if let Some(pid) = replay
        .trace
        .select
        .pid
        .filter(|_| played.account.shown == 0)
    {
        message(format_args!(
            "--pid {pid}: there is nothing of such a process"
        ));
    }
    let ends = played
        .without_end
        .iter()
        .filter(|_| replay.range.until.is_none());
    let cut: Vec<&String> = ends
        .filter(|file| !is_being_written(Path::new(file)))
        .collect();
    for file in &cut {
        message(format_args!(
            "{file} has no end: the recorder was killed, or the file was cut"
        ));
    }
    match played.unwritten {
        Some(error) => Err(error.into()),
        None => Ok(u8::from(played.is_damaged || !cut.is_empty())),
    }
}
