//! A file of our own.

use std::fs::File;
use std::path::Path;

use nix::fcntl::Flock;

use crate::lock::lock;
use crate::place::Place;
use crate::trust::give_to_caller_of_sudo;

/// Opens a file for appending, and locks it as long as it is open. A new one has mode 0600 and
/// belongs to the user who called sudo.
///
/// # Errors
///
/// If it cannot be written, another user may have put it there, or another program has locked it.
pub fn lock_private_file(path: &Path) -> anyhow::Result<Flock<File>> {
    let place = Place::of(path)?;
    let is_new = place.metadata()?.is_none();
    let file = place.open(0o600)?;
    if is_new {
        give_to_caller_of_sudo(&file)?;
    }
    lock(file, path, "file")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    /// The file is private, and locked.
    #[test]
    fn one_program_at_a_time() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("file");
        let first = lock_private_file(&path).expect("a new file");
        let meta = std::fs::metadata(&path).expect("it is there");
        assert_eq!(meta.mode() & 0o777, 0o600);
        let error = lock_private_file(&path).expect_err("it is locked");
        assert!(error.to_string().contains("another execsnoop"), "{error}");
        drop(first);
        lock_private_file(&path).expect("it is free again");
    }
}
