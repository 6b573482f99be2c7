//! A running tracer: start, wait for its first output, end, read its output.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::audit::AuditRules;
use super::markers;
use super::tools::MarkerKind;
use super::tools::Scope;
use super::tools::Tool;
use super::usage;
use super::usage::Usage;

/// What a recording begins with: the magic number of a skippable frame (docs/recording-format.md).
const RECORDING: [u8; 4] = [0x5e, 0x2a, 0x4d, 0x18];

/// Tools that compile take seconds to start, and all tools take a while to drain their buffers.
const PATIENCE: Duration = Duration::from_secs(60);

/// The directory with the files of one run of a tool.
#[derive(Debug)]
pub(crate) struct ToolDir {
    pub(crate) dir: PathBuf,
}

impl ToolDir {
    /// Makes an empty directory; removes one of an earlier run.
    pub(crate) fn fresh(dir: PathBuf) -> Result<Self> {
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("an earlier run's files could not be removed");
            }
            _ => {}
        }
        fs::create_dir_all(&dir).context("no folder could be made for a tracer")?;
        Ok(Self { dir })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// What the tool wrote to standard output and to its output file.
    pub(crate) fn output(&self) -> Vec<u8> {
        let read = |name| fs::read(self.file(name)).unwrap_or_default();
        let stdout = match read("stdout") {
            recording if recording.starts_with(&RECORDING) => unpacked(&self.file("stdout")),
            text => text,
        };
        [read("out"), stdout].concat()
    }

    /// What the tool wrote to standard error.
    pub(crate) fn said(&self) -> Vec<u8> {
        fs::read(self.file("stderr")).unwrap_or_default()
    }

    /// The first line of its messages: the cause comes before its consequences.
    pub(crate) fn first_words(&self) -> String {
        let stdout = fs::read(self.file("stdout")).unwrap_or_default();
        first_words(&[self.said(), stdout].concat())
    }

    /// A tool's command, with its output in this directory.
    pub(crate) fn command(&self, tool: &Tool, failed: bool) -> Result<Command> {
        let mut command = Command::new(&tool.program);
        let more = tool.failed.filter(|_| failed).unwrap_or_default();
        let args = tool.args.iter().chain(more);
        command.args(args.map(|arg| self.argument(arg)));
        command.stdin(Stdio::null());
        command.stdout(File::create(self.file("stdout"))?);
        command.stderr(File::create(self.file("stderr"))?);
        Ok(command)
    }

    fn argument(&self, arg: &str) -> PathBuf {
        match arg {
            "{out}" => self.file("out"),
            "{dir}" => self.dir.clone(),
            arg => arg.into(),
        }
    }
}

/// The first line that is not blank.
pub(crate) fn first_words(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty());
    first.unwrap_or("it says nothing").to_owned()
}

/// A tracer of the whole machine, killed when dropped.
#[derive(Debug)]
pub(crate) struct RunningTool {
    child: Child,
    tool_dir: ToolDir,
    marker_kind: MarkerKind,
    rules: Option<AuditRules>,
    /// The kernel thread that works for the tool.
    helper: Option<u32>,
}

impl RunningTool {
    /// Starts a tool, and returns when its output shows processes.
    pub(crate) fn start(
        tool: &Tool,
        failed: bool,
        tool_dir: ToolDir,
        workload: &Path,
    ) -> Result<Self> {
        let audits = tool.scope == Scope::AuditRules;
        if audits {
            AuditRules::write_config(&tool_dir.dir)?;
        }
        let child = tool_dir.command(tool, failed)?.spawn();
        let child = child.with_context(|| format!("{} is not there", tool.program.display()))?;
        let mut running = Self {
            child,
            tool_dir,
            marker_kind: tool.marker_kind,
            rules: None,
            helper: None,
        };
        if audits {
            running.rules = Some(AuditRules::set()?);
            running.helper = usage::kernel_thread("kauditd");
        }
        running.await_output(workload)?;
        Ok(running)
    }

    /// Runs processes until the tool shows one. (Some tools buffer their first 4 KiB.)
    fn await_output(&mut self, workload: &Path) -> Result<()> {
        let start = Instant::now();
        while !markers::has_begun(&self.tool_dir.output(), self.marker_kind) {
            if let Some(status) = self.child.try_wait()? {
                bail!("ended ({status}): {}", self.tool_dir.first_words());
            }
            ensure!(
                start.elapsed() < PATIENCE,
                "showed nothing for {PATIENCE:?}: {}",
                self.tool_dir.first_words()
            );
            run_ready_mark(workload)?;
            sleep(Duration::from_millis(3));
        }
        Ok(())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage::of(self.pid(), self.helper)
    }

    pub(crate) fn loaded_bytes(&self) -> u64 {
        usage::loaded_bytes(self.pid())
    }

    /// Interrupts the tool as Ctrl-C does. Returns its directory, and the losses that the audit
    /// system reports.
    pub(crate) fn stop(mut self) -> Result<(ToolDir, Option<u64>)> {
        let lost = self.rules.take().map(AuditRules::lost).transpose()?;
        kill(Pid::from_raw(self.pid().try_into()?), Signal::SIGINT)?;
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > Duration::from_secs(5) {
                // Daemons take it for something else.
                kill(Pid::from_raw(self.pid().try_into()?), Signal::SIGTERM)?;
            }
            ensure!(
                start.elapsed() < PATIENCE,
                "did not end when it was told to"
            );
            sleep(Duration::from_millis(20));
        }
        let dir = self.tool_dir.dir.clone();
        Ok((ToolDir { dir }, lost))
    }
}

impl Drop for RunningTool {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: at worst the child is already gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One exec that is not counted.
pub(crate) fn run_ready_mark(workload: &Path) -> Result<()> {
    let mut command = Command::new(workload);
    command
        .args(["storm", "1", "1", "ready"])
        .stdout(Stdio::null());
    ensure!(command.status()?.success(), "the workload failed");
    Ok(())
}

/// The text of a recording. (One that is still written ends anywhere: then zstdcat complains.)
fn unpacked(file: &Path) -> Vec<u8> {
    let output = Command::new("zstdcat").arg(file).output();
    output.map(|output| output.stdout).unwrap_or_default()
}
