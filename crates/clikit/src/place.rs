//! Where a file is written: a directory that is held open, and a name in it.
//!
//! In a directory where other users can write, such as /tmp, a name can lead anywhere: to a link
//! that another user made, or to a file that another user owns and reads. Such links are not
//! followed, and such files are not written. That holds for each step of a path.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::bail;
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::fcntl::FcntlArg;
use nix::fcntl::OFlag;
use nix::fcntl::fcntl;
use nix::fcntl::openat;
use nix::fcntl::readlinkat;
use nix::fcntl::renameat;
use nix::sys::stat::Mode;
use nix::sys::stat::mkdirat;
use nix::sys::statfs::PROC_SUPER_MAGIC;
use nix::sys::statfs::fstatfs;
use nix::unistd::AccessFlags;
use nix::unistd::Uid;
use nix::unistd::UnlinkatFlags;
use nix::unistd::faccessat;
use nix::unistd::unlinkat;

use crate::message;
use crate::trust::is_open_to_others;
use crate::trust::is_trusted;

/// The most links in a path, as the kernel limits them.
const MOST_LINKS: u32 = 40;

/// How often a name is looked at again that has changed meanwhile.
const MOST_TRIES: u32 = 10;

/// A directory, and a name in it.
#[derive(Debug)]
pub(crate) struct Place {
    directory: OwnedFd,
    name: OsString,
    /// The path as the user named it, for messages.
    path: PathBuf,
    /// The name leads through /proc to what a process has open; only the kernel can follow it.
    is_magic: bool,
}

/// A step of a path.
enum Step {
    Directory(OwnedFd),
    Link(OsString),
    /// A link in /proc to what a process has open.
    Magic,
    Other,
    Missing,
}

