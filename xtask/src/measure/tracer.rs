//! execsnoop as a child: start, wait until it is ready, interrupt, read its last messages.

use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
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

/// What one BPF program did, by the kernel's own count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) runs: u64,
    pub(crate) ns_each: f64,
    pub(crate) skipped: u64,
}

/// How execsnoop writes, and where to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Output {
    /// Text to /dev/null.
    Text,
    /// JSON lines to a file.
    Json,
    /// Whole processes instead of execs, as JSON lines to a file.
    Lives,
    /// The same as a recording.
    Recording,
}

impl Output {
    pub(crate) const ALL: [Self; 4] = [Self::Text, Self::Json, Self::Lives, Self::Recording];

    /// The name in the report.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Text => "text to /dev/null",
            Self::Json => "json to a file",
            Self::Lives => "lives to a file",
            Self::Recording => "recording to a file",
        }
    }

    /// The options that choose it.
    pub(crate) fn arguments(self, dir: &Path) -> Vec<PathBuf> {
        let json = || {
            vec![
                "--format".into(),
                "json".into(),
                "-o".into(),
                dir.join("trace.json"),
            ]
        };
        match self {
            Self::Text => ["-o", "/dev/null"].map(PathBuf::from).to_vec(),
            Self::Json => json(),
            Self::Lives => [vec!["-d".into()], json()].concat(),
            Self::Recording => {
                let file = dir.join("trace.jsonl.zst");
                vec!["record".into(), "-o".into(), file]
            }
        }
    }

    /// The highest kernel time of its programs that is allowed, in ns per exec; for whole
    /// processes, per process.
    pub(crate) fn most_kernel_ns(self) -> f64 {
        match self {
            Self::Text | Self::Json => 1000.0,
            Self::Lives | Self::Recording => 2000.0,
        }
    }

    /// The highest slow-down that is allowed, as a ratio.
    pub(crate) fn most_slow_down(self) -> f64 {
        match self {
            Self::Text | Self::Json => 1.05,
            Self::Lives | Self::Recording => 1.06,
        }
    }
}

/// A running execsnoop, killed when dropped.
#[derive(Debug)]
pub(crate) struct Tracer {
    child: Child,
    log: PathBuf,
}

/// Loading takes some 10 ms, and draining a full ring less than a second.
const PATIENCE: Duration = Duration::from_secs(30);

impl Tracer {
    /// Starts execsnoop, its files in `dir`, and returns when its probes are attached.
    pub(crate) fn start(execsnoop: &Path, arguments: &[PathBuf], dir: &Path) -> Result<Self> {
        let (ready, log) = (dir.join("ready"), dir.join("stderr"));
        remove_old(&ready)?;
        let child = Command::new(execsnoop)
            .args(arguments)
            .arg("--ready-file")
            .arg(&ready)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).context("the tracer's log could not be made")?)
            .spawn()
            .with_context(|| format!("{} could not be started", execsnoop.display()))?;
        let mut tracer = Self { child, log };
        tracer.wait_until_ready(&ready)?;
        Ok(tracer)
    }

    fn wait_until_ready(&mut self, ready: &Path) -> Result<()> {
        let start = Instant::now();
        while !ready.exists() {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "execsnoop ended before it was ready ({status}): {}",
                    self.said()
                );
            }
            ensure!(
                start.elapsed() < PATIENCE,
                "execsnoop was not ready after {PATIENCE:?}: {}",
                self.said()
            );
            sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Interrupts execsnoop as Ctrl-C does, and returns its standard error.
    pub(crate) fn stop(mut self) -> Result<String> {
        kill(pid_of(&self.child)?, Signal::SIGINT).context("execsnoop could not be interrupted")?;
        let status = self.wait()?;
        ensure!(
            status.success(),
            "execsnoop failed ({status}): {}",
            self.said()
        );
        Ok(self.said())
    }

    fn wait(&mut self) -> Result<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            sleep(Duration::from_millis(5));
        }
        bail!(
            "execsnoop did not end within {PATIENCE:?} of a SIGINT: {}",
            self.said()
        )
    }

    fn said(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: at worst the child is already gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn remove_old(ready: &Path) -> Result<()> {
    match std::fs::remove_file(ready) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("the last tracer's ready file could not be removed")
        }
        _ => Ok(()),
    }
}

fn pid_of(child: &Child) -> Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(child.id())?))
}

/// The programs in the lines that `--stats` prints at the end.
pub(crate) fn parse_programs(said: &str) -> Result<Vec<Program>> {
    let programs: Vec<_> = said.lines().filter_map(parse_program).collect();
    ensure!(
        !programs.is_empty(),
        "execsnoop --stats named no BPF program, but said: {said:?}"
    );
    Ok(programs)
}

/// Reads `program on_exec: 20000 runs, 812 ns each, 0 skipped`.
fn parse_program(line: &str) -> Option<Program> {
    let (name, counts) = line.strip_prefix("program ")?.split_once(": ")?;
    let mut counts = counts.split(", ");
    let mut next = |unit: &str| counts.next()?.strip_suffix(unit);
    Some(Program {
        name: name.to_owned(),
        runs: next(" runs")?.parse().ok()?,
        ns_each: next(" ns each")?.parse().ok()?,
        skipped: next(" skipped")?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_line_is_read() {
        let expected = Program {
            name: "on_exec".into(),
            runs: 20_000,
            ns_each: 812.0,
            skipped: 3,
        };
        let line = "program on_exec: 20000 runs, 812 ns each, 3 skipped";
        assert_eq!(parse_program(line), Some(expected));
    }

    #[test]
    fn other_lines_are_no_programs() {
        for line in [
            "",
            "seen 20000 = shown 20000 + filtered 0 + lost 0 + discarded 0",
            "program on_exec: 20000 runs",
            "program on_exec: many runs, 812 ns each, 0 skipped",
        ] {
            assert_eq!(parse_program(line), None, "{line}");
        }
    }

    #[test]
    fn a_tracer_that_ends_at_once_is_an_error_with_its_words() {
        let dir = tempfile::tempdir().unwrap();
        let error = Tracer::start(Path::new("false"), &[], dir.path()).unwrap_err();
        assert!(error.to_string().contains("exit status: 1"), "{error}");
    }
}
