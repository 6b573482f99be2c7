//! The live trace: of the whole machine, or of one command.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::anyhow;
use anyhow::bail;
use caps::Capability;
use execsnoop_clikit::CANNOT_TRACE;
use execsnoop_clikit::Failure;
use execsnoop_clikit::ReadyFile;
use execsnoop_clikit::Signals;
use execsnoop_clikit::message;
use execsnoop_clikit::stderr_line;
use execsnoop_events::Source as _;
use execsnoop_probe::Backend;
use execsnoop_probe::Command;
use execsnoop_probe::KernelFilters;
use execsnoop_probe::Live;
use execsnoop_probe::Options;
use execsnoop_probe::ProgramStats;
use execsnoop_probe::StartError;
use execsnoop_probe::boot_time_ns;
use execsnoop_probe::drop_capabilities;
use execsnoop_probe::in_pid_namespace;
use execsnoop_probe::invoking_user;
use nix::sys::signal::Signal;
use nix::sys::statfs::CGROUP_SUPER_MAGIC;
use nix::sys::statfs::CGROUP2_SUPER_MAGIC;
use nix::sys::statfs::Statfs;
use nix::sys::statfs::statfs;
use nix::unistd::Uid;
use nix::unistd::User;

use crate::args::Args;
use crate::args::EventKind;
use crate::filter::Filter;
use crate::filter::Whose;
use crate::filter::cel_filter;
use crate::output::Layout;
use crate::output::Needs;
use crate::output::Output;
use crate::output::field_of_column;
use crate::pipeline::Pipeline;

/// How long events wait in the ring before they are shown, while there are many.
const PERIOD: Duration = Duration::from_millis(50);

/// How long the first of them do: who has just started this looks for them.
const FIRST_PERIOD: Duration = Duration::from_millis(1);

/// How long it sleeps when nothing happens. The next event ends that, or a signal (but one that comes between
/// the look at it and the sleep).
const LONGEST_PERIOD: Duration = Duration::from_secs(1);

/// How long the end of a trace waits for final accounts.
const FINAL_ACCOUNTS: Duration = Duration::from_millis(150);

/// Most likely it was somebody else who was meant.
const FOUND_NOBODY: &str = "nothing was seen of that container, unit or cgroup. A container is known by its id \
     (4 digits or more of it), by its name only in LXC and nspawn; --columns +container,unit shows who there is";

/// How long a reader that takes nothing is waited for when a signal has asked us to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// Traces until something ends it, and returns the exit status.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let Plan {
        options,
        asked,
        mut pipeline,
    } = Plan::new(args)?;
    let signals = signals().context("cannot handle signals")?;
    let live = Live::start(&options, args.backend.chosen());
    let live = live.map_err(|error| cannot_start(args, error))?;
    say_what_is_lost(live.rung(), &asked);
    if args.btf.is_some() && live.rung() != Backend::Classic {
        message("--btf is not used: only the classic backend asks for it");
    }
    pipeline.begin()?;
    if signals.any() && !args.command.is_empty() {
        return Ok(if signals.interrupted() { 130 } else { 143 }); // CMD was not to begin
    }
    let command = begin(args, &live, &signals)?;
    Trace {
        live,
        pipeline,
        failure: None,
        watch: Watch {
            signals,
            command,
            deadline: args.duration.map(|duration| Instant::now() + duration),
        },
    }
    .run(args.stats)
}

/// What a command line asks for, before anything is traced.
pub struct Plan<'a> {
    /// What the kernel side has to do.
    options: Options,
    asked: Vec<Asked<'a>>,
    /// The way of events from there.
    pub pipeline: Pipeline,
}

impl<'a> Plan<'a> {
    pub fn new(args: &'a Args) -> Result<Self, Failure> {
        let wrong_usage = |error| Failure::new(2, error);
        let filter = filter(args).map_err(wrong_usage)?;
        let layout = Layout::choose(args).map_err(wrong_usage)?;
        check(args)?;
        let needs = needs(&layout, &filter);
        let options = options(args, needs, &filter);
        let output = Output::open(args, layout)?;
        Ok(Self {
            options,
            asked: asked_for(args, &filter),
            pipeline: Pipeline::new(args, filter, needs, output),
        })
    }
}

fn signals() -> io::Result<Signals> {
    let signals = Signals::install()?;
    signals.wake_at_end_of_child()?; // the command
    Ok(signals)
}

/// Says that tracing has begun, starts the command, and gives up what is not needed any more: the last
/// only after a command has inherited it, but without a command before anybody is told.
fn begin(args: &Args, live: &Live, signals: &Signals) -> Result<Option<Command>, Failure> {
    let with_command = !args.command.is_empty();
    if !with_command {
        drop_privileges(live, false);
    }
    let ready = args
        .ready_file
        .as_deref()
        .map(ReadyFile::create)
        .transpose()?;
    let command = start_command(args, signals)?;
    ready.into_iter().for_each(ReadyFile::keep);
    if with_command {
        drop_privileges(live, true);
    }
    Ok(command)
}

