//! Where the bytes go: a file, a terminal, a pipe whose reader may be slow, gone or stuck.

use std::fs::File;
use std::io;
use std::io::IsTerminal as _;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use nix::errno::Errno;
use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;

use crate::place::Place;

/// A pipe that is ready takes at least this much without blocking (PIPE_BUF, pipe(7)).
const PIPE_BUF: usize = 4096;

/// An open output.
#[derive(Debug)]
pub struct OutputTarget {
    file: File,
    /// Where the file of -o is.
    place: Option<Place>,
    /// A file on a disk: always ready.
    regular: bool,
}

impl OutputTarget {
    /// Opens a file for writing. What it holds stays in it until [`truncate`](Self::truncate).
    ///
    /// Everything is appended. So a file that another program empties has no hole, and two programs
    /// that write to one file do not overwrite each other's lines.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        Self::create_with_mode(path, 0o666)
    }

    /// The same for what is not for everybody: others cannot read a new file. An existing
    /// file keeps its mode.
    pub fn create_private(path: &Path) -> anyhow::Result<Self> {
        Self::create_with_mode(path, 0o600)
    }

    fn create_with_mode(path: &Path, mode: u32) -> anyhow::Result<Self> {
        let place = Place::of(path)?;
        Self::new(place.open(mode)?, Some(place))
    }

    /// Takes a stream that is open already: standard output, standard error.
    pub fn stream(stream: impl AsFd) -> anyhow::Result<Self> {
        let copy = stream.as_fd().try_clone_to_owned();
        Self::new(
            copy.context("cannot use the standard streams")?.into(),
            None,
        )
    }

    fn new(file: File, place: Option<Place>) -> anyhow::Result<Self> {
        let meta = file.metadata().context("cannot use the output")?;
        Ok(Self {
            regular: meta.is_file(),
            file,
            place,
        })
    }

    /// Whether it is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }

    /// Throws away what a file of ours held before.
    pub fn truncate(&self) -> anyhow::Result<()> {
        match &self.place {
            Some(_) if self.regular => self
                .file
                .set_len(0)
                .with_context(|| format!("cannot write to {}", self.name())),
            _ => Ok(()),
        }
    }

    /// The name for a message.
    pub fn name(&self) -> String {
        match &self.place {
            Some(place) => format!("{:?}", place.path()),
            None => "the output".to_owned(),
        }
    }

    /// Writes what can be written without blocking, and returns how much that is. Waits for the
    /// reader at most `wait`, or until a signal arrives.
    pub fn write(&mut self, bytes: &[u8], wait: Duration) -> io::Result<usize> {
        if self.regular {
            return self.file.write_all(bytes).map(|()| bytes.len());
        }
        let mut done = 0;
        for piece in bytes.chunks(PIPE_BUF) {
            let wait = if done == 0 { wait } else { Duration::ZERO };
            if !self.is_ready(wait)? {
                break;
            }
            self.file.write_all(piece)?;
            done += piece.len();
        }
        Ok(done)
    }

    /// Whether a piece can be written without blocking, or will fail at once.
    fn is_ready(&self, wait: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::new(self.file.as_fd(), PollFlags::POLLOUT)];
        let timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
        match nix::poll::poll(&mut fds, timeout) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::EINTR) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }
}
