//! The file of --ready-file, for scripts that wait until everything is attached.

use std::path::Path;

use anyhow::Context as _;
use anyhow::bail;

use crate::place::Place;

/// A file that says that tracing has begun. Removed again unless it is [kept](Self::keep): what was
/// to begin with it may yet fail.
#[derive(Debug)]
pub struct ReadyFile {
    place: Place,
    keep: bool,
}

impl ReadyFile {
    /// Removes the file of an earlier run, but nothing that holds something.
    pub fn remove_stale(path: &Path) -> anyhow::Result<()> {
        let cannot = || format!("--ready-file {path:?}");
        let place = Place::named(path)?;
        match place.metadata().with_context(cannot)? {
            None => Ok(()),
            Some(meta) if meta.is_file() && meta.len() == 0 => place.remove().with_context(cannot),
            Some(_) => bail!(
                "--ready-file {}: this exists and is not an empty file",
                path.display()
            ),
        }
    }

    /// Creates it.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let place = Place::named(path)?;
        let created = place.create_new(0o666);
        created.with_context(|| format!("cannot create {path:?}"))?;
        Ok(Self { place, keep: false })
    }

    /// Leaves it there.
    pub fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        if !self.keep {
            let _ = self.place.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