/// A trace under way.
struct Trace {
    live: Live,
    pipeline: Pipeline,
    watch: Watch,
    /// Why the trace had to end.
    failure: Option<Failure>,
}

impl Trace {
    fn run(mut self, stats: bool) -> Result<u8, Failure> {
        let mut period = FIRST_PERIOD;
        while !self.watch.ending() && !self.pipeline.done() {
            // While the reader is behind, events wait in the ring.
            if self.flush(PERIOD) {
                let came = self.poll(self.watch.time_left(period));
                self.flush(Duration::ZERO);
                period = self.next_period(period, came);
            }
        }
        self.await_final_accounts();
        let statistics = stats.then(|| self.live.statistics());
        self.finish();
        if let Some(statistics) = statistics {
            print_statistics(statistics);
        }
        match (self.watch.wait_for_command(), self.failure) {
            (Some(code), _) => Ok(code),
            (None, Some(failure)) => Err(failure),
            (None, None) => Ok(0),
        }
    }

    /// Each wait for nothing is twice as long as the one before. What ends a silence is seldom alone. The end of
    /// a command may come between the look at it and the sleep.
    fn next_period(&self, period: Duration, came: bool) -> Duration {
        if came && period > PERIOD {
            return FIRST_PERIOD;
        }
        let soon = came || self.pipeline.needs_ticks() || self.watch.command.is_some();
        let longest = if soon { PERIOD } else { LONGEST_PERIOD };
        longest.min(2 * period)
    }

    /// Takes what has happened, and waits for something at most `timeout`. Returns whether anything has.
    fn poll(&mut self, timeout: Duration) -> bool {
        let mut came = false;
        let polled = self.live.poll(timeout, &mut |event| {
            came = true;
            self.pipeline.take(event);
        });
        if let Err(error) = polled {
            self.fail(error.into());
        }
        for cgroup in self.pipeline.refused() {
            self.live.refuse_cgroup(cgroup);
        }
        self.pipeline.tick(boot_time_ns());
        came
    }

    /// Writes events out, and returns whether all are.
    fn flush(&mut self, wait: Duration) -> bool {
        self.pipeline.flush(wait).unwrap_or_else(|error| {
            self.fail(error);
            true
        })
    }

    /// Ends the trace. A command goes on, and its exit status stays its own, so the reason is said now.
    fn fail(&mut self, error: anyhow::Error) {
        self.pipeline.discard();
        let failure = Failure::from(error);
        if self.watch.command.is_some() {
            message(&failure);
        }
        self.failure.get_or_insert(failure);
    }

    /// The final accounts of those who have just ended, a command among them, come some milliseconds
    /// later.
    fn await_final_accounts(&mut self) {
        let deadline = Instant::now() + FINAL_ACCOUNTS;
        while !self.pipeline.done() && self.pipeline.waiting() && Instant::now() < deadline {
            self.poll(Duration::from_millis(10));
        }
    }

    /// Detaches, shows what is left, and closes the account.
    fn finish(&mut self) {
        let tally = self.live.finish(&mut |event| self.pipeline.take(event));
        self.pipeline.finish();
        self.flush_all();
        match tally {
            Ok(tally) => {
                stderr_line(self.pipeline.account(&tally));
                if self.pipeline.found_nobody() {
                    message(FOUND_NOBODY);
                }
            }
            Err(error) => self.fail(error.into()),
        }
    }

    /// Writes the rest, for as long as the reader takes. When a signal has asked us to end, a reader that
    /// takes nothing does not keep us.
    fn flush_all(&mut self) {
        let mut left = usize::MAX;
        let mut since = Instant::now();
        while !self.flush(PERIOD) {
            self.watch.ending();
            if self.pipeline.unwritten_bytes() < left {
                left = self.pipeline.unwritten_bytes();
                since = Instant::now();
            }
            if self.watch.signals.any() && since.elapsed() > PATIENCE {
                self.pipeline.discard();
            }
        }
    }
}

/// What can end a trace.
struct Watch {
    signals: Signals,
    command: Option<Command>,
    deadline: Option<Instant>,
}

impl Watch {
    /// Whether the trace is to end. A command gets the SIGTERM that was meant for it.
    fn ending(&mut self) -> bool {
        let out_of_time = self.time_left(PERIOD) == Duration::ZERO;
        match &mut self.command {
            Some(command) => {
                if self.signals.take_new_termination() {
                    command.signal(Signal::SIGTERM);
                }
                command.ended() || out_of_time
            }
            None => self.signals.any() || out_of_time,
        }
    }

