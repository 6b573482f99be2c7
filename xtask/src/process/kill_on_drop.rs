//! A child process that is killed when its owner is dropped.

use std::process::Child;

/// Kills and reaps the child on drop.
#[derive(Debug)]
pub(crate) struct KillOnDrop(pub(crate) Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: at worst the child is already gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
