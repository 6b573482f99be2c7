//! Whether a recorder is at work.

use std::fs::File;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::Flock;
use nix::fcntl::FlockArg;

/// Whether a recorder writes this file: it has locked the file, or its directory.
pub(crate) fn is_being_written(file: &Path) -> bool {
    is_locked(file) || file.parent().is_some_and(is_locked)
}

fn is_locked(path: &Path) -> bool {
    let path = match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    };
    let Ok(file) = File::open(path) else {
        return false;
    };
    let lock = Flock::lock(file, FlockArg::LockSharedNonblock);
    matches!(lock, Err((_, Errno::EWOULDBLOCK)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lock of another process, or of another handle.
    #[test]
    fn locked_files() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("file");
        let file = File::create(&path).expect("a file");
        assert!(!is_being_written(&path));
        let locked = Flock::lock(file, FlockArg::LockExclusive).expect("it is free");
        assert!(is_being_written(&path));
        drop(locked);
        assert!(!is_being_written(&path));
        assert!(!is_being_written(Path::new("/nonexistent/file")));
    }
}
