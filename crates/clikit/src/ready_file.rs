//! The file of --ready-file, for scripts that wait until everything is attached.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use anyhow::bail;

/// A file that says that tracing has begun. Removed again unless it is [kept](Self::keep): what was
/// to begin with it may yet fail.
#[derive(Debug)]
pub struct ReadyFile<'a> {
    path: &'a Path,
    keep: bool,
}

impl<'a> ReadyFile<'a> {
    /// Removes the file of an earlier run, but nothing that holds something.
    pub fn remove_stale(path: &Path) -> anyhow::Result<()> {
        match fs::symlink_metadata(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
            Ok(meta) if meta.is_file() && meta.len() == 0 => Ok(fs::remove_file(path)?),
            Ok(_) => bail!(
                "--ready-file {}: this exists and is not an empty file",
                path.display()
            ),
            Err(err) => Err(err).with_context(|| format!("--ready-file {path:?}")),
        }
    }

    /// Creates it.
    pub fn create(path: &'a Path) -> anyhow::Result<Self> {
        File::create_new(path).with_context(|| format!("cannot create {path:?}"))?;
        Ok(Self { path, keep: false })
    }

    /// Leaves it there.
    pub fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for ReadyFile<'_> {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_file(self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It goes when what was to begin with it fails, and stays when it began.
    #[test]
    fn stays_only_when_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ready");
        drop(ReadyFile::create(&path).unwrap());
        assert!(!path.exists());
        ReadyFile::create(&path).unwrap().keep();
        assert!(path.exists());
    }

    /// Only what an earlier run can have left is removed.
    #[test]
    fn stale_ones_are_empty_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ready");
        ReadyFile::remove_stale(&path).unwrap();
        fs::write(&path, "").unwrap();
        ReadyFile::remove_stale(&path).unwrap();
        assert!(!path.exists());
        fs::write(&path, "a letter").unwrap();
        let error = ReadyFile::remove_stale(&path).unwrap_err().to_string();
        assert!(error.contains("not an empty file"), "{error}");
        assert!(path.exists());
        ReadyFile::remove_stale(dir.path()).unwrap_err();
    }
}