    /// The time until the deadline, `most` at most.
    fn time_left(&self, most: Duration) -> Duration {
        self.deadline.map_or(most, |deadline| {
            most.min(deadline.saturating_duration_since(Instant::now()))
        })
    }

    /// The exit status of the command, if there is one. It may go on for longer than its trace.
    fn wait_for_command(mut self) -> Option<u8> {
        self.deadline = None;
        while self.command.is_some() && !self.ending() {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.command?.exit_code()
    }
}

/// What can be wrong before anything is begun.
fn check(args: &Args) -> Result<(), Failure> {
    if let Some(pid) = args.pid
        && !Path::new(&format!("/proc/{pid}")).exists()
    {
        return Err(anyhow!("--pid {pid}: there is no such process").into());
    }
    let ends = args.shows(EventKind::Process) || args.shows(EventKind::Exit);
    if args.failed && !ends {
        let hint = "--failed is about how processes ended: add -d (failed execs are shown by -x)";
        return Err(Failure::new(2, anyhow!(hint)));
    }
    if let Some(path) = args.btf.as_ref().filter(|path| !path.is_file()) {
        return Err(Failure::new(
            2,
            anyhow!("--btf {path:?}: there is no such file"),
        ));
    }
    if let Some(user) = args.user.as_ref().filter(|user| !may_become(user)) {
        let name = &user.name;
        return Err(Failure::new(
            2,
            anyhow!("--user {name}: only root can run CMD as another user"),
        ));
    }
    if let Some(path) = &args.ready_file {
        ReadyFile::remove_stale(path)?;
    }
    Ok(())
}

fn may_become(user: &User) -> bool {
    let own = Uid::effective();
    own.is_root() || own == user.uid
}

fn filter(args: &Args) -> anyhow::Result<Filter> {
    let mut filter = Filter::default();
    filter.name = args.name_regex()?;
    filter.line = args.line_regex()?;
    filter.uid = args.uid;
    // Numbers of another pid namespace than the initial one are only known to the kernel side.
    filter.ppid = args.ppid.filter(|_| args.follows_lives());
    filter.failed = args.failed;
    filter.whose = whose(args)?;
    filter.cel = cel_filter(args)?;
    Ok(filter)
}

fn whose(args: &Args) -> anyhow::Result<Whose> {
    let bytes = |word: &OsString| word.as_bytes().to_vec();
    let below = args.cgroup.as_deref().filter(|path| !is_directory(path));
    let by_cgroup = args.container.is_some() || args.unit.is_some() || below.is_some();
    if by_cgroup && args.shows(EventKind::Fork) {
        bail!("--container, --unit and --cgroup do not know forks: leave fork out of --events");
    }
    if let Some(path) = below.filter(|path| !path.is_absolute()) {
        bail!(
            "--cgroup {path:?}: a cgroup's path begins with '/', such as /system.slice/cron.service"
        );
    }
    Ok(Whose {
        container: args.container.as_ref().map(bytes),
        unit: args.unit.as_ref().map(bytes),
        below: below.map(|path| path.as_os_str().as_bytes().to_vec()),
    })
}

/// --cgroup takes a directory of the cgroup file system as well, as libbpf-tools' execsnoop does. (What is there
/// of that name in another file system is not meant.)
fn is_directory(path: &Path) -> bool {
    let of_cgroups =
        |fs: Statfs| [CGROUP2_SUPER_MAGIC, CGROUP_SUPER_MAGIC].contains(&fs.filesystem_type());
    path.starts_with("/sys") || statfs(path).is_ok_and(of_cgroups)
}

/// What has to be known to show what is to be shown, and to choose it.
fn needs(layout: &Layout, filter: &Filter) -> Needs {
    let mut needs = layout.needs().or(Needs::of(|field| filter.asks_for(field)));
    // A user's name is only told of who is in no container.
    needs.cgroups |= needs.names || !filter.whose.anybody();
    needs
}

/// What the kernel side has to do. When lives are followed it must not leave out by user or parent: who
/// is left out at one event may be wanted at another, as somebody's ancestor at least.
fn options(args: &Args, needs: Needs, filter: &Filter) -> Options {
    let lives = args.follows_lives();
    let pushed = filter.pushdown();
    // The kernel side takes numbers of processes as the tracer knows them, records have the machine's own.
    let pushed_ppid = pushed.ppid.filter(|_| !in_pid_namespace());
    Options {
        failed: args.shows(EventKind::Failed),
        forks: lives
            || args.shows(EventKind::Fork)
            || !args.command.is_empty()
            || args.pid.is_some(),
        exits: lives,
        final_accounts: args.shows(EventKind::Process),
        running: lives || args.pid.is_some(),
        exe_path: needs.exe,
        cwd: args.cwd || needs.cwd,
        env: !args.env.is_empty(),
        cgroups: needs.cgroups,
        sessions: needs.sessions,
        ring_bytes: args.ring_size,
        btf: args.btf.clone(),
        perf_buffer: args.perf_buffer,
        measure: args.stats,
        filters: KernelFilters {
            uid: args.uid.or(pushed.uid).filter(|_| !lives),
            ppid: args.ppid.or(pushed_ppid).filter(|_| !lives),
            cgroup: args.cgroup.clone().filter(|path| is_directory(path)),
            by_name: !filter.whose.anybody(),
            refuses_cgroups: !lives,
            cgroup_map: args.cgroupmap.clone(),
            mount_ns_map: args.mntnsmap.clone(),
        },
    }
}

/// A field that somebody wants, and the option that says so.
type Asked<'a> = (&'a str, &'static str);

/// The fields that are asked for by name. (JSON and CSV have all of them by themselves.)
fn asked_for<'a>(args: &'a Args, filter: &Filter) -> Vec<Asked<'a>> {
    let mut asked: Vec<Asked<'a>> = filter.fields().map(|field| (field, "--filter")).collect();
    let columns = args.chosen_columns();
    asked.extend(columns.map(|column| (field_of_column(column), "--columns")));
    asked.extend(args.cwd.then_some(("cwd", "--cwd")));
    asked.extend((!args.env.is_empty()).then_some(("env", "--env")));
    asked
}

