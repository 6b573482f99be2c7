//! A lock against another program that would write to the same place.

use std::fs::File;
use std::path::Path;

use anyhow::Error;
use anyhow::Result;
use anyhow::anyhow;
use nix::errno::Errno;
use nix::fcntl::Flock;
use nix::fcntl::FlockArg;

/// Locks what is at this path, a `kind` of file, as long as it is open.
///
/// # Errors
///
/// If another program has locked it.
pub(crate) fn lock(opened: File, path: &Path, kind: &str) -> Result<Flock<File>> {
    let locked = Flock::lock(opened, FlockArg::LockExclusiveNonblock);
    locked.map_err(|(_, errno)| match errno {
        Errno::EWOULDBLOCK => anyhow!("another execsnoop records to {path:?}: name another {kind}"),
        errno => Error::new(errno).context(format!("cannot lock {path:?}")),
    })
}
