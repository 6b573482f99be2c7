//! A directory of recordings that does not grow without end.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use execsnoop_clikit::DirectoryFile;
use execsnoop_clikit::PrivateDirectory;
use execsnoop_clikit::message;
use jiff::Timestamp;

use super::frame_file::FrameFile;
use super::output::RecordingOutput;

/// What the name of each file begins and ends with.
const PREFIX: &str = "execsnoop-";
const ENDING: &str = ".jsonl.zst";

/// How often files are looked for that have become too old.
const AGE_PERIOD: Duration = Duration::from_secs(60);

/// How much of the past is kept.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of all files together.
    pub disk: u64,
    /// How long ago a file was written last.
    pub age: Duration,
    /// Bytes of one file.
    pub file: u64,
}

/// Files in a directory, of which one is written.
#[derive(Debug)]
pub struct RecordingDirectory {
    directory: PrivateDirectory,
    bounds: Bounds,
    /// What the names of this run's files begin with.
    stem: String,
    /// How many files this run has made.
    made: u64,
    current: Option<(DirectoryFile, FrameFile)>,
    /// Files that are complete, the oldest first.
    complete: VecDeque<DirectoryFile>,
    looked: Instant,
    has_warned: bool,
    /// Events that were not asked for yet.
    written: u64,
}

impl RecordingDirectory {
    /// Opens the directory for the run with this id.
    ///
    /// # Errors
    ///
    /// See [`PrivateDirectory::open`].
    pub fn open(
        path: &Path,
        is_of_system: bool,
        bounds: Bounds,
        session: &str,
    ) -> anyhow::Result<Self> {
        let directory = PrivateDirectory::open(path, is_of_system)?;
        let begun = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        let run = session.get(..8).unwrap_or(session);
        Ok(Self {
            complete: recordings(&directory)?,
            directory,
            bounds,
            stem: format!("{PREFIX}{begun}-{run}"),
            made: 0,
            current: None,
            looked: Instant::now(),
            has_warned: false,
            written: 0,
        })
    }

    /// Makes the file that comes next. It is empty until the first frame is written.
    fn make_file(&mut self) -> io::Result<()> {
        let name = OsString::from(format!("{}-{:06}{ENDING}", self.stem, self.made + 1));
        let file = self.directory.create_new(&name)?;
        self.made += 1;
        let listed = DirectoryFile {
            name,
            bytes: 0,
            modified: SystemTime::now(),
        };
        if let Some((done, file)) = self.current.replace((listed, FrameFile::new(file))) {
            self.complete.push_back(done);
            sync_aside(file.into_file());
        }
        Ok(())
    }

    /// Removes the oldest files until the rest is within the bounds.
    fn keep_bounds(&mut self) {
        while self.bytes() > self.bounds.disk && self.remove_oldest() {}
        if self.looked.elapsed() >= AGE_PERIOD {
            self.remove_aged();
        }
    }

    fn remove_aged(&mut self) {
        self.looked = Instant::now();
        let now = SystemTime::now();
        let is_aged = |file: &DirectoryFile| {
            let age = now.duration_since(file.modified);
            age.is_ok_and(|age| age > self.bounds.age)
        };
        let aged = self
            .complete
            .iter()
            .take_while(|file| is_aged(file))
            .count();
        for _ in 0..aged {
            self.remove_oldest();
        }
    }

    fn bytes(&self) -> u64 {
        let complete: u64 = self.complete.iter().map(|file| file.bytes).sum();
        complete + self.current.as_ref().map_or(0, |(file, _)| file.bytes)
    }

    /// Returns whether there was a file to be removed. The one that is written is not.
    fn remove_oldest(&mut self) -> bool {
        let Some(file) = self.complete.pop_front() else {
            return false;
        };
        match self.directory.remove(&file.name) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.warn_of_removal(&file.name, &error),
        }
        true
    }

    fn warn_of_removal(&mut self, name: &OsStr, error: &io::Error) {
        if !std::mem::replace(&mut self.has_warned, true) {
            let path = self.directory.path().join(name);
            message(format_args!(
                "cannot remove {path:?}, which is too old or too much: {error}"
            ));
        }
    }
}