impl Place {
    /// The place that a path leads to. Links are followed unless another user may have put them
    /// there.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        Self::find(path, true)
    }

    /// The place that a path names: a link at its end is not followed.
    pub fn named(path: &Path) -> anyhow::Result<Self> {
        Self::find(path, false)
    }

    /// A name in an open directory.
    pub fn below(directory: &OwnedFd, name: &OsStr) -> io::Result<Self> {
        Ok(Self {
            directory: directory.try_clone()?,
            name: name.to_owned(),
            path: PathBuf::from(name),
            is_magic: false,
        })
    }

    fn find(path: &Path, follows_last: bool) -> anyhow::Result<Self> {
        Walk::new(path).and_then(|walk| walk.place(follows_last))
    }

    /// Opens the file for appending, or makes a new one with this mode. The file that is there must
    /// be trustworthy.
    pub fn open(&self, mode: u32) -> anyhow::Result<File> {
        for _ in 0..MOST_TRIES {
            if let Some(file) = self.open_existing()? {
                return Ok(file);
            }
            match self.create_new(mode) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return created.with_context(|| self.cannot_write()),
            }
        }
        bail!("{}: it comes and goes", self.cannot_write())
    }

    /// Opens what is there. A pipe of another user is refused before it is opened, because that
    /// waits for a reader.
    fn open_existing(&self) -> anyhow::Result<Option<File>> {
        let name = self.name.as_os_str();
        let mut flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        if !self.is_magic {
            match look(&self.directory, name) {
                Err(Errno::ENOENT) => return Ok(None),
                found => self.check(&found.with_context(|| self.cannot_write())?.into())?,
            }
            flags |= OFlag::O_NOFOLLOW;
        }
        let file = match self.open_with_reader(flags) {
            Err(Errno::ENOENT) => return Ok(None),
            opened => File::from(opened.with_context(|| self.cannot_write())?),
        };
        self.check(&file)?;
        Ok(Some(file))
    }

    /// Opens what is there. Says so if it is a pipe, and a reader has to be waited for.
    fn open_with_reader(&self, flags: OFlag) -> nix::Result<OwnedFd> {
        let open = |flags| openat(&self.directory, self.name.as_os_str(), flags, Mode::empty());
        match open(flags | OFlag::O_NONBLOCK) {
            Ok(file) => {
                fcntl(&file, FcntlArg::F_SETFL(OFlag::O_APPEND))?;
                Ok(file)
            }
            Err(Errno::ENXIO) => {
                message(format_args!(
                    "{:?} is a pipe: waiting for its reader",
                    self.path
                ));
                open(flags)
            }
            error => error,
        }
    }

    fn cannot_write(&self) -> String {
        format!("cannot write to {:?}", self.path)
    }

    /// Makes a new file. What has the name already is an error.
    pub fn create_new(&self, mode: u32) -> io::Result<File> {
        let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CLOEXEC;
        let new = flags | OFlag::O_CREAT | OFlag::O_EXCL;
        let mode = Mode::from_bits_truncate(mode);
        let file = openat(&self.directory, self.name.as_os_str(), new, mode)?;
        Ok(file.into())
    }

    /// Opens the directory of this name, or makes it. A link is no directory.
    pub fn make_directory(&self) -> io::Result<OwnedFd> {
        self.make_directory_with_mode(0o777).map(|(made, _)| made)
    }

    /// The same with this mode for a new one. Says whether it is new.
    pub fn make_directory_with_mode(&self, mode: u32) -> io::Result<(OwnedFd, bool)> {
        let name = self.name.as_os_str();
        let is_new = match mkdirat(&self.directory, name, Mode::from_bits_truncate(mode)) {
            Ok(()) => true,
            Err(Errno::EEXIST) => false,
            Err(errno) => return Err(errno.into()),
        };
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let opened = openat(&self.directory, name, flags, Mode::empty())?;
        Ok((opened, is_new))
    }

    /// Refuses a file that another user may have put there.
    fn check(&self, file: &File) -> anyhow::Result<()> {
        let meta = file.metadata().with_context(|| self.cannot_write())?;
        if self.is_magic || !is_open_to_others(&self.directory)? {
            return Ok(());
        }
        let path = &self.path;
        let advice = "name a file in a directory where only you can write";
        if !is_trusted(meta.uid()) {
            let owner = meta.uid();
            let kind = kind_of(&meta);
            bail!("{path:?} is a {kind} of user {owner}, who could read what is written: {advice}");
        }
        if meta.is_file() && meta.nlink() > 1 {
            bail!("{path:?} has another name, which a hard link of another user can be: {advice}");
        }
        Ok(())
    }

    /// What the name stands for now, without following it; `None` if there is nothing.
    pub fn metadata(&self) -> io::Result<Option<std::fs::Metadata>> {
        match look(&self.directory, &self.name) {
            Ok(found) => File::from(found).metadata().map(Some),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Renames the file with this number at its end, or the one without, to the one with the
    /// number `to`. If there is none, nothing happens.
    pub fn rename(&self, from: Option<u32>, to: u32) -> io::Result<()> {
        let numbered = |number: u32| {
            let mut name = self.name.clone();
            name.push(format!(".{number}"));
            name
        };
        let (from, to) = (
            from.map_or_else(|| self.name.clone(), numbered),
            numbered(to),
        );
        let (from, name) = (from.as_os_str(), to.as_os_str());
        match renameat(&self.directory, from, &self.directory, name) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => {
                let error = io::Error::from(errno);
                let text = format!("{from:?} cannot be renamed to {name:?}: {error}");
                Err(io::Error::new(error.kind(), text))
            }
        }
    }

    /// Whether files can be made and renamed here.
    pub fn can_make_files(&self) -> bool {
        let flags = AtFlags::AT_EACCESS;
        let access = AccessFlags::W_OK | AccessFlags::X_OK;
        !self.is_magic && faccessat(&self.directory, ".", access, flags).is_ok()
    }

    /// Whether the directory is one where only its owner makes files, and that is this user.
    pub fn is_private(&self) -> bool {
        let meta = self
            .directory
            .try_clone()
            .and_then(|it| File::from(it).metadata());
        meta.is_ok_and(|meta| {
            meta.uid() == Uid::effective().as_raw() && meta.mode() & 0o1222 == 0o200
        })
    }

    /// Removes the file.
    pub fn remove(&self) -> io::Result<()> {
        let name = self.name.as_os_str();
        Ok(unlinkat(&self.directory, name, UnlinkatFlags::NoRemoveDir)?)
    }

    /// The path as the user named it.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn kind_of(meta: &std::fs::Metadata) -> &'static str {
    match meta.file_type() {
        kind if kind.is_symlink() => "link",
        kind if kind.is_fifo() => "pipe",
        kind if kind.is_dir() => "directory",
        _ => "file",
    }
}

