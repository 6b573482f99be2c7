//! Runs a program until something ends it.

use std::io;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use bpfrun::AttachOptions;
use bpfrun::Attached;
use execsnoop_clikit::Discarded;
use execsnoop_clikit::Failure;
use execsnoop_clikit::ReadyFile;
use execsnoop_clikit::Signals;
use execsnoop_clikit::Unwritten;
use execsnoop_clikit::message;
use execsnoop_clikit::stderr_line;

use crate::cli::account::Account;
use crate::cli::args::Args;
use crate::cli::failure;
use crate::cli::input::Input;
use crate::cli::maps::Report;
use crate::cli::output::Output;
use crate::cli::printk::TracePipe;

/// How long we wait before we look at everything again.
const PERIOD: Duration = Duration::from_millis(50);

/// How long a reader that takes nothing is waited for at the end, after a signal or a deadline.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most turns in which the buffers are emptied after everything is detached.
const LAST_TURNS: usize = 1000;

/// Runs the program that `args` name, and returns the exit status.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let input = Input::read(args)?;
    if let Some(path) = &args.ready_file {
        ReadyFile::remove_stale(path)?;
    }
    let signals = Signals::install().context("cannot handle signals")?;
    let mut output = Output::open(args)?;
    let loaded = input
        .program(args)?
        .load()
        .map_err(|error| failure::load(error, args.verbose))?;
    let options = AttachOptions {
        perf_pages: args.pages as usize,
    };
    let printk = match loaded.prints() {
        true => Some(TracePipe::open()?),
        false => None,
    };
    let mut running = loaded.attach_with(&options).map_err(failure::attach)?;
    let report = Report::new(args, &mut running).map_err(|error| Failure::new(2, error))?;
    output.begin(args.format, &running.schemas())?;
    if let Some(path) = &args.ready_file {
        ReadyFile::create(path)?.keep();
    }
    Session {
        room: args.count.unwrap_or(u64::MAX),
        deadline: args.duration.map(|duration| Instant::now() + duration),
        interval: args.interval,
        next_report: args.interval.map(|interval| Instant::now() + interval),
        signals,
        running,
        output,
        report,
        printk,
        account: Account::default(),
        unwritten: Unwritten::default(),
        closed: false,
        warned: false,
        failure: None,
    }
    .run()
}

/// A program under way.
struct Session {
    signals: Signals,
    running: Attached,
    output: Output,
    report: Report,
    printk: Option<TracePipe>,
    account: Account,
    /// How many events may still be shown.
    room: u64,
    /// Lines for which there was no room, or no reader.
    unwritten: Unwritten,
    deadline: Option<Instant>,
    interval: Option<Duration>,
    next_report: Option<Instant>,
    /// The reader is gone, or the output failed.
    closed: bool,
    warned: bool,
    /// Why it had to end.
    failure: Option<Failure>,
}

