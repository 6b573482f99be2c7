//! The loop of a trace: from the source through the pipeline, until something ends it.

use std::time::Duration;
use std::time::Instant;

use execsnoop_clikit::Failure;
use execsnoop_clikit::message;
use execsnoop_clikit::stderr_line;
use execsnoop_events::Control;
use execsnoop_events::Descendants;
use execsnoop_events::Poll;
use execsnoop_events::Source;
use execsnoop_host::features::namespace::in_pid_namespace;
use execsnoop_probe::TICK_NS;
use execsnoop_probe::running_processes;

use super::stop::StopConditions;
use crate::cmd::settings::NO_CGROUP_MATCHED;
use crate::pipeline::Pipeline;

/// How long events wait in the ring before they are shown, while there are many.
const PERIOD: Duration = Duration::from_millis(50);

/// How long the first events wait: a user who has just started a trace looks for them.
const FIRST_PERIOD: Duration = Duration::from_millis(1);

/// The longest sleep while nothing happens. The next event ends it, or a signal (except one that
/// arrives between the look at it and the sleep).
const LONGEST_PERIOD: Duration = Duration::from_secs(1);

/// How long the end of a trace waits for the final usage of processes.
const FINAL_USAGE: Duration = Duration::from_millis(150);

/// How long a reader that takes nothing is waited for at the end, after a signal or a deadline.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often descendants of a command that has ended are looked for in /proc.
const DESCENDANTS_PERIOD: Duration = Duration::from_secs(1);

/// A trace under way.
pub struct RunLoop {
    pipeline: Pipeline,
    stop: StopConditions,
    /// Why the trace had to end.
    failure: Option<Failure>,
    /// The source has no more events.
    has_ended: bool,
    /// When descendants were last looked for in /proc.
    looked: Instant,
    /// The command has ended, and everything that was before its end is read.
    has_polled_since_end: bool,
}

impl RunLoop {
    /// A loop that feeds this pipeline until a stop condition holds.
    pub fn new(pipeline: Pipeline, stop: StopConditions) -> Self {
        Self {
            pipeline,
            stop,
            failure: None,
            has_ended: false,
            looked: Instant::now(),
            has_polled_since_end: false,
        }
    }

    /// Traces until the source ends, a stop condition holds, or nothing more is to be shown.
    pub fn run<S: Source + Control>(&mut self, source: &mut S) {
        let mut period = FIRST_PERIOD;
        while !self.has_ended && !self.should_stop() && !self.pipeline.is_done() {
            // While the reader is behind, events wait in the ring.
            if self.flush(PERIOD) {
                let had_events = self.poll(source, self.stop.time_left(period));
                self.flush(Duration::ZERO);
                period = self.next_period(period, had_events);
            }
        }
        self.await_final_usage(source);
        if self.stop.leaves_descendants() {
            self.poll(source, Duration::ZERO); // what it did last is not read yet
        }
        self.mention_descendants();
    }

    /// A command can end before its first event is read: its descendants are known after that.
    fn should_stop(&mut self) -> bool {
        self.stop.should_stop() || (self.has_polled_since_end && !self.has_descendants())
    }

    /// Whether a descendant of the command is alive. The end of one can be lost, so /proc is looked
    /// at as well.
    fn has_descendants(&mut self) -> bool {
        let is_alive = self
            .pipeline
            .descendants()
            .is_some_and(Descendants::has_living);
        if !is_alive || self.looked.elapsed() < DESCENDANTS_PERIOD || in_pid_namespace() {
            return is_alive;
        }
        self.looked = Instant::now();
        self.count_descendants() > 0
    }

    fn count_descendants(&self) -> usize {
        let count = |set: &Descendants| set.count_among(&running_processes(), 2 * TICK_NS);
        self.pipeline.descendants().map_or(0, count)
    }

    /// Says that descendants of the command run on. (In a container /proc has other pids.)
    fn mention_descendants(&mut self) {
        if !self.stop.leaves_descendants() || in_pid_namespace() {
            return;
        }
        let count = self.count_descendants();
        if count > 0 {
            let (processes, run) = if count == 1 {
                ("process", "runs")
            } else {
                ("processes", "run")
            };
            message(format_args!(
                "CMD has ended; {count} {processes} that it started still {run} and will not be \
                 traced: --follow waits for them"
            ));
        }
    }

