//! What a process runs.

use crate::argv::Argv;

/// What a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// The file as it was named in the call.
    pub filename: Option<&'a [u8]>,
    /// Resolved path of the file.
    pub exe: Option<&'a [u8]>,
    /// The file named is a script.
    pub script: bool,
    /// The kernel set `AT_SECURE`.
    pub secure: bool,
    /// The file's identity.
    pub file: Option<ExecFile>,
    /// The arguments.
    pub args: Argv<'a>,
    /// Resolved path of the working directory at the exec.
    pub cwd: Option<&'a [u8]>,
    /// The variables of the environment that were asked for.
    pub env: Option<Argv<'a>>,
}

impl Image<'static> {
    /// An unknown image.
    pub const UNKNOWN: Self = Self {
        filename: None,
        exe: None,
        script: false,
        secure: false,
        file: None,
        args: Argv::UNKNOWN,
        cwd: None,
        env: None,
    };
}

impl Image<'_> {
    /// Whether the file was already deleted when it was executed, or never had a name.
    pub fn deleted(&self) -> Option<bool> {
        self.file.map(|file| file.links == 0)
    }

    /// Whether the executed file is anonymous memory (memfd_create(2)).
    pub fn memfd(&self) -> Option<bool> {
        let deleted = self.deleted()?;
        Some(deleted && self.exe?.starts_with(b"/memfd:"))
    }
}

/// The identity of an executed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecFile {
    /// The kernel's `dev_t`: major << 20 | minor.
    pub device: u32,
    /// Inode number.
    pub inode: u64,
    /// Names that it still has: 0 for a deleted file or a memfd.
    pub links: u32,
}
