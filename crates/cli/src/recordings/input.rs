//! What a user names: a file, a directory of recordings, or `-`.

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::bail;
use execsnoop_events::recording::FrameReader;
use execsnoop_events::recording::Header;
use execsnoop_events::recording::Part;
use execsnoop_events::recording::TimeRange;

use super::blocks::Blocks;
use super::name::shown;
use super::source::Source;

/// How the names of recordings in a directory end.
const SUFFIX: &[u8] = b".jsonl.zst";

/// One input: the files of one run of a recorder, which are read one after the other, or a stream.
#[derive(Debug)]
pub(crate) struct Input {
    name: String,
    sources: Vec<Source>,
}

impl Input {
    /// Finds what is at a path. `-` is standard input. The `*.jsonl.zst` of a directory are one
    /// input for each run, whose files have names that differ in the number at the end.
    ///
    /// # Errors
    ///
    /// There is no such file, or no recording in the directory.
    pub(crate) fn open(path: &Path) -> Result<Vec<Self>> {
        if path == Path::new("-") {
            return Ok(vec![Self::of(Source::Stdin)]);
        }
        let name = shown(path);
        let metadata = fs::metadata(path).with_context(|| format!("cannot open {name}"))?;
        if !metadata.is_dir() {
            return Ok(vec![Self::of(Source::of(path.to_owned(), &metadata))]);
        }
        let inputs = in_directory(path).with_context(|| format!("cannot read {name}"))?;
        if inputs.is_empty() {
            bail!("there is no recording (*.jsonl.zst) in {name}");
        }
        Ok(inputs)
    }

    fn of(source: Source) -> Self {
        Self {
            name: source.name(),
            sources: vec![source],
        }
    }

    /// The header of the first file; `None` for a stream, or if it is damaged.
    pub(crate) fn header(&self) -> Option<Header> {
        let Source::File(path, _) = self.sources.first()? else {
            return None;
        };
        let mut reader = FrameReader::new(File::open(path).ok()?);
        let Ok(Some(Part::Frame(frame))) = reader.next() else {
            return None;
        };
        Header::parse(frame.text.split_inclusive(|byte| *byte == b'\n').next()?).ok()
    }

    /// Whether this is one of its files, by whatever name.
    pub(crate) fn has_file(&self, path: &Path) -> bool {
        let id = |path: &Path| fs::metadata(path).map(|meta| (meta.dev(), meta.ino())).ok();
        let wanted = id(path);
        let is_it = |source: &Source| match source {
            Source::File(path, _) => id(path) == wanted,
            Source::Stdin | Source::Stream(_) => false,
        };
        wanted.is_some() && self.sources.iter().any(is_it)
    }

    #[cfg(test)]
    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
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

fn in_directory(path: &Path) -> Result<Vec<Input>> {
    let mut inputs: Vec<(Vec<u8>, Input)> = Vec::new();
    for file in sorted(path)? {
        // One that is gone since was deleted to make room.
        let Some(metadata) = fs::metadata(&file).ok().filter(fs::Metadata::is_file) else {
            continue;
        };
        let run = run_of(&file);
        let source = Source::of(file, &metadata);
        match inputs.last_mut() {
            Some((last, input)) if *last == run => input.sources.push(source),
            _ => inputs.push((run, Input::of(source))),
        }
    }
    Ok(inputs.into_iter().map(|(_, input)| input).collect())
}

/// The name of a file without the number at its end.
fn run_of(file: &Path) -> Vec<u8> {
    let name = file.file_name().map_or(&[][..], OsStr::as_bytes);
    let stem = name.strip_suffix(SUFFIX).unwrap_or(name);
    let digits = stem.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let (run, number) = stem.split_at(stem.len() - digits.count());
    match run.strip_suffix(b"-") {
        Some(run) if !number.is_empty() => run.to_vec(),
        _ => name.to_vec(),
    }
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
