//! Which users may have put a file there without harm.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;

use anyhow::Context as _;
use nix::unistd::Uid;

/// Group and others may write.
const SHARED: u32 = 0o022;

/// Whether this user is root, the user of this process, or the one who called sudo.
pub(crate) fn is_trusted(uid: u32) -> bool {
    let own = Uid::effective();
    uid == 0 || uid == own.as_raw() || own.is_root() && Some(uid) == sudo_uid()
}

fn sudo_uid() -> Option<u32> {
    std::env::var("SUDO_UID").ok()?.parse().ok()
}

/// Whether users who are not trusted can add names to this directory.
pub(crate) fn is_open_to_others(directory: &OwnedFd) -> anyhow::Result<bool> {
    let cannot = "cannot look at the directory of a file";
    let directory = File::from(directory.try_clone().context(cannot)?);
    let meta = directory.metadata().context(cannot)?;
    Ok(!is_trusted(meta.uid()) || meta.mode() & SHARED != 0)
}
