//! A directory in which only this program makes and removes files.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Context as _;
use anyhow::bail;
use nix::dir::Dir;
use nix::fcntl::Flock;
use nix::fcntl::OFlag;
use nix::fcntl::openat;
use nix::sys::stat::Mode;

use crate::lock::lock;
use crate::new_folder::make_above;
use crate::place::Place;
use crate::trust::give_to_caller_of_sudo;
use crate::trust::is_open_to_others;

/// A directory that no other user can write to, locked against another program of this kind.
#[derive(Debug)]
pub struct PrivateDirectory {
    path: PathBuf,
    directory: OwnedFd,
    /// Holds the lock.
    _lock: Flock<File>,
    /// New files belong to the user who called sudo.
    gives_files: bool,
}

/// A file of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryFile {
    /// Its name.
    pub name: OsString,
    /// Its size.
    pub bytes: u64,
    /// When it was written last.
    pub modified: SystemTime,
}

impl PrivateDirectory {
    /// Opens the directory, or makes it with mode 0700, and locks it. A new one, and files in it,
    /// belong to the user who called sudo unless they are to be root's (`is_of_system`).
    ///
    /// # Errors
    ///
    /// If other users can write there, another program has locked it, or it cannot be made.
    pub fn open(path: &Path, is_of_system: bool) -> anyhow::Result<Self> {
        let path = path.components().as_path(); // without a '/' at its end
        make_above(path)?;
        let cannot = || format!("cannot use the directory {path:?}");
        let (directory, is_new) = match path.file_name() {
            Some(_) => Place::of(path)?
                .make_directory_with_mode(0o700)
                .with_context(cannot)?,
            None => (open_as_it_is(path).with_context(cannot)?, false),
        };
        if is_new && !is_of_system {
            give_to_caller_of_sudo(&directory).with_context(cannot)?;
        }
        if is_open_to_others(&directory)? {
            bail!("other users can write to {path:?}: name a directory where only you can write");
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock_directory(&directory, path)?,
            directory,
            gives_files: !is_of_system,
        })
    }

    /// Makes a new file with mode 0600. What has the name already is an error.
    pub fn create_new(&self, name: &OsStr) -> io::Result<File> {
        let file = Place::below(&self.directory, name)?.create_new(0o600)?;
        if self.gives_files {
            give_to_caller_of_sudo(&file)?;
        }
        Ok(file)
    }

    /// Removes a file.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Place::below(&self.directory, name)?.remove()
    }

    /// The regular files whose names end so, in the order of their names.
    pub fn files(&self, ending: &str) -> io::Result<Vec<DirectoryFile>> {
        let mut entries = Dir::openat(&self.directory, ".", OFlag::O_RDONLY, Mode::empty())?;
        let mut files = Vec::new();
        for entry in entries.iter() {
            let name = OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned();
            if name.as_bytes().ends_with(ending.as_bytes()) {
                files.extend(self.file(name)?);
            }
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    fn file(&self, name: OsString) -> io::Result<Option<DirectoryFile>> {
        let meta = Place::below(&self.directory, &name)?.metadata()?;
        let Some(meta) = meta.filter(std::fs::Metadata::is_file) else {
            return Ok(None);
        };
        Ok(Some(DirectoryFile {
            name,
            bytes: meta.size(),
            modified: meta.modified()?,
        }))
    }

    /// The path as the user named it.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn open_as_it_is(path: &Path) -> nix::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    nix::fcntl::open(path, flags, Mode::empty())
}

/// Locks a directory. (That needs a handle of its own: O_PATH is not enough for flock(2).)
fn lock_directory(directory: &OwnedFd, path: &Path) -> anyhow::Result<Flock<File>> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let opened = openat(directory, ".", flags, Mode::empty());
    let opened = opened.with_context(|| format!("cannot read the directory {path:?}"))?;
    lock(File::from(opened), path, "directory")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A new directory is private; what is there is listed, but no link and no directory.
    #[test]
    fn makes_and_lists() {
        let above = tempfile::tempdir().expect("a directory");
        let path = above.path().join("a/b/");
        let directory = PrivateDirectory::open(&path, true).expect("a new directory");
        let mode = fs::metadata(&path).expect("it is there").mode();
        assert_eq!(mode & 0o777, 0o700);
        directory.create_new(OsStr::new("2.x")).expect("a new file");
        directory.create_new(OsStr::new("1.x")).expect("a new file");
        directory
            .create_new(OsStr::new("1.x"))
            .expect_err("it is there already");
        symlink("1.x", path.join("3.x")).expect("a link");
        directory
            .create_new(OsStr::new("3.x"))
            .expect_err("a link is there");
        fs::create_dir(path.join("4.x")).expect("a directory");
        let names = |directory: &PrivateDirectory| {
            let files = directory.files(".x").expect("a list");
            files.into_iter().map(|file| file.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&directory), ["1.x", "2.x"]);
        directory.remove(OsStr::new("1.x")).expect("removed");
        assert_eq!(names(&directory), ["2.x"]);
    }

    /// One program at a time, and no other user.
    #[test]
    fn is_refused() {
        let above = tempfile::tempdir().expect("a directory");
        let path = above.path().join("a");
        let first = PrivateDirectory::open(&path, true).expect("a new directory");
        let error = PrivateDirectory::open(&path, true).expect_err("it is locked");
        assert!(error.to_string().contains("another execsnoop"), "{error}");
        drop(first);
        PrivateDirectory::open(&path, true).expect("it is free again");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("it is ours");
        let error = PrivateDirectory::open(&path, true).expect_err("others can write there");
        assert!(error.to_string().contains("other users"), "{error}");
        fs::write(above.path().join("file"), "").expect("a file");
        PrivateDirectory::open(&above.path().join("file"), true).expect_err("no directory");
    }
}
