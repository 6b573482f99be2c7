//! What does not change between the headers of one run.

use execsnoop_events::Backend;
use execsnoop_events::recording::FORMAT;
use execsnoop_events::recording::Header;
use execsnoop_events::recording::Redaction;

use jiff::Timestamp;

use super::machine::Machine;

/// The facts of a run that its headers tell.
#[derive(Debug, Clone)]
pub struct HeaderFacts {
    /// Where it is made.
    pub machine: Machine,
    /// How events are captured.
    pub backend: Backend,
    /// The run: 16 hex digits.
    pub session: String,
    /// Pids are those of the machine.
    pub initial_pid_ns: bool,
    /// What is masked.
    pub redaction: Redaction,
    /// The command line, masked like that of any process.
    pub command_line: Vec<String>,
    /// The kinds of events.
    pub events: Vec<String>,
    /// Fields that are not collected by themselves.
    pub collected: Vec<String>,
    /// The variables of the environment.
    pub env: Vec<String>,
}

impl HeaderFacts {
    /// The header of the file with this number, begun at this time.
    pub fn header(&self, file: u64, time: Timestamp, boot_ns: u64) -> Header {
        let machine = self.machine.clone();
        Header {
            format: FORMAT,
            time,
            boot_ns,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: machine.host,
            machine_id: machine.machine_id,
            boot_id: machine.boot_id,
            kernel: machine.kernel,
            arch: machine.arch,
            cpus: machine.cpus,
            backend: self.backend.name().to_owned(),
            session: self.session.clone(),
            file,
            initial_pid_ns: Some(self.initial_pid_ns),
            redaction: self.redaction,
            command_line: self.command_line.clone(),
            events: self.events.clone(),
            collected: self.collected.clone(),
            env: self.env.clone(),
        }
    }
}
