//! What a user names: a file, a directory of recordings, or `-`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::bail;
use execsnoop_events::recording::TimeRange;

use super::blocks::Blocks;
use super::name::shown;
use super::source::Source;

/// How the names of recordings in a directory end.
const SUFFIX: &[u8] = b".jsonl.zst";

/// One input: files that are read one after the other, or a stream.
#[derive(Debug)]
pub(crate) struct Input {
    name: String,
    sources: Vec<Source>,
}

impl Input {
    /// Finds the files of a path. `-` is standard input. All `*.jsonl.zst` of a directory are read
    /// as one, in the order of their names.
    ///
    /// # Errors
    ///
    /// There is no such file, or no recording in the directory.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self {
                name: "standard input".to_owned(),
                sources: vec![Source::Stdin],
            });
        }
        let name = shown(path);
        let metadata = fs::metadata(path).with_context(|| format!("cannot open {name}"))?;
        let sources = match metadata.is_dir() {
            true => in_directory(path).with_context(|| format!("cannot read {name}"))?,
            false => vec![Source::of(path.to_owned(), &metadata)],
        };
        if sources.is_empty() {
            bail!("there is no recording (*.jsonl.zst) in {name}");
        }
        Ok(Self { name, sources })
    }

    /// The name for messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The number of bytes, if it is known.
    pub(crate) fn len(&self) -> Option<u64> {
        self.sources.iter().map(Source::len).sum()
    }

    /// Begins to read what a range of times needs.
    pub(crate) fn read(self, times: TimeRange) -> Blocks {
        let len = self.len();
        Blocks::start(self.sources, len, times)
    }
}

fn in_directory(path: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for file in sorted(path)? {
        // One that is gone since was deleted to make room.
        if let Ok(metadata) = fs::metadata(&file)
            && metadata.is_file()
        {
            sources.push(Source::of(file, &metadata));
        }
    }
    Ok(sources)
}

fn sorted(path: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        let name = file.file_name().map_or(&[][..], OsStr::as_bytes);
        if name.ends_with(SUFFIX) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
