//! The processes that are there when tracing begins: the ancestors of those to come.

use std::fs::File;
use std::io::Read as _;

use execsnoop_events::Sink;
use execsnoop_events::WallClock;
use libbpf_rs::Iter;

use crate::decode::Listed;
use crate::explain::StartError;
use crate::load::other;
use crate::skeleton::CoreSkel;

/// A process chooses what it shows as its command line, and how much; this much is read of it.
const MAX_COMMAND_LINE: u64 = 128 << 10;

/// What was found, until it is handed out as events.
#[derive(Debug, Default)]
pub(crate) struct Running {
    processes: Vec<(Listed, Option<Vec<u8>>)>,
}

impl Running {
    /// Asks the kernel's iterator over all tasks (5.8+), and /proc for their command lines. To be called
    /// when the programs are attached: who begins later is seen by them.
    pub(crate) fn look(skeleton: &mut CoreSkel<'_>) -> Result<Self, StartError> {
        let what = "listing the running processes";
        let link = skeleton.progs.each_running.attach().map_err(other(what))?;
        let mut records = Vec::new();
        Iter::new(&link)
            .map_err(other(what))?
            .read_to_end(&mut records)
            .map_err(|err| other(what)(err.into()))?;
        Ok(Self::parse(&records))
    }

    fn parse(mut records: &[u8]) -> Self {
        let mut processes = Vec::new();
        while let Some((listed, rest)) = Listed::take(records) {
            processes.push((listed, command_line(listed.seen_pid())));
            records = rest;
        }
        Self { processes }
    }

    /// Hands all of them out.
    pub(crate) fn hand_out(self, clock: &WallClock, sink: &mut Sink<'_>) {
        for (listed, args) in &self.processes {
            listed.hand_out(args.as_deref(), clock, sink);
        }
    }
}

/// A process's command line; `None` when there is none: a kernel thread, or gone.
fn command_line(pid: u32) -> Option<Vec<u8>> {
    let file = File::open(format!("/proc/{pid}/cmdline")).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_COMMAND_LINE).read_to_end(&mut bytes).ok()?;
    (!bytes.is_empty()).then_some(bytes)
}
