//! What a process runs.

use crate::argv::Argv;

/// Which root a path is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRoot {
    /// That of the mount namespace of the machine's first process.
    Machine,
    /// That of the process's own mount namespace: in a container, mostly.
    Namespace,
    /// None of the two: the mount is detached, or belongs to another process's mount namespace, or
    /// it is memory. The kernel calls such a path unreachable.
    Elsewhere,
}

impl PathRoot {
    /// All of them, in the order of their index.
    pub(crate) const ALL: [Self; 3] = [Self::Machine, Self::Namespace, Self::Elsewhere];

    /// The name of each in JSON.
    pub const NAMES: &'static [&'static str] = &["machine", "namespace", "elsewhere"];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// Where secrets were masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redacted {
    /// In the arguments, or in the name of a file.
    pub texts: bool,
    /// In the environment.
    pub env: bool,
}

impl Redacted {
    /// Nowhere.
    pub const NOTHING: Self = Self {
        texts: false,
        env: false,
    };

    /// Whether anything was masked.
    pub fn is_anything(self) -> bool {
        self.texts || self.env
    }
}

/// What a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// The file as it was named in the call.
    pub filename: Option<&'a [u8]>,
    /// Resolved path of the file.
    pub exe: Option<&'a [u8]>,
    /// What that path is relative to.
    pub exe_root: Option<PathRoot>,
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
    /// What that path is relative to.
    pub cwd_root: Option<PathRoot>,
    /// The variables of the environment that were asked for.
    pub env: Option<Argv<'a>>,
    /// What was masked in it before it was recorded; nothing in what a live source sends.
    pub redacted: Redacted,
}

impl Image<'static> {
    /// An unknown image.
    pub const UNKNOWN: Self = Self {
        filename: None,
        exe: None,
        exe_root: None,
        script: false,
        secure: false,
        file: None,
        args: Argv::UNKNOWN,
        cwd: None,
        cwd_root: None,
        env: None,
        redacted: Redacted::NOTHING,
    };
}

impl Image<'_> {
    /// Whether a limit left out some of the arguments or of the environment.
    pub fn is_shortened(&self) -> bool {
        self.args.is_shortened() || self.env.is_some_and(|env| env.is_shortened())
    }

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
