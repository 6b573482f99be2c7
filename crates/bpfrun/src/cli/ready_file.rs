//! The file that says that everything is attached.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use anyhow::bail;

/// Removes the ready file of an earlier run, but nothing that holds something.
pub fn remove_stale(path: &Path) -> anyhow::Result<()> {
    match fs::symlink_metadata(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(meta) if meta.is_file() && meta.len() == 0 => Ok(fs::remove_file(path)?),
        Ok(_) => bail!(
            "--ready-file {}: this exists and is not an empty file",
            path.display()
        ),
        Err(err) => Err(err).with_context(|| format!("--ready-file {path:?}")),
    }
}

/// Creates it.
pub fn create(path: &Path) -> anyhow::Result<()> {
    File::create_new(path).with_context(|| format!("cannot create {path:?}"))?;
    Ok(())
}
