//! A child that does not outlive whoever started it.

use std::process::Child;

/// It is killed when dropped.
#[derive(Debug)]
pub(crate) struct KillOnDrop(pub(crate) Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: at worst the child is already gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
