//! How long it takes from the start of a tracer to the first process that it shows on a terminal.

use std::fs::File;
use std::io::ErrorKind;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use nix::errno::Errno;
use nix::fcntl::FcntlArg;
use nix::fcntl::OFlag;
use nix::fcntl::fcntl;
use nix::pty::openpty;

use super::markers;
use super::running_tool::first_words;
use super::running_tool::run_ready_mark;
use super::tools::Tool;
use crate::process::kill_on_drop::KillOnDrop;

/// Tools that compile their program take seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Times since the start of the tool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstEvent {
    /// The probes are attached; `None` if the tool does not report it.
    pub(crate) attached: Option<Duration>,
    /// The first process is shown.
    pub(crate) shown: Duration,
}

/// Starts a tool on a terminal, has processes run, and waits for the first that it shows.
pub(crate) fn measure(tool: &Tool, workload: &Path, dir: &Path) -> Result<Option<FirstEvent>> {
    let Some(arguments) = &tool.terminal else {
        return Ok(None);
    };
    let ready = dir.join("ready");
    let mut command = Command::new(&tool.program);
    command.args(arguments);
    if tool.ours {
        command.arg("--ready-file").arg(&ready);
    }
    let (mut screen, terminal) = open_terminal()?;
    command.stdin(Stdio::null());
    command.stdout(terminal.try_clone()?).stderr(terminal);
    let start = Instant::now();
    let mut child = KillOnDrop(command.spawn().context("it could not be started")?);
    let mut attached = None;
    let mut shown = Vec::new();
    while !markers::has_begun(&shown, tool.marker_kind) {
        if attached.is_none() && ready.exists() {
            attached = Some(start.elapsed());
        }
        let over = child.0.try_wait()?.is_some() || start.elapsed() > PATIENCE;
        run_ready_mark(workload)?;
        read_some(&mut screen, &mut shown)?;
        if over {
            bail!("{}", first_words(&shown));
        }
    }
    let first = FirstEvent {
        attached,
        shown: start.elapsed(),
    };
    let _ = std::fs::remove_file(&ready);
    Ok(Some(first))
}

/// Both ends of a pseudoterminal. Reads of the controlling end do not block.
fn open_terminal() -> Result<(File, OwnedFd)> {
    let pair = openpty(None, None).context("no terminal could be made")?;
    fcntl(&pair.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((pair.master.into(), pair.slave))
}

fn read_some(screen: &mut File, into: &mut Vec<u8>) -> Result<()> {
    match screen.read_to_end(into) {
        // No data at the moment, or the other end is closed.
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        Err(error) if error.raw_os_error() == Some(Errno::EIO as i32) => Ok(()),
        outcome => outcome.map(drop).context("the terminal cannot be read"),
    }
}
