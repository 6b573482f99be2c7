//! Where the frames of a recording go.

use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use execsnoop_clikit::BufferedOutput;
use execsnoop_clikit::Discarded;
use execsnoop_clikit::OutputTarget;
use execsnoop_clikit::lock_private_file;
use execsnoop_events::recording::ENTRY_MAGIC;
use nix::fcntl::Flock;

use super::frame_file::FrameFile;

/// Takes frames: a directory, a file, a stream.
pub trait RecordingOutput: fmt::Debug {
    /// Recording has begun: what an earlier one left in the file is thrown away.
    ///
    /// # Errors
    ///
    /// If nothing can be written there.
    fn begin(&mut self) -> anyhow::Result<()>;

    /// The size at which another file follows; `None` if there is only one file.
    fn file_limit(&self) -> Option<u64> {
        None
    }

    /// Goes on with another file, if there can be several.
    ///
    /// # Errors
    ///
    /// If it cannot be made: the file before is still written.
    fn next_file(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Writes a frame with this number of events, whole or not at all.
    ///
    /// # Errors
    ///
    /// Why it is not written.
    fn write(&mut self, frame: &[u8], events: u64) -> io::Result<()>;

    /// The events that were written since the last call.
    fn take_written(&mut self) -> u64;

    /// Waits for a reader at most `wait`. Returns whether it has taken everything.
    ///
    /// # Errors
    ///
    /// If the reader is gone.
    fn flush(&mut self, _wait: Duration) -> io::Result<bool> {
        Ok(true)
    }

    /// Whether the file that is written was removed.
    fn is_removed(&self) -> bool {
        false
    }

    /// How many bytes wait for the reader.
    fn pending_bytes(&self) -> usize {
        0
    }

    /// Gives up what the reader has not taken.
    fn discard(&mut self) -> Discarded {
        Discarded::default()
    }

    /// Waits until everything is on the disk.
    ///
    /// # Errors
    ///
    /// If that cannot be said.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// The name, for a message.
    fn name(&self) -> String;
}

/// One file.
#[derive(Debug)]
pub struct SingleFile {
    name: String,
    file: Flock<File>,
    frames: Option<FrameFile>,
    /// Events that were not asked for yet.
    written: u64,
}

impl SingleFile {
    /// Opens the file. What it holds stays in it until recording begins.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or is not to be trusted.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = lock_private_file(path)?;
        if !can_be_replaced(path, &file)? {
            bail!("{path:?} is no recording, and is not overwritten: name another file");
        }
        Ok(Self {
            name: format!("{path:?}"),
            file,
            frames: None,
            written: 0,
        })
    }
}

/// Whether a file is empty, a recording, or no file on a disk.
fn can_be_replaced(path: &Path, file: &File) -> anyhow::Result<bool> {
    let meta = file.metadata()?;
    if !meta.is_file() || meta.len() == 0 {
        return Ok(true);
    }
    let mut begins = [0; ENTRY_MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begins));
    Ok(read.is_ok() && begins == ENTRY_MAGIC)
}

impl RecordingOutput for SingleFile {
    fn begin(&mut self) -> anyhow::Result<()> {
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.frames = Some(FrameFile::new(self.file.try_clone()?));
        Ok(())
    }

    fn write(&mut self, frame: &[u8], events: u64) -> io::Result<()> {
        match &mut self.frames {
            Some(file) => file.append(frame)?,
            None => return Err(io::ErrorKind::NotFound.into()),
        }
        self.written += events;
        Ok(())
    }

    fn take_written(&mut self) -> u64 {
        std::mem::take(&mut self.written)
    }

    fn is_removed(&self) -> bool {
        self.frames.as_ref().is_some_and(FrameFile::is_removed)
    }

    fn sync(&mut self) -> io::Result<()> {
        let file = self.frames.as_ref();
        match file.map_or(Ok(()), FrameFile::sync) {
            // A device or a pipe.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            synced => synced,
        }
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// Standard output, whose reader can be slow.
#[derive(Debug)]
pub struct Stream {
    output: BufferedOutput,
}

impl Stream {
    /// Standard output.
    ///
    /// # Errors
    ///
    /// If it is closed, or a terminal.
    pub fn stdout() -> anyhow::Result<Self> {
        let target = OutputTarget::stdout()?;
        if target.is_terminal() {
            anyhow::bail!(
                "a recording is not for a terminal: pass it on (execsnoop record -o - | ...), or \
                 name a file"
            );
        }
        Ok(Self {
            output: BufferedOutput::new(target),
        })
    }
}

impl RecordingOutput for Stream {
    fn begin(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn write(&mut self, frame: &[u8], events: u64) -> io::Result<()> {
        self.output.buffer().extend_from_slice(frame);
        self.output.end_events(events);
        Ok(())
    }

    fn take_written(&mut self) -> u64 {
        self.output.take_written()
    }

    fn flush(&mut self, wait: Duration) -> io::Result<bool> {
        self.output.flush(wait)
    }

    fn pending_bytes(&self) -> usize {
        self.output.pending_bytes()
    }

    fn discard(&mut self) -> Discarded {
        self.output.discard()
    }

    fn name(&self) -> String {
        "the output".to_owned()
    }
}
