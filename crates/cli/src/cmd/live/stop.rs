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
    /// The trace goes on after the command, until its last descendant ends.
    follows: bool,
    deadline: Option<Instant>,
}

impl StopConditions {
    /// A trace of `command`, if there is one, and then of what is left of its descendants if it
    /// `follows` them; until `deadline`.
    pub fn new(
        signals: Signals,
        command: Option<Command>,
        follows: bool,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            signals,
            command,
            follows,
            deadline,
        }
    }

    /// Whether a command is traced.
    pub fn has_command(&self) -> bool {
        self.command.is_some()
    }

    /// Whether the command has ended, and its descendants are not followed.
    pub fn leaves_descendants(&mut self) -> bool {
        !self.follows && self.has_command_ended()
    }

    /// Whether the command has ended, and the trace waits for its descendants.
    pub fn awaits_descendants(&mut self) -> bool {
        self.follows && self.has_command_ended()
    }

    fn has_command_ended(&mut self) -> bool {
        self.command.as_mut().is_some_and(Command::ended)
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
                let is_last = !self.follows || self.signals.any();
                is_over || (command.ended() && is_last)
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
        self.follows = false;
        while self.command.is_some() && !self.should_stop() {
            std::thread::sleep(COMMAND_PERIOD);
        }
        self.command?.exit_code()
    }
}
