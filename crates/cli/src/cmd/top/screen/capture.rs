//! What a command and we ourselves write while the screen is up: kept, and printed afterwards.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use nix::fcntl::OFlag;
use nix::unistd::dup2_stderr;
use nix::unistd::dup2_stdout;
use nix::unistd::pipe2;

/// How much is kept.
const MOST_KEPT: usize = 256 << 10;

/// Standard output and standard error, led into a pipe.
#[derive(Debug)]
pub struct Capture {
    /// Where they went before.
    stdout: OwnedFd,
    stderr: OwnedFd,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    bytes: VecDeque<u8>,
    /// The screen is gone: pass on what comes.
    passes: bool,
}

impl Capture {
    /// Begins.
    pub fn start() -> io::Result<Self> {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        let stderr = io::stderr().as_fd().try_clone_to_owned()?;
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
        let kept = Arc::new(Mutex::new(Kept::default()));
        let passed_to = File::from(stderr.try_clone()?);
        let shared = Arc::clone(&kept);
        thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || pump(File::from(reader), passed_to, &shared))?;
        dup2_stdout(&writer)?;
        dup2_stderr(&writer)?;
        Ok(Self {
            stdout,
            stderr,
            kept,
        })
    }

    /// Where standard output went before.
    pub fn terminal(&self) -> io::Result<File> {
        Ok(File::from(self.stdout.try_clone()?))
    }

    /// Gives the streams back, and prints what was kept.
    pub fn end(&self) {
        let _ = dup2_stdout(&self.stdout);
        let _ = dup2_stderr(&self.stderr);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.passes = true;
        let bytes: Vec<u8> = kept.bytes.drain(..).collect();
        let _ = io::stderr().write_all(&bytes);
    }
}

fn pump(mut reader: File, mut passed_to: File, shared: &Mutex<Kept>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.passes {
            let _ = passed_to.write_all(&buffer[..count]);
            continue;
        }
        kept.bytes.extend(&buffer[..count]);
        let too_many = kept.bytes.len().saturating_sub(MOST_KEPT);
        kept.bytes.drain(..too_many);
    }
}