impl RecordingOutput for RecordingDirectory {
    fn begin(&mut self) -> anyhow::Result<()> {
        self.remove_aged();
        self.make_file()
            .map_err(|error| anyhow::anyhow!("cannot write to {}: {error}", self.name()))
    }

    fn file_limit(&self) -> Option<u64> {
        Some(self.bounds.file)
    }

    /// The first file is there already.
    fn next_file(&mut self) -> io::Result<()> {
        match &self.current {
            Some((file, _)) if file.bytes == 0 => Ok(()),
            _ => self.make_file(),
        }
    }

    fn write(&mut self, frame: &[u8], events: u64) -> io::Result<()> {
        let Some((listed, file)) = &mut self.current else {
            return Err(io::ErrorKind::NotFound.into());
        };
        file.append(frame)?;
        listed.bytes += frame.len() as u64;
        listed.modified = SystemTime::now();
        self.written += events;
        self.keep_bounds();
        Ok(())
    }

    fn take_written(&mut self) -> u64 {
        std::mem::take(&mut self.written)
    }

    fn is_removed(&self) -> bool {
        let current = self.current.as_ref();
        current.is_some_and(|(_, file)| file.is_removed())
    }

    fn sync(&mut self) -> io::Result<()> {
        match &self.current {
            Some((_, file)) => file.sync(),
            None => Ok(()),
        }
    }

    fn name(&self) -> String {
        format!("{:?}", self.directory.path())
    }
}

/// The recordings of earlier runs, the oldest first. (The clock can have been set since: then their
/// order is that of the wrong times.)
fn recordings(directory: &PrivateDirectory) -> anyhow::Result<VecDeque<DirectoryFile>> {
    let files = directory.files(ENDING)?;
    let is_recording = |file: &DirectoryFile| {
        let name = file.name.as_encoded_bytes();
        name.starts_with(PREFIX.as_bytes())
    };
    let mut files: Vec<DirectoryFile> = files.into_iter().filter(is_recording).collect();
    files.sort_by_key(|file| file.modified);
    Ok(files.into())
}

/// Has a complete file on the disk, without waiting for that.
fn sync_aside(file: File) {
    // Without a thread the kernel writes it some time later.
    let _ = thread::Builder::new().spawn(move || file.sync_data());
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        disk: 1000,
        age: Duration::from_secs(3600),
        file: 300,
    };

    fn names(path: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(path).expect("a directory");
        let name = |entry: io::Result<std::fs::DirEntry>| {
            let name = entry.expect("an entry").file_name();
            name.into_string().expect("UTF-8")
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// All files together stay within the bound, and the one that is written stays.
    #[test]
    fn the_oldest_go_first() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("recordings");
        let mut output =
            RecordingDirectory::open(&path, true, BOUNDS, "0123456789abcdef").expect("opened");
        output.begin().expect("begun");
        for _ in 0..40 {
            output.write(&[7; 100], 1).expect("written");
            let (current, _) = output.current.as_ref().expect("a file");
            if current.bytes >= BOUNDS.file {
                output.next_file().expect("another file");
            }
        }
        assert!(output.bytes() <= BOUNDS.disk);
        let on_disk: u64 = names(&path)
            .iter()
            .map(|name| std::fs::metadata(path.join(name)).expect("there").len())
            .sum();
        assert_eq!(on_disk, output.bytes());
        let last = names(&path).pop().expect("files");
        assert!(last.ends_with("-01234567-000014.jsonl.zst"), "{last}");
    }

    /// Old recordings go, and other files stay.
    #[test]
    fn aged_files() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("recordings");
        drop(PrivateDirectory::open(&path, true).expect("a new directory"));
        for name in ["execsnoop-1.jsonl.zst", "mine.jsonl.zst", "execsnoop-1.txt"] {
            let file = File::create(path.join(name)).expect("a file");
            file.set_modified(SystemTime::UNIX_EPOCH)
                .expect("it is ours");
        }
        let mut output = RecordingDirectory::open(&path, true, BOUNDS, "01234567").expect("opened");
        output.begin().expect("begun");
        let names = names(&path);
        assert!(
            !names.contains(&"execsnoop-1.jsonl.zst".to_owned()),
            "{names:?}"
        );
        assert_eq!(names.len(), 3);
    }
}
