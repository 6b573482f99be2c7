//! Input that can be read anywhere.

use std::io;

/// Reads at an offset, without a position: a file, or bytes in memory.
pub trait ReadAt {
    /// Reads bytes from this offset on, and says how many: 0 at the end.
    ///
    /// # Errors
    ///
    /// The input cannot be read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for &[u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.get(start..).unwrap_or_default();
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}
