//! A folder of files that are all new.

use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::Context as _;
use anyhow::bail;
use nix::dir::Dir;
use nix::errno::Errno;

use crate::place::Place;
use crate::trust::is_trusted;

/// All may write.
const SHARED: u32 = 0o002;

/// A folder that this program has made, or that was empty. Nothing in it was put there by another
/// user, and nothing is written through a link.
#[derive(Debug)]
pub struct NewFolder {
    folder: OwnedFd,
}

impl NewFolder {
    /// Makes the folder, and those above it that are missing.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let path = path.components().as_path(); // without a '/' at its end
        make_above(path)?;
        let folder = make(path)?;
        check(&folder, path)?;
        Ok(Self { folder })
    }

    /// Writes a new file, and the folders that its name has.
    pub fn write(&self, name: &Path, text: &[u8]) -> io::Result<()> {
        let mut folder = self.folder.try_clone()?;
        for name in name.parent().into_iter().flatten() {
            folder = Place::below(&folder, name)?.make_directory()?;
        }
        let file = Place::below(&folder, name.file_name().unwrap_or_default())?;
        file.create_new(0o666)?.write_all(text)
    }
}

/// Makes the directories above a path that are missing.
pub(crate) fn make_above(path: &Path) -> anyhow::Result<()> {
    let above = path
        .ancestors()
        .skip(1)
        .filter(|path| path.file_name().is_some());
    let above: Vec<&Path> = above.collect();
    for path in above.into_iter().rev() {
        make(path)?;
    }
    Ok(())
}

/// A directory that is there, or a new one.
fn make(path: &Path) -> anyhow::Result<OwnedFd> {
    let made = Place::of(path)?.make_directory();
    made.with_context(|| format!("cannot make the directory {path:?}"))
}

/// Refuses a folder that another user made or can write to, and one that has something in it.
fn check(folder: &OwnedFd, path: &Path) -> anyhow::Result<()> {
    let advice = "name a new folder";
    let meta = File::from(folder.try_clone()?).metadata()?;
    if !is_trusted(meta.uid()) || meta.mode() & SHARED != 0 {
        bail!("other users can write to {path:?}: {advice}");
    }
    let entries = Dir::openat(
        folder,
        ".",
        nix::fcntl::OFlag::O_RDONLY,
        nix::sys::stat::Mode::empty(),
    );
    let mut entries = entries.with_context(|| format!("cannot read {path:?}"))?;
    let is_entry = |entry: Result<nix::dir::Entry, Errno>| {
        entry.is_ok_and(|entry| !matches!(entry.file_name().to_bytes(), b"." | b".."))
    };
    if entries.iter().any(is_entry) {
        bail!("{path:?} is not empty: {advice}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    /// Folders and files that were missing are made.
    #[test]
    fn makes_what_is_missing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a/b/");
        let folder = NewFolder::create(&path).expect("a folder");
        folder
            .write(Path::new("src/bpf/x.c"), b"int x;")
            .expect("a file");
        folder.write(Path::new("src/main.rs"), b"").expect("a file");
        assert_eq!(
            fs::read(path.join("src/bpf/x.c")).expect("it is there"),
            b"int x;"
        );
        folder
            .write(Path::new("src/main.rs"), b"")
            .expect_err("it is there already");
    }

    /// What may hold something of another user is refused, and nothing is written through a link.
    #[test]
    fn refuses_what_is_not_new() {
        let dir = tempfile::tempdir().expect("a directory");
        let error = NewFolder::create(dir.path().parent().expect("the temporary directory"));
        error.expect_err("others can write there");
        let full = dir.path().join("full");
        fs::create_dir(&full).expect("a folder");
        let folder = NewFolder::create(&full).expect("it is empty");
        symlink("/nonexistent", full.join("src")).expect("a link");
        folder
            .write(Path::new("src/x"), b"")
            .expect_err("a link is no folder");
        let error = NewFolder::create(&full)
            .expect_err("it has an entry")
            .to_string();
        assert!(error.contains("is not empty"), "{error}");
        let open = dir.path().join("open");
        fs::create_dir(&open).expect("a folder");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("it is ours");
        NewFolder::create(&open).expect_err("others can write there");
    }
}
