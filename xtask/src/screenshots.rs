//! `cargo xtask screenshots`: what a real terminal shows, as an SVG file for the documents.

mod ansi;
mod svg;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitCode;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use clap::Args;

use crate::build::binaries::Binaries;
use crate::build::binaries::workspace;

/// Take a screenshot of `execsnoop top` in tmux, and render it into docs/images
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Show this binary instead of building one
    #[arg(long, value_name = "PATH")]
    execsnoop: Option<PathBuf>,
}

/// The scripts that keep the machine busy: name, what it does, the program that it starts. That is
/// the workload under another name.
const LOADS: [(&str, &str, &str); 3] = [
    (
        "backup.sh",
        "while :; do compress burn 3000; done",
        "compress",
    ),
    (
        "healthcheck",
        "while :; do sh -c 'probe burn 800 | probe burn 400'; sleep 0.05; done",
        "probe",
    ),
    (
        "supervisor",
        "while :; do webserver exit 3; sleep 0.04; done",
        "webserver",
    ),
];

const WIDTH: u16 = 110;
const HEIGHT: u16 = 24;

/// Takes the screenshot.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let dir = tempfile::tempdir().context("no temporary directory could be made")?;
    let binaries = Binaries::build(options.execsnoop.as_deref(), dir.path())?;
    let _loads = start_loads(dir.path(), &binaries.workload)?;
    sleep(Duration::from_millis(1500));
    let tmux = Tmux::start(dir.path(), &binaries.execsnoop)?;
    sleep(Duration::from_secs(12));
    save("top", &tmux.capture()?)?;
    Ok(ExitCode::SUCCESS)
}

fn save(name: &str, capture: &str) -> Result<()> {
    let path = workspace().join(format!("docs/images/{name}.svg"));
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let lines = ansi::parse(capture);
    fs::write(&path, svg::render(&lines, WIDTH))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

/// A script in the background.
struct Load(Child);

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_loads(dir: &Path, workload: &Path) -> Result<Vec<Load>> {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", dir.display());
    LOADS
        .iter()
        .map(|(name, text, program)| {
            fs::copy(workload, dir.join(program))?;
            let script = dir.join(name);
            fs::write(&script, format!("#!/bin/sh\n{text}\n"))?;
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
            let mut command = Command::new(&script);
            let command = command.stdout(Stdio::null()).stderr(Stdio::null());
            let child = command.env("PATH", &path).spawn();
            Ok(Load(
                child.with_context(|| format!("{name} cannot be started"))?,
            ))
        })
        .collect()
}

/// A tmux with execsnoop in it, ended with it.
struct Tmux {
    socket: PathBuf,
}

impl Tmux {
    fn start(dir: &Path, execsnoop: &Path) -> Result<Self> {
        let tmux = Self {
            socket: dir.join("tmux"),
        };
        let (width, height) = (WIDTH.to_string(), HEIGHT.to_string());
        let new = [
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &width,
            "-y",
            &height,
        ];
        // Nothing of what else this machine runs is shown.
        let own_pid = std::process::id().to_string();
        let top = [&*execsnoop.to_string_lossy(), "top", "-p", &own_pid];
        tmux.call(&[&new[..], &["env", "-u", "NO_COLOR"], &top].concat())?;
        Ok(tmux)
    }

    fn call(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).args(words);
        let output = command.env("TERM", "xterm-256color").output();
        let output = output.context("tmux is needed: scripts/install-packages test")?;
        ensure!(output.status.success(), "tmux {words:?}: {output:?}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The screen, with escape sequences for colors.
    fn capture(&self) -> Result<String> {
        self.call(&["capture-pane", "-p", "-e"])
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.call(&["send-keys", "q"]);
        sleep(Duration::from_millis(500));
        let _ = self.call(&["kill-server"]);
    }
}
