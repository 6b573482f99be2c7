//! One way to run the program: start it, wait until it is attached, measure, end it.

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
use anyhow::ensure;

use crate::process::kill_on_drop::KillOnDrop;

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// bpfrun, with an empty cache.
    Anew,
    /// bpfrun, with the program in its cache.
    Cached,
    /// bpfrun, on an object: only loading and attaching.
    Object,
    /// BCC on the same file, by a minimal script.
    BccSameFile,
    /// BCC's own execsnoop.
    BccTool,
}

/// A completed start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Start {
    pub(crate) ms: f64,
    /// Resident memory after attaching.
    pub(crate) mb: f64,
}

/// How and where to start it.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) kind: Kind,
    pub(crate) bpfrun: PathBuf,
    pub(crate) program: PathBuf,
    pub(crate) object: PathBuf,
    /// For caches and outputs.
    pub(crate) dir: PathBuf,
}

/// BCC needs seconds on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The name of BCC's execsnoop in Debian, and elsewhere.
const BCC_TOOLS: [&str; 2] = [
    "/usr/sbin/execsnoop-bpfcc",
    "/usr/share/bcc/tools/execsnoop",
];

const BCC_SCRIPT: &str = "\
import sys
from bcc import BPF
program = BPF(src_file=sys.argv[1])
program['events'].open_perf_buffer(lambda cpu, data, size: None)
open(sys.argv[2], 'w').close()
while True:
    program.perf_buffer_poll()
";

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Anew,
        Self::Cached,
        Self::Object,
        Self::BccSameFile,
        Self::BccTool,
    ];

    /// The name in the report.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Anew => "bpfrun, compiled anew",
            Self::Cached => "bpfrun, compiled before",
            Self::Object => "bpfrun, an object",
            Self::BccSameFile => "BCC, the same file",
            Self::BccTool => "BCC's execsnoop",
        }
    }

    /// Whether a failure to run is an error.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Anew | Self::Cached | Self::Object)
    }
}

impl Contender {
    /// Starts it once. Returns its messages if it ended before it was ready.
    pub(crate) fn start(&self) -> Result<Result<Start, String>> {
        let (ready, log) = (self.dir.join("ready"), self.dir.join("log"));
        if ready.exists() {
            fs::remove_file(&ready)?;
        }
        let Some(mut command) = self.command(&ready)? else {
            return Ok(Err(
                "it is not installed (scripts/install-packages bench)".to_owned()
            ));
        };
        let out = File::create(&log).context("no log could be made")?;
        let error = out.try_clone()?;
        command.stdin(Stdio::null()).stdout(out).stderr(error);
        let begin = Instant::now();
        let mut child = KillOnDrop(command.spawn().context("it could not be started")?);
        while !self.is_ready(&ready, &log) {
            if child.0.try_wait()?.is_some() {
                return Ok(Err(reason(&fs::read(&log)?)));
            }
            ensure!(
                begin.elapsed() < PATIENCE,
                "{} does not get ready",
                self.kind.label()
            );
            sleep(Duration::from_micros(500));
        }
        let ms = begin.elapsed().as_secs_f64() * 1000.0;
        let mb = resident_mb(&child.0)?;
        Ok(Ok(Start { ms, mb }))
    }

    fn command(&self, ready: &Path) -> Result<Option<Command>> {
        let mut command = Command::new(&self.bpfrun);
        match self.kind {
            Kind::Anew => command
                .arg(&self.program)
                .env("BPFRUN_CACHE", self.empty_cache()?),
            Kind::Cached => command
                .arg(&self.program)
                .env("BPFRUN_CACHE", self.dir.join("kept")),
            Kind::Object => command.arg(&self.object),
            Kind::BccSameFile => {
                return Ok(python().map(|mut python| {
                    python
                        .args(["-c", BCC_SCRIPT])
                        .arg(&self.program)
                        .arg(ready);
                    python
                }));
            }
            Kind::BccTool => {
                return Ok(python().zip(bcc_tool()).map(|(mut python, tool)| {
                    // Else its first line waits in a buffer.
                    python.arg("-u").arg(tool);
                    python
                }));
            }
        };
        command.arg("--ready-file").arg(ready);
        Ok(Some(command))
    }

    fn empty_cache(&self) -> Result<PathBuf> {
        let cache = self.dir.join("empty");
        if cache.exists() {
            fs::remove_dir_all(&cache)?;
        }
        Ok(cache)
    }

    /// BCC's tool prints the head of its table when it is ready.
    fn is_ready(&self, ready: &Path, log: &Path) -> bool {
        match self.kind {
            Kind::BccTool => fs::read_to_string(log).is_ok_and(|text| text.contains("PCOMM")),
            _ => ready.exists(),
        }
    }
}

/// The system's Python, which has the packages; the PATH may have another one first.
fn python() -> Option<Command> {
    ["/usr/bin/python3", "python3"]
        .into_iter()
        .find_map(|python| {
            let there = Command::new(python).args(["-c", "import bcc"]).output();
            let imports = there.is_ok_and(|output| output.status.success());
            imports.then(|| Command::new(python))
        })
}

fn bcc_tool() -> Option<&'static str> {
    BCC_TOOLS.into_iter().find(|path| Path::new(path).exists())
}

/// Why BCC does not start. A lack of headers is reported early, every other reason at the end.
fn reason(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let headers = lines.clone().find(|line| line.contains("kernel headers"));
    let line = headers
        .or_else(|| lines.next_back())
        .unwrap_or("it said nothing");
    let sentence = line.split_inclusive(". ").next().unwrap_or(line);
    sentence.trim().to_owned()
}

fn resident_mb(child: &Child) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
    let kib: f64 = kib
        .context("the kernel does not tell what it holds")?
        .parse()?;
    Ok(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_cause_and_not_what_follows() {
        let said = b"chdir(/lib/modules/x/build): No such file or directory\n\
            Unable to find kernel headers. Try rebuilding kernel with CONFIG_IKHEADERS=m\n\
            Traceback:\nException: Failed to compile BPF module <text>\n";
        assert_eq!(reason(said), "Unable to find kernel headers.");
        assert_eq!(reason(b"one\ntwo\n\n"), "two");
        assert_eq!(reason(b""), "it said nothing");
    }
}
