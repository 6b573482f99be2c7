//! Where the bytes go: a file, a terminal, a pipe whose reader may be slow, gone or stuck.

use std::fs::File;
use std::io;
use std::io::ErrorKind;
use std::io::IsTerminal as _;
use std::io::Seek as _;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::bail;
use nix::errno::Errno;
use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;

use crate::place::Place;
use crate::size_limit::SizeLimit;
use crate::standard_streams::check_stderr;
use crate::standard_streams::check_stdout;

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
    /// The file ends with a part of a line, which could not be taken back.
    is_mid_line: bool,
    /// How large the file may become.
    limit: Option<SizeLimit>,
    /// What each file begins with, if there may be several.
    header: Vec<u8>,
}

impl OutputTarget {
    /// Opens a file for writing. What it holds stays in it until [`truncate`](Self::truncate). The
    /// file `-` is standard output.
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
        if is_stdout(path) {
            return Self::stdout();
        }
        let place = Place::of(path)?;
        Self::new(place.open(mode)?, Some(place))
    }

    /// Standard output. An error if it was closed.
    pub fn stdout() -> anyhow::Result<Self> {
        check_stdout()?;
        Self::stream(io::stdout())
    }

    /// Standard error. An error if it was closed.
    pub fn stderr() -> anyhow::Result<Self> {
        check_stderr()?;
        Self::stream(io::stderr())
    }

    /// Takes a stream that is open already.
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
            is_mid_line: false,
            limit: None,
            header: Vec::new(),
            file,
            place,
        })
    }

    /// Limits the size of the file. It must be a file, in a directory where others can be made.
    pub fn limit_size(&mut self, limit: SizeLimit) -> anyhow::Result<()> {
        let name = self.name();
        match &self.place {
            Some(place) if self.regular && (limit.files <= 1 || place.can_make_files()) => {
                self.limit = Some(limit);
                Ok(())
            }
            Some(_) if self.regular => {
                bail!("{name} cannot be followed by other files: its directory is not writable")
            }
            _ => bail!("{name} is no file whose size can be limited"),
        }
    }

    /// Whether new files are made while it is written, in a directory that may only be writable by
    /// privilege.
    pub fn makes_files_by_privilege(&self) -> bool {
        let makes_files = self.limit.is_some_and(|limit| limit.files > 1);
        makes_files && !self.place.as_ref().is_some_and(Place::is_private)
    }

    /// Takes note of what each file begins with.
    pub fn set_header(&mut self, header: &[u8]) {
        if self.limit.is_some() {
            header.clone_into(&mut self.header);
        }
    }

    /// Whether it is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }

    /// The width of the terminal; `None` if it is none.
    pub fn width(&self) -> Option<usize> {
        let (width, _) = terminal_size::terminal_size_of(&self.file)?;
        (width.0 > 0).then_some(usize::from(width.0))
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
    ///
    /// # Errors
    ///
    /// Why nothing was written.
    pub fn write(&mut self, bytes: &[u8], wait: Duration) -> io::Result<usize> {
        match self.regular {
            true => self.append(bytes),
            false => self.write_to_reader(bytes, wait),
        }
    }

    /// Writes in pieces that do not block. They are whole lines, if lines are not longer than a
    /// piece: a reader that goes or a second writer then finds no part of a line.
    fn write_to_reader(&mut self, bytes: &[u8], wait: Duration) -> io::Result<usize> {
        let mut done = 0;
        while done < bytes.len() {
            let wait = if done == 0 { wait } else { Duration::ZERO };
            let piece = piece_of_lines(&bytes[done..], PIPE_BUF);
            match self.is_ready(wait).and_then(|is_ready| match is_ready {
                true => self.file.write_all(piece).map(|()| true),
                false => Ok(false),
            }) {
                Ok(true) => done += piece.len(),
                Ok(false) => break,
                Err(error) if done == 0 => return Err(error),
                Err(_) => break, // the next write says it again
            }
        }
        Ok(done)
    }

    /// Appends to a file, and to the files after it if its size is limited.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(limit) = self.limit else {
            return self.append_to_file(bytes);
        };
        let mut done = 0;
        while done < bytes.len() {
            match self.append_limited(&bytes[done..], limit) {
                Ok(count) => done += count,
                Err(error) if done == 0 => return Err(error),
                Err(_) => break, // the next write says it again
            }
        }
        Ok(done)
    }

    /// Appends the lines for which the file has room; if there are none, begins another file.
    fn append_limited(&mut self, bytes: &[u8], limit: SizeLimit) -> io::Result<usize> {
        let length = self.file.metadata()?.len();
        let room = usize::try_from(limit.bytes.saturating_sub(length)).unwrap_or(usize::MAX);
        let piece = piece_of_lines(bytes, room);
        if piece.ends_with(b"\n") {
            return self.append_to_file(piece);
        }
        if length <= self.header.len() as u64 {
            let line = bytes.iter().position(|byte| *byte == b'\n');
            let line = line.map_or(bytes, |end| &bytes[..=end]);
            return self.append_to_file(line); // longer than a file may be
        }
        let Some(place) = &self.place else {
            return Err(ErrorKind::Unsupported.into());
        };
        self.file = limit.next_file(place, &self.file)?;
        self.file.write_all(&self.header)?;
        Ok(0)
    }

    /// Appends to this file.
    fn append_to_file(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_mid_line {
            self.file.write_all(b"\n")?;
            self.is_mid_line = false;
        }
        let mut done = 0;
        while done < bytes.len() {
            match self.file.write(&bytes[done..]) {
                Ok(0) => return self.keep_whole_lines(&bytes[..done], ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.keep_whole_lines(&bytes[..done], error),
            }
        }
        Ok(done)
    }

    /// Takes back the line that did not fit. Returns how much is left, or the error if that is
    /// nothing.
    fn keep_whole_lines(&mut self, written: &[u8], error: io::Error) -> io::Result<usize> {
        let whole = piece_of_lines(written, written.len());
        let whole = if whole.ends_with(b"\n") {
            whole.len()
        } else {
            0
        };
        let part = written.len() - whole;
        self.is_mid_line = part > 0 && self.take_back(part).is_err();
        match whole {
            0 => Err(error),
            _ => Ok(whole),
        }
    }

    /// Makes the file shorter by what was written last, unless others have appended to it since.
    fn take_back(&mut self, count: usize) -> io::Result<()> {
        let end = self.file.stream_position()?;
        if self.file.metadata()?.len() != end {
            return Err(ErrorKind::Other.into());
        }
        self.file.set_len(end.saturating_sub(count as u64))
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

/// Whether a file of this name means standard output.
pub fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// The whole lines among the first `most` bytes; all of these bytes if they are a part of one line.
fn piece_of_lines(bytes: &[u8], most: usize) -> &[u8] {
    let piece = &bytes[..bytes.len().min(most)];
    match piece.iter().rposition(|byte| *byte == b'\n') {
        Some(at) => &piece[..=at],
        None => piece,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces end where lines end, if they can.
    #[test]
    fn pieces() {
        assert_eq!(piece_of_lines(b"one\ntwo\nthree", 9), b"one\ntwo\n");
        assert_eq!(piece_of_lines(b"one\ntwo\n", 8), b"one\ntwo\n");
        assert_eq!(piece_of_lines(b"long line\n", 4), b"long");
        assert_eq!(piece_of_lines(b"", 4), b"");
    }

    /// A full file is put aside; each has whole lines after its header, and the oldest go.
    #[test]
    fn limited_files() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lines");
        let mut target = OutputTarget::create(&path).expect("a file");
        let limit = SizeLimit {
            bytes: 12,
            files: 3,
        };
        target.limit_size(limit).expect("a file");
        target.set_header(b"head\n");
        let lines = b"head\none\ntwo\nthree\nlonger than a file\n4\n5\n6\n";
        assert_eq!(target.append(lines).expect("written"), lines.len());
        let text = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect(name);
        assert_eq!(text("lines"), "head\n4\n5\n6\n");
        assert_eq!(text("lines.1"), "head\nlonger than a file\n");
        assert_eq!(text("lines.2"), "head\nthree\n");
        assert!(!dir.path().join("lines.3").exists());
        std::fs::rename(&path, dir.path().join("elsewhere")).expect("another program may");
        assert_eq!(target.append(b"seven\n").expect("written"), 6);
        assert_eq!(text("lines"), "head\nseven\n");
        assert_eq!(text("lines.1"), "head\nlonger than a file\n");
        assert_eq!(text("elsewhere"), "head\n4\n5\n6\n");
    }

    /// One file is emptied when it is full; what is no file has no size.
    #[test]
    fn one_limited_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lines");
        let mut target = OutputTarget::create(&path).expect("a file");
        let limit = SizeLimit { bytes: 8, files: 1 };
        target.limit_size(limit).expect("a file");
        assert_eq!(target.append(b"one\ntwo\nthree\n").expect("written"), 14);
        assert_eq!(std::fs::read(&path).expect("the file"), b"three\n");
        let mut device = OutputTarget::create(Path::new("/dev/null")).expect("it can be opened");
        device.limit_size(limit).expect_err("it is no file");
    }

    /// A line that did not fit is taken back; one behind which others have written is ended.
    #[test]
    fn parts_of_lines() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lines");
        let mut target = OutputTarget::create(&path).expect("a file");
        let full = || io::Error::from(ErrorKind::StorageFull);
        target.file.write_all(b"one\ntw").expect("written");
        assert_eq!(
            target.keep_whole_lines(b"one\ntw", full()).expect("a line"),
            4
        );
        assert_eq!(std::fs::read(&path).expect("the file"), b"one\n");
        target.file.write_all(b"thr").expect("written");
        let mut other = OutputTarget::create(&path).expect("the same file");
        other.append(b"ee\n").expect("written");
        let error = target
            .keep_whole_lines(b"thr", full())
            .expect_err("no line fits");
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        target.append(b"four\n").expect("written");
        assert_eq!(
            std::fs::read(&path).expect("the file"),
            b"one\nthree\n\nfour\n"
        );
    }
}
