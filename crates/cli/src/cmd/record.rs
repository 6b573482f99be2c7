//! The flight recorder.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::bail;
use execsnoop_clikit::Failure;
use execsnoop_clikit::is_stdout;
use execsnoop_events::Argv;
use execsnoop_events::Backend;
use execsnoop_events::Redactor;
use execsnoop_events::recording::Redaction;
use execsnoop_events::recording::StreamId;
use execsnoop_host::features::namespace::in_pid_namespace;

use super::live::LiveVerb;
use super::live::TracePlan;
use crate::args::DEFAULT_DIRECTORY;
use crate::args::RecordArgs;
use crate::args::RecordFileArgs;
use crate::args::ShowArgs;
use crate::args::TraceArgs;
use crate::cmd::settings::Settings;
use crate::cmd::settings::redaction;
use crate::pipeline::EventType;
use crate::pipeline::Pipeline;
use crate::recorder::Bounds;
use crate::recorder::Frames;
use crate::recorder::HeaderFacts;
use crate::recorder::Machine;
use crate::recorder::Progress;
use crate::recorder::Recorder;
use crate::recorder::RecordingDirectory;
use crate::recorder::RecordingOutput;
use crate::recorder::SingleFile;
use crate::recorder::Stream;
use crate::recorder::random_id;

/// A recording is never written to one.
const IS_TERMINAL: bool = false;

/// What is kept if nothing else is said.
const DEFAULT_BOUNDS: Bounds = Bounds {
    disk: 500 << 20,
    age: Duration::from_secs(7 * 24 * 3600),
    file: 64 << 20,
};

/// Records until something ends it, and returns the exit status.
///
/// # Errors
///
/// If recording cannot begin, or has to end early.
pub fn run(args: &RecordArgs) -> Result<u8, Failure> {
    check(args).map_err(|error| Failure::new(2, error))?;
    let bounds = bounds(&args.files).map_err(|error| Failure::new(2, error))?;
    let trace = args.as_trace();
    let TracePlan {
        options,
        requested,
        settings,
    } = TracePlan::of_recorder(&trace)?;
    let id = random_id().context("cannot read /dev/urandom")?;
    let session = format!("{id:016x}");
    let output = open_output(&args.files, bounds, &session)?;
    let hangup = Arc::new(AtomicBool::new(false));
    let verb = LiveVerb {
        args: &trace,
        options,
        requested,
        makes_files: true,
        hangup: Some(Arc::clone(&hangup)),
    };
    verb.run(|backend| {
        let facts = facts(&trace, &settings, backend, session);
        let progress = Progress::new(output.name(), trace.has_command());
        let frames = Frames::new(facts, StreamId(id));
        recording_pipeline(
            &trace,
            settings,
            Recorder::new(frames, output, hangup, progress),
        )
    })
}

fn recording_pipeline(trace: &TraceArgs, settings: Settings, recorder: Recorder) -> Pipeline {
    let mut enrichment = settings.enrichment;
    enrichment.redaction = redaction(&trace.show, IS_TERMINAL);
    Pipeline::new(settings.selection, enrichment, Box::new(recorder))
}

/// What would not be what the user means.
fn check(args: &RecordArgs) -> anyhow::Result<()> {
    let path = &args.files.output;
    if is_stdout(path) && !args.command.is_empty() {
        bail!("-o - and CMD would both write to standard output: name a file");
    }
    let has_other_ending = path.extension().is_some_and(|it| it != "zst");
    let is_named_directory = path.as_os_str().as_bytes().ends_with(b"/");
    if has_other_ending && !is_named_directory && !path.exists() {
        bail!(
            "-o {path:?} could mean a file or a directory: call a file NAME.jsonl.zst, and put a \
             '/' behind a directory"
        );
    }
    Ok(())
}

fn bounds(files: &RecordFileArgs) -> anyhow::Result<Option<Bounds>> {
    let given = [
        (files.max_disk.is_some(), "--max-disk"),
        (files.max_age.is_some(), "--max-age"),
        (files.rotate.is_some(), "--rotate"),
    ];
    if !is_directory(&files.output) {
        if let Some((_, option)) = given.iter().find(|(is_given, _)| *is_given) {
            bail!("{option} is for a directory of recordings, and -o names one file");
        }
        return Ok(None);
    }
    let disk = files.max_disk.unwrap_or(DEFAULT_BOUNDS.disk);
    let file = files.rotate.unwrap_or(DEFAULT_BOUNDS.file.min(disk / 4));
    if file > disk / 2 {
        bail!("--rotate is at most half of --max-disk: the file that is written is never removed");
    }
    let age = files.max_age.unwrap_or(DEFAULT_BOUNDS.age);
    Ok(Some(Bounds { disk, age, file }))
}

/// A path is a directory unless it is called like a recording, or a file is there.
fn is_directory(path: &Path) -> bool {
    let is_file = is_stdout(path) || path.extension().is_some_and(|it| it == "zst");
    path.is_dir() || !(is_file || path.exists())
}

fn open_output(
    files: &RecordFileArgs,
    bounds: Option<Bounds>,
    session: &str,
) -> anyhow::Result<Box<dyn RecordingOutput>> {
    let path = &files.output;
    Ok(match bounds {
        Some(bounds) => {
            let is_of_system = path == Path::new(DEFAULT_DIRECTORY);
            Box::new(RecordingDirectory::open(
                path,
                is_of_system,
                bounds,
                session,
            )?)
        }
        None if is_stdout(path) => Box::new(Stream::stdout()?),
        None => Box::new(SingleFile::open(path)?),
    })
}

fn facts(trace: &TraceArgs, settings: &Settings, backend: Backend, session: String) -> HeaderFacts {
    let show = &trace.show;
    let types = settings.selection.types.iter().map(EventType::name);
    let patterns = redaction(show, IS_TERMINAL);
    HeaderFacts {
        machine: Machine::this(),
        backend,
        session,
        initial_pid_ns: !in_pid_namespace(),
        redaction: Redaction {
            on: patterns.is_some(),
            patterns: patterns.map_or(0, |all| u32::try_from(all.len()).unwrap_or(u32::MAX)),
        },
        command_line: command_line(show),
        events: types.chain(["fork"]).map(str::to_owned).collect(),
        collected: vec!["cwd".to_owned()],
        env: show
            .env
            .iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect(),
    }
}

/// The command line of this process, masked like that of any other.
fn command_line(show: &ShowArgs) -> Vec<String> {
    let mut block = Vec::new();
    for arg in std::env::args_os() {
        block.extend_from_slice(arg.as_bytes());
        block.push(0);
    }
    let args = Argv::whole(&block);
    let patterns = redaction(show, IS_TERMINAL);
    let mut redactor = patterns.map(|patterns| Redactor::new(&patterns));
    let masked = redactor.as_mut().and_then(|it| it.redact(&args));
    let args = masked.unwrap_or(args);
    let text = |arg: &[u8]| String::from_utf8_lossy(arg).into_owned();
    args.iter().flatten().map(text).collect()
}
