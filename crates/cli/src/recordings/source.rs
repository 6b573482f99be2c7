//! One file or stream.

use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use execsnoop_events::recording::ReadAt;

use super::name::shown;

/// Where bytes come from.
#[derive(Debug)]
pub(super) enum Source {
    /// Standard input.
    Stdin,
    /// A pipe with a name, or a device.
    Stream(PathBuf),
    /// A file of this length. What is appended to it later is not read.
    File(PathBuf, u64),
}

impl Source {
    pub(super) fn of(path: PathBuf, metadata: &Metadata) -> Self {
        match metadata.is_file() {
            true => Self::File(path, metadata.len()),
            false => Self::Stream(path),
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::Stream(path) | Self::File(path, _) => shown(path),
        }
    }

    /// The number of bytes, if it is known.
    pub(super) fn len(&self) -> Option<u64> {
        match self {
            Self::Stdin | Self::Stream(_) => None,
            Self::File(_, len) => Some(*len),
        }
    }
}

/// A file as [`span_of`](execsnoop_events::recording::span_of) reads it.
pub(super) struct Seekable<'a>(pub(super) &'a File);

impl ReadAt for Seekable<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
}
