//! Files that do not grow without end: a full file is put aside, and a new one is begun.

use std::fs::File;
use std::io;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;

use crate::place::Place;

/// How large a file may become, and how many of them are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimit {
    /// The most bytes of a file; only a line that is longer exceeds it.
    pub bytes: u64,
    /// The most files: the one that is written, and older ones with numbers.
    pub files: u32,
}

impl SizeLimit {
    /// The file to go on with when this one is full. If another program has moved the file that
    /// was there, none is put aside.
    pub(crate) fn next_file(self, place: &Place, full: &File) -> io::Result<File> {
        if self.files <= 1 {
            full.set_len(0)?;
            return full.try_clone();
        }
        let old = full.metadata()?;
        let is_same = |now: std::fs::Metadata| (now.dev(), now.ino()) == (old.dev(), old.ino());
        if place.metadata()?.is_some_and(is_same) {
            self.put_aside(place)?;
        }
        match place.create_new(0o600) {
            Ok(new) => adopt_owner_and_mode(&new, &old).map(|()| new),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                place.open(0o600).map_err(io::Error::other)
            }
            Err(error) => Err(error),
        }
    }

    /// FILE becomes FILE.1, FILE.1 becomes FILE.2, and so on. The oldest is replaced.
    fn put_aside(self, place: &Place) -> io::Result<()> {
        for number in (1..self.files - 1).rev() {
            place.rename(Some(number), number + 1)?;
        }
        place.rename(None, 1)
    }
}

/// The new file is for the same readers. (Who cannot give files away keeps them.)
fn adopt_owner_and_mode(new: &File, old: &std::fs::Metadata) -> io::Result<()> {
    let _ = std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid()));
    let meta = new.metadata()?;
    // Without the group, its rights are those of another one.
    if (meta.uid(), meta.gid()) == (old.uid(), old.gid()) {
        new.set_permissions(old.permissions())?;
    }
    Ok(())
}
