//! A process called exec.

use std::num::NonZeroU32;

use super::cgroup::CgroupRef;
use super::image::ExecFile;
use super::image::Image;
use super::image::PathRoot;
use super::image::Redacted;
use super::login::LoginSession;
use super::process_id::ProcessId;
use crate::argv::Argv;

/// A process called exec.
#[derive(Debug, Clone, Copy)]
pub struct Exec<'a> {
    /// The process that runs the new image, or would have.
    pub process: ProcessId,
    /// The thread that called exec. A non-leader thread takes over the leader's tid.
    pub tid: u32,
    /// The current parent: the creator, or the process that has adopted this one since.
    pub parent: ProcessId,
    /// The process's name: after a success, that of the new image (15 bytes at most). Empty when it
    /// is not known, as everywhere.
    pub comm: &'a [u8],
    /// The parent's name.
    pub parent_comm: &'a [u8],
    /// Real user id, in the initial user namespace.
    pub uid: Option<u32>,
    /// Effective user id, after the exec.
    pub euid: Option<u32>,
    /// Real group id.
    pub gid: Option<u32>,
    /// Effective group id, after the exec.
    pub egid: Option<u32>,
    /// The login session.
    pub session: LoginSession<'a>,
    /// The CPU it ran on.
    pub cpu: Option<u32>,
    /// 0, or the negative errno.
    pub ret: i32,
    /// It failed when the caller's memory was gone already, so that the kernel ends the process.
    /// File name, arguments and name are those of the program that did not begin.
    pub fatal: bool,
    /// The file as it was named in the call; `/dev/fd/N` if the call named only a descriptor.
    /// `None` when it could not be read, which only happens to failed execs.
    pub filename: Option<&'a [u8]>,
    /// Resolved path of the file that runs (the interpreter, for a script), from `exe_root`.
    /// `None` when it was not asked for, when it has more than some 250 names, and for failed
    /// execs, but for a fatal one whose `filename` is not known.
    pub exe: Option<&'a [u8]>,
    /// What that path is relative to.
    pub exe_root: Option<PathRoot>,
    /// The file named is a script: its interpreter was put before it.
    pub script: bool,
    /// The kernel set `AT_SECURE`, because of set-uid, set-gid or file capabilities.
    pub secure: bool,
    /// The arguments: after a success those of the new image, so a script's begin with the
    /// interpreter; after a failure the caller's.
    pub args: Argv<'a>,
    /// Resolved path of the working directory, as `exe`. `None` when it was not asked for, for
    /// failed execs, and when it has too many names.
    pub cwd: Option<&'a [u8]>,
    /// What that path is relative to.
    pub cwd_root: Option<PathRoot>,
    /// The environment of the new image, `NAME=value` each. `None` when it was not asked for, or
    /// did not arrive whole, and for failed execs.
    pub env: Option<Argv<'a>>,
    /// What was masked in it before it was recorded; nothing in what a live source sends.
    pub redacted: Redacted,
    /// Its cgroups.
    pub place: Option<CgroupRef>,
    /// The process's number in its own pid namespace.
    pub ns_pid: Option<u32>,
    /// Inode number of its pid namespace.
    pub pid_ns: Option<u32>,
    /// Inode number of its mount namespace.
    pub mnt_ns: Option<u32>,
    /// The file that runs; `None` for failed execs.
    pub file: Option<ExecFile>,
    /// The number of this exec: one more than that of the process's last one, or of its creator's
    /// before the fork. `None` for failed execs.
    pub exec_number: Option<NonZeroU32>,
    /// Peak memory, in bytes, that the process had used before this exec (`signal->maxrss`). The
    /// kernel's later peak contains it.
    pub peak_before: Option<u64>,
}

impl Exec<'_> {
    /// Whether the exec failed.
    pub fn has_failed(&self) -> bool {
        self.ret < 0
    }
}

impl<'a> Exec<'a> {
    /// The image that a successful exec brings.
    pub fn image(&self) -> Image<'a> {
        Image {
            filename: self.filename,
            exe: self.exe,
            exe_root: self.exe_root,
            script: self.script,
            secure: self.secure,
            file: self.file,
            args: self.args,
            cwd: self.cwd,
            cwd_root: self.cwd_root,
            env: self.env,
            redacted: self.redacted,
        }
    }
}

impl<'a> Exec<'a> {
    /// A successful exec of this image; everything else is unknown.
    pub fn of_image(process: ProcessId, image: &Image<'a>) -> Self {
        Self {
            process,
            tid: process.pid,
            parent: ProcessId::UNKNOWN,
            comm: b"",
            parent_comm: b"",
            uid: None,
            euid: None,
            gid: None,
            egid: None,
            session: LoginSession::default(),
            cpu: None,
            ret: 0,
            fatal: false,
            filename: image.filename,
            exe: image.exe,
            exe_root: image.exe_root,
            script: image.script,
            secure: image.secure,
            args: image.args,
            cwd: image.cwd,
            cwd_root: image.cwd_root,
            env: image.env,
            redacted: image.redacted,
            place: None,
            ns_pid: None,
            pid_ns: None,
            mnt_ns: None,
            file: image.file,
            exec_number: None,
            peak_before: None,
        }
    }
}
