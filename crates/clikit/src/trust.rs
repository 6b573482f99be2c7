//! Which users may have put a file there without harm.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;

use anyhow::Context as _;
use nix::fcntl::AtFlags;
use nix::unistd::Gid;
use nix::unistd::Uid;
use nix::unistd::fchownat;

/// Group and others may write.
const SHARED: u32 = 0o022;

/// Whether this user is root, the user of this process, or the one who called sudo.
pub(crate) fn is_trusted(uid: u32) -> bool {
    let own = Uid::effective();
    uid == 0 || uid == own.as_raw() || own.is_root() && Some(uid) == sudo_uid()
}

fn sudo_uid() -> Option<u32> {
    number_from_env("SUDO_UID")
}

fn number_from_env(variable: &str) -> Option<u32> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Gives what was just made to the user who called sudo.
pub(crate) fn give_to_caller_of_sudo(made: impl AsFd) -> io::Result<()> {
    let (Some(uid), Some(gid)) = (sudo_uid(), number_from_env("SUDO_GID")) else {
        return Ok(());
    };
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    // By number and not by name: the handle may be one that is only good for looking (O_PATH).
    Ok(fchownat(made, "", uid, gid, AtFlags::AT_EMPTY_PATH)?)
}

/// Whether users who are not trusted can add names to this directory.
pub(crate) fn is_open_to_others(directory: &OwnedFd) -> anyhow::Result<bool> {
    let cannot = "cannot look at the directory of a file";
    let directory = File::from(directory.try_clone().context(cannot)?);
    let meta = directory.metadata().context(cannot)?;
    Ok(!is_trusted(meta.uid()) || meta.mode() & SHARED != 0)
}