/// Says, when it is not the best rung, which one was taken, and what is missing by it, above all of what was
/// asked for.
fn say_what_is_lost(rung: Backend, asked: &[Asked<'_>]) {
    let Some(lost) = rung.limitations() else {
        return;
    };
    let name = rung.name();
    message(format_args!(
        "tracing by {name}; not known that way: {lost}"
    ));
    let unknown = asked.iter().filter(|(field, _)| rung.lacks_field(field));
    let unknown: Vec<String> = unknown
        .map(|(field, option)| format!("{field} ({option})"))
        .collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        message(format_args!(
            "asked for, and never known by {name}: {unknown}"
        ));
    }
}

/// With a command, 77 tells that it was not run; else 77 is for what cannot be helped here.
fn cannot_start(args: &Args, error: StartError) -> Failure {
    let code = match &error {
        _ if !args.command.is_empty() => CANNOT_TRACE,
        StartError::Cannot(_) => CANNOT_TRACE,
        StartError::Unsupported { .. } => 2,
        _ => 1,
    };
    match error {
        StartError::Cannot(obstacle) => {
            Failure::new(code, anyhow!("{obstacle} (more by `execsnoop doctor`)"))
        }
        error => Failure::new(code, error),
    }
}

fn start_command(args: &Args, signals: &Signals) -> Result<Option<Command>, Failure> {
    if args.command.is_empty() {
        return Ok(None);
    }
    let user = args.user.clone().or_else(invoking_user);
    let user = user.filter(|user| user.uid != Uid::effective());
    let command = Command::start(&args.command, user.as_ref(), signals.ignored_before());
    command
        .map(Some)
        .map_err(|error| Failure::new(error.exit_code(), error))
}

/// Gives up what was only needed to begin. What is kept, if need be: the right to ask the kernel about
/// our programs (before 5.19), and to pass signals on to another user's command.
fn drop_privileges(live: &Live, with_command: bool) {
    let kill: &[Capability] = match with_command {
        true => &[Capability::CAP_KILL],
        false => &[],
    };
    let connector: &[Capability] = match live.rung() {
        Backend::Cnproc => &[Capability::CAP_NET_ADMIN], // to tell the kernel that it is over
        Backend::Core | Backend::Classic => &[],
    };
    let kill = &[kill, connector].concat();
    let both = [kill.as_slice(), &[Capability::CAP_BPF]].concat();
    let dropped = drop_capabilities(&both).and_then(|()| {
        let without_bpf =
            execsnoop_probe::without_capability(Capability::CAP_BPF, || live.statistics());
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
    if statistics.programs.is_empty() {
        return stderr_line(format_args!(
            "no programs in the kernel, so none to measure"
        ));
    }
    for program in &statistics.programs {
        let each = match statistics.measured {
            true => format!(
                "{} ns each",
                program.run_ns.checked_div(program.runs).unwrap_or(0)
            ),
            false => "not measured".to_owned(),
        };
        let ProgramStats {
            name,
            runs,
            skipped,
            ..
        } = program;
        stderr_line(format_args!(
            "program {name}: {runs} runs, {each}, {skipped} skipped"
        ));
    }
    let (high, size) = (statistics.ring_high_bytes, statistics.ring_bytes);
    let percent = high * 100 / size.max(1);
    stderr_line(format_args!(
        "ring: {high} of {size} bytes at most ({percent} %)"
    ));
}