    /// Each wait for nothing is twice as long as the one before. The event that ends a silence is
    /// rarely alone. The end of a command can come between the look at it and the sleep.
    fn next_period(&self, period: Duration, had_events: bool) -> Duration {
        if had_events && period > PERIOD {
            return FIRST_PERIOD;
        }
        let is_soon = had_events || self.pipeline.needs_ticks() || self.stop.has_command();
        let longest = if is_soon { PERIOD } else { LONGEST_PERIOD };
        let longest = longest.min(self.pipeline.longest_wait().unwrap_or(longest));
        longest.min(2 * period)
    }

    /// Takes what the source has, and waits for something at most `timeout`. Returns whether
    /// anything came.
    fn poll<S: Source + Control>(&mut self, source: &mut S, timeout: Duration) -> bool {
        self.has_polled_since_end = self.stop.awaits_descendants();
        let had_events = match self.pipeline.drive(source, timeout) {
            Ok((answer, had_events)) => {
                self.has_ended |= answer == Poll::Ended;
                had_events
            }
            Err(error) => {
                self.fail(error.into());
                false
            }
        };
        for cgroup in self.pipeline.take_excluded_cgroups() {
            source.exclude_cgroup(cgroup);
        }
        if self.pipeline.take_forgotten_cgroups() {
            source.resend_cgroup_names();
        }
        had_events
    }

    /// Writes events, and returns whether all are written.
    fn flush(&mut self, wait: Duration) -> bool {
        self.pipeline.flush(wait).unwrap_or_else(|error| {
            self.fail(error);
            true
        })
    }

    /// Ends the trace. A command goes on, and its exit status stays its own, so the reason is
    /// printed now.
    fn fail(&mut self, error: anyhow::Error) {
        self.pipeline.discard();
        let failure = Failure::from(error);
        if self.stop.has_command() {
            message(&failure);
        }
        self.failure.get_or_insert(failure);
    }

    /// The final usage of processes that have just ended, a command among them, comes some
    /// milliseconds later.
    fn await_final_usage<S: Source + Control>(&mut self, source: &mut S) {
        let deadline = Instant::now() + FINAL_USAGE;
        while !self.has_ended
            && !self.pipeline.is_done()
            && self.pipeline.is_waiting()
            && Instant::now() < deadline
        {
            self.poll(source, Duration::from_millis(10));
        }
    }

    /// Ends the source, shows what is left, and prints the account.
    pub fn finish(&mut self, source: &mut dyn Source) {
        let tally = source.finish(&mut |event| self.pipeline.push(event));
        self.pipeline.tick(source.now_ns()); // it may have waited for a reader
        self.pipeline.finish();
        if let Ok(tally) = &tally {
            self.pipeline.end(tally);
        }
        self.flush_all();
        match tally {
            Ok(tally) => {
                stderr_line(self.pipeline.account(&tally));
                if self.pipeline.no_cgroup_matched() {
                    message(NO_CGROUP_MATCHED);
                }
            }
            Err(error) => self.fail(error.into()),
        }
        if let Some(error) = self.pipeline.unwritten() {
            self.fail(error);
        }
    }

    /// Writes the rest, as long as the reader takes it. After a signal, or when the time is over, a
    /// reader that takes nothing is given up.
    fn flush_all(&mut self) {
        let mut left = usize::MAX;
        let mut since = Instant::now();
        while !self.flush(PERIOD) {
            self.stop.should_stop(); // passes signals on to a command
            if self.pipeline.pending_bytes() < left {
                left = self.pipeline.pending_bytes();
                since = Instant::now();
            }
            if self.stop.is_urgent() && since.elapsed() > PATIENCE {
                self.pipeline.give_up_reader();
            }
        }
    }

    /// The exit status: that of the command, else 0.
    ///
    /// # Errors
    ///
    /// Why the trace had to end, unless a command's status says more.
    pub fn into_exit_status(self) -> Result<u8, Failure> {
        match (self.stop.wait_for_command(), self.failure) {
            (Some(status), _) => Ok(status),
            (None, Some(failure)) => Err(failure),
            (None, None) => Ok(0),
        }
    }
}
