//! A file to which frames are appended.

use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;

/// A file of whole frames.
#[derive(Debug)]
pub struct FrameFile {
    file: File,
    /// The length of what is whole.
    bytes: u64,
}

impl FrameFile {
    /// An empty file.
    pub fn new(file: File) -> Self {
        Self { file, bytes: 0 }
    }

    /// Appends a frame by one write. What does not fit is taken back.
    ///
    /// # Errors
    ///
    /// Why it was not written.
    pub fn append(&mut self, frame: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(frame) {
            // If this fails too, a reader passes over the part.
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes += frame.len() as u64;
        Ok(())
    }

    /// Waits until the file is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Whether the file has no name any more: what is written to it is gone at the end.
    pub fn is_removed(&self) -> bool {
        let meta = self.file.metadata();
        meta.is_ok_and(|meta| meta.is_file() && meta.nlink() == 0)
    }

    /// The file.
    pub fn into_file(self) -> File {
        self.file
    }
}