/// A handle of what a name stands for, for questions only.
fn look(directory: &OwnedFd, name: &OsStr) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(directory, name, flags, Mode::empty())
}

/// The way along a path.
struct Walk {
    path: PathBuf,
    directory: OwnedFd,
    /// What is still to be walked, the next step last.
    rest: Vec<OsString>,
    links: u32,
}

impl Walk {
    fn new(path: &Path) -> anyhow::Result<Self> {
        let bytes = path.as_os_str().as_bytes();
        if bytes.is_empty() || bytes.ends_with(b"/") {
            bail!("cannot write to {path:?}: it names no file");
        }
        let mut walk = Self {
            path: path.to_owned(),
            directory: open_directory(".").with_context(|| format!("cannot write to {path:?}"))?,
            rest: Vec::new(),
            links: 0,
        };
        walk.go_on_with(path)?;
        Ok(walk)
    }

    /// Puts the steps of a path before those that are left.
    fn go_on_with(&mut self, path: &Path) -> anyhow::Result<()> {
        if path.is_absolute() {
            self.directory = self.or_cannot(open_directory("/"))?;
        }
        let steps = path.components().rev().filter_map(|step| match step {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        });
        self.rest.extend(steps);
        Ok(())
    }

    /// Walks to the last step.
    fn place(mut self, follows_last: bool) -> anyhow::Result<Place> {
        while let Some(name) = self.rest.pop() {
            let is_last = self.rest.is_empty();
            if is_last && !follows_last {
                return Ok(self.ends_at(name, false));
            }
            match self.step(&name)? {
                Step::Link(target) => self.go_on_with(Path::new(&target))?,
                Step::Magic if is_last => return Ok(self.ends_at(name, true)),
                Step::Magic => self.directory = self.or_cannot(follow(&self.directory, &name))?,
                _ if is_last => return Ok(self.ends_at(name, false)),
                Step::Directory(directory) => self.directory = directory,
                Step::Other => self.or_cannot(Err(Errno::ENOTDIR))?,
                Step::Missing => self.or_cannot(Err(Errno::ENOENT))?,
            }
        }
        self.or_cannot(Err(Errno::EISDIR))
    }

    fn ends_at(self, name: OsString, is_magic: bool) -> Place {
        Place {
            directory: self.directory,
            name,
            path: self.path,
            is_magic,
        }
    }

    /// Looks at a name, and refuses a link that another user may have put there.
    fn step(&mut self, name: &OsStr) -> anyhow::Result<Step> {
        let found = match look(&self.directory, name) {
            Err(Errno::ENOENT) => return Ok(Step::Missing),
            found => File::from(self.or_cannot(found)?),
        };
        let meta = found.metadata()?;
        if meta.is_dir() {
            return Ok(Step::Directory(found.into()));
        }
        if !meta.is_symlink() {
            return Ok(Step::Other);
        }
        self.links += 1;
        if self.links > MOST_LINKS {
            return self.or_cannot(Err(Errno::ELOOP));
        }
        let is_proc = |fs: nix::sys::statfs::Statfs| fs.filesystem_type() == PROC_SUPER_MAGIC;
        if fstatfs(self.directory.as_fd()).is_ok_and(is_proc) {
            return Ok(Step::Magic);
        }
        if !is_trusted(meta.uid()) && is_open_to_others(&self.directory)? {
            let (path, owner) = (&self.path, meta.uid());
            bail!(
                "the link {name:?} in {path:?} is one of user {owner}, and other users can write to \
                 its directory: name a file in a directory where only you can write"
            );
        }
        self.or_cannot(readlinkat(&found, "")).map(Step::Link)
    }

    fn or_cannot<T>(&self, outcome: nix::Result<T>) -> anyhow::Result<T> {
        outcome.with_context(|| format!("cannot write to {:?}", self.path))
    }
}

fn open_directory(path: &str) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    nix::fcntl::open(path, flags, Mode::empty())
}

/// The directory that a link in /proc stands for.
fn follow(directory: &OwnedFd, name: &OsStr) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    openat(directory, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests;
