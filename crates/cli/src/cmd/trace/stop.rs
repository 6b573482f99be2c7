//! What ends a trace.

use std::time::Duration;
use std::time::Instant;

use execsnoop_clikit::Signals;
use execsnoop_host::process::Command;
use nix::sys::signal::Signal;

/// How often the end of a command is looked for when nothing is traced any more.
const COMMAND_PERIOD: Duration = Duration::from_millis(20);

/// What can end a trace: a signal, the end of the command, a deadline.
pub struct StopConditions {
    signals: Signals,
    command: Option<Command>,
    deadline: Option<Instant>,
}

impl StopConditions {
    /// A trace of `command`, if there is one, until `deadline`.
    pub fn new(signals: Signals, command: Option<Command>, deadline: Option<Instant>) -> Self {
        Self {
            signals,
            command,
            deadline,
        }
    }

    /// Whether a command is traced.
    pub fn has_command(&self) -> bool {
        self.command.is_some()
    }

    /// Whether the end is not to wait: a signal has asked for it, or the time is over.
    pub fn is_urgent(&self) -> bool {
        self.signals.any() || self.is_over()
    }

    /// Whether the trace should end. A SIGTERM is passed on to the command, for which it was meant.
    pub fn should_stop(&mut self) -> bool {
        let is_over = self.is_over();
        match &mut self.command {
            Some(command) => {
                if self.signals.take_new_termination() {
                    command.signal(Signal::SIGTERM);
                }
                command.ended() || is_over
            }
            None => self.signals.any() || is_over,
        }
    }

    fn is_over(&self) -> bool {
        let now = Instant::now();
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// The time until the deadline, `most` at most.
    pub fn time_left(&self, most: Duration) -> Duration {
        self.deadline.map_or(most, |deadline| {
            most.min(deadline.saturating_duration_since(Instant::now()))
        })
    }

    /// The exit status of the command, if there is one. It may run longer than its trace.
    pub fn wait_for_command(mut self) -> Option<u8> {
        self.deadline = None;
        while self.command.is_some() && !self.should_stop() {
            std::thread::sleep(COMMAND_PERIOD);
        }
        self.command?.exit_code()
    }
}
