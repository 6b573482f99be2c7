//! One kernel in QEMU, from its start to its end.

use std::fs;
use std::fs::File;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::path::Path;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::channel;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;

use super::cache::Kernel;
use super::console::Results;
use super::suite::Backend;
use crate::process::interrupt::Interrupt;
use crate::process::kill_on_drop::KillOnDrop;

/// The machine that all kernels get. Emulated, as KVM is not to be had everywhere.
pub(crate) const QEMU: &str = "qemu-system-x86_64";
const MACHINE: [&str; 14] = [
    "-accel",
    "tcg,thread=multi",
    "-smp",
    "2",
    "-m",
    "2048",
    "-net",
    "none",
    "-nodefaults",
    "-display",
    "none",
    "-no-reboot",
    "-monitor",
    "none",
];

/// How much longer the tests wait for everything, since the processor is emulated.
const SLOW: u32 = 20;

/// A guest without output for this long is stuck: no test takes half of it.
const SILENCE: Duration = Duration::from_secs(240);

/// What is booted, and with which parameters.
#[derive(Debug)]
pub(crate) struct Boot<'a> {
    pub(crate) kernel: &'a Kernel,
    pub(crate) initramfs: &'a Path,
    pub(crate) backend: Backend,
    /// The time limit.
    pub(crate) limit: Duration,
}

/// The result.
#[derive(Debug, Default, Clone)]
pub(crate) struct Run {
    pub(crate) results: Results,
    /// All output of the kernel and the tests.
    pub(crate) console: String,
    pub(crate) took: Duration,
    /// Why the guest did not finish; `None` if it did.
    pub(crate) stuck: Option<String>,
    /// The slowest tests.
    pub(crate) times: Vec<(Duration, String)>,
}

impl Boot<'_> {
    /// Boots the kernel and waits until it powers off or is stuck.
    pub(crate) fn run(&self, console: &Path, interrupt: &Interrupt) -> Result<Run> {
        let start = Instant::now();
        let mut guest = self.start(console)?;
        let output = guest.0.stdout.take().context("QEMU has no output")?;
        let lines = lines_of(output, File::create(console.with_extension("results"))?);
        let mut run = Run::default();
        run.stuck = follow(&mut run, &lines, start + self.limit, interrupt)?;
        drop(guest);
        run.took = start.elapsed();
        run.console = String::from_utf8_lossy(&fs::read(console)?).into_owned();
        Ok(run)
    }

    fn start(&self, console: &Path) -> Result<KillOnDrop> {
        let append = format!(
            "console=ttyS0 panic=-1 loglevel=5 backend={} slow={SLOW}",
            self.backend.name()
        );
        let child = Command::new(QEMU)
            .args(MACHINE)
            .arg("-serial")
            .arg(format!("file:{}", console.display()))
            .args(["-serial", "stdio"])
            .arg("-kernel")
            .arg(&self.kernel.image)
            .arg("-initrd")
            .arg(self.initramfs)
            .args(["-append", &append])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let child = child.with_context(|| format!("{QEMU} could not be started"))?;
        Ok(KillOnDrop(child))
    }
}

/// Reads the guest's output until it ends. Returns the reason if it does not end.
fn follow(
    run: &mut Run,
    lines: &Receiver<String>,
    deadline: Instant,
    interrupt: &Interrupt,
) -> Result<Option<String>> {
    let mut heard = Instant::now();
    loop {
        interrupt.check()?;
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => {
                hear(run, &line, heard.elapsed());
                heard = Instant::now();
            }
            Err(RecvTimeoutError::Disconnected) => {
                let ended = run.results.ended.is_some();
                return Ok((!ended).then(|| "the guest died".to_owned()));
            }
            Err(RecvTimeoutError::Timeout) if heard.elapsed() > SILENCE => {
                return Ok(Some(format!("silent for {} s", SILENCE.as_secs())));
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                return Ok(Some("out of time".to_owned()));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Two lines enclose each test: the first says that it starts, the second how it ended.
fn hear(run: &mut Run, line: &str, after: Duration) {
    let current = run.results.current.clone();
    run.results.take(line);
    if let Some(test) = current
        && run.results.current.is_none()
    {
        run.times.push((after, test));
    }
}

/// Reads line by line; `copy` receives all output as well.
fn lines_of(output: ChildStdout, mut copy: File) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n') {
            let Ok(line) = line else { return };
            // For diagnosis only: errors do not matter.
            let _ = copy.write_all(&[&line[..], b"\n"].concat());
            if sender
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
        }
    });
    receiver
}