impl Session {
    fn run(mut self) -> Result<u8, Failure> {
        while !self.done() && !self.signals.any() && !self.out_of_time() {
            // While the reader is behind, events wait in the kernel's buffers.
            if self.flush(PERIOD) {
                self.poll(self.time_left());
                self.report_if_due();
                self.flush(Duration::ZERO);
            }
        }
        self.finish();
        stderr_line(&self.account);
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(0),
        }
    }

    fn done(&self) -> bool {
        self.closed || self.room == 0 || self.failure.is_some()
    }

    fn out_of_time(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Until there is something to do besides events.
    fn time_left(&self) -> Duration {
        let now = Instant::now();
        [self.deadline, self.next_report]
            .into_iter()
            .flatten()
            .map(|moment| moment.saturating_duration_since(now))
            .fold(PERIOD, Duration::min)
    }

    /// Takes what has come, and returns how many events that were.
    fn poll(&mut self, timeout: Duration) -> u64 {
        self.output.tick();
        let Self {
            running,
            output,
            room,
            account,
            closed,
            ..
        } = self;
        let polled = running.poll(timeout, |event| {
            if *room == 0 || *closed {
                account.discarded += 1;
            } else {
                output.event(event);
                *room -= 1;
            }
        });
        if let Some(printk) = self.printk.as_mut().filter(|_| !self.closed) {
            printk.show(&mut self.output);
        }
        self.warn_of_loss();
        polled.unwrap_or_else(|error| {
            self.fail(anyhow::Error::new(error));
            0
        })
    }

    /// Says at once that something is missing; how much is said at the end.
    fn warn_of_loss(&mut self) {
        if self.warned {
            return;
        }
        if let Some((map, lost)) = self.running.lossy_maps().next() {
            self.warned = true;
            message(format_args!(
                "events are being lost ({lost} of {map}); larger --pages may help"
            ));
        }
    }

    fn report_if_due(&mut self) {
        let now = Instant::now();
        if let (Some(next), Some(interval)) = (self.next_report, self.interval)
            && next <= now
        {
            self.show_maps();
            // One that was missed is not made up for.
            let following = next + interval;
            self.next_report = Some(if following > now {
                following
            } else {
                now + interval
            });
        }
    }

    fn show_maps(&mut self) {
        if let Err(error) = self.report.show(&self.running, &mut self.output) {
            self.fail(error);
        }
    }

    /// Detaches, shows what is left, and closes the account.
    fn finish(&mut self) {
        self.running.detach();
        for _ in 0..LAST_TURNS {
            if self.failure.is_some() || self.poll(Duration::ZERO) == 0 {
                break;
            }
        }
        if !self.closed && self.failure.is_none() {
            self.show_maps();
        }
        self.flush_all();
        self.account.flows = self.running.flows();
        self.account.skipped = self.running.skipped();
        if !self.account.balanced() {
            tracing::warn!("the account does not add up; please report this as a bug");
        }
    }

    /// Writes the rest, for as long as the reader takes. After a signal, or when the time is over,
    /// a reader that takes nothing is given up.
    fn flush_all(&mut self) {
        let mut left = usize::MAX;
        let mut since = Instant::now();
        while !self.flush(PERIOD) {
            if self.output.waiting() < left {
                left = self.output.waiting();
                since = Instant::now();
            }
            let is_urgent = self.signals.any() || self.out_of_time();
            if is_urgent && since.elapsed() > PATIENCE {
                let lines = self.drop_unwritten();
                self.unwritten.add_not_taken(lines, &self.output.name());
                self.closed = true;
            }
        }
        if let Some(error) = self.unwritten.to_error() {
            self.fail(error);
        }
    }

    /// Writes what the reader takes, and returns whether nothing waits any more. A reader that is
    /// gone is a quiet end, not an error. If there is no room, the lines are given up and counted.
    fn flush(&mut self, wait: Duration) -> bool {
        if self.closed {
            return true;
        }
        let flushed = self.output.flush(wait);
        self.account.shown += self.output.take_shown();
        let error = match flushed {
            Ok(is_all) => return is_all,
            Err(error) => error,
        };
        let (lines, name) = (self.drop_unwritten(), self.output.name());
        match error.kind() {
            _ if Unwritten::is_no_room(&error) => self.unwritten.add_no_room(lines, &name, &error),
            io::ErrorKind::BrokenPipe => self.closed = true,
            _ => {
                let error = anyhow::Error::new(error);
                self.fail(error.context(format!("cannot write to {name} (-o names another file)")));
            }
        }
        true
    }

    /// Gives up what is not written, and returns how many lines that are.
    fn drop_unwritten(&mut self) -> u64 {
        let Discarded { lines, events } = self.output.discard();
        self.account.discarded += events;
        lines
    }

    fn fail(&mut self, error: anyhow::Error) {
        self.discard();
        self.failure.get_or_insert(error.into());
    }

    fn discard(&mut self) {
        self.drop_unwritten();
        self.closed = true;
    }
}
