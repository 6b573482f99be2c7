//! Records of execs, successful and failed, and their variable parts.

use std::num::NonZeroU32;

use execsnoop_events::Argv;
use execsnoop_events::CountedKind;
use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exec;
use execsnoop_events::ExecFile;
use execsnoop_events::PathRoot;
use execsnoop_events::Sink;
use execsnoop_events::WallClock;

use super::convert::event;
use super::convert::exec_common;
use super::convert::join_reversed_path_if;
use super::convert::page_bytes;
use super::records::DecodeError;
use super::records::read_record;
use super::records::to_usize;
use super::records::until_nul;
use crate::skeleton::types::exec_flags;
use crate::skeleton::types::failed_arg;
use crate::skeleton::types::failed_image;
use crate::skeleton::types::rec_exec;
use crate::skeleton::types::rec_failed;

/// Memory that is reused for each event.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) path: Vec<u8>,
    pub(super) cwd: Vec<u8>,
    pub(super) name: Vec<u8>,
    pub(super) block: Vec<u8>,
    pub(super) unreadable: Vec<u32>,
}

/// A successful exec as it was sent.
pub(super) struct ExecRecord {
    pub(super) fixed: rec_exec,
}

pub(super) struct ExecData<'a> {
    /// The arguments and the environment behind them, or the part that is in this record.
    pub(super) block: &'a [u8],
    pub(super) name: &'a [u8],
    pub(super) path: &'a [u8],
    pub(super) cwd: &'a [u8],
}

impl ExecRecord {
    pub(super) fn parse(record: &[u8]) -> Result<(Self, ExecData<'_>), DecodeError> {
        Self::split(record).ok_or(DecodeError::Short(Some(CountedKind::Exec)))
    }

    pub(super) fn split(record: &[u8]) -> Option<(Self, ExecData<'_>)> {
        let (fixed, rest) = read_record::<rec_exec>(record)?;
        let (block, rest) = rest.split_at_checked(to_usize(fixed.args_len))?;
        let (name, rest) = rest.split_at_checked(to_usize(fixed.name_len))?;
        let (path, rest) = rest.split_at_checked(to_usize(fixed.path_len))?;
        let cwd = rest.get(..to_usize(fixed.cwd_len))?;
        let data = ExecData {
            block,
            name,
            path,
            cwd,
        };
        Some((Self { fixed }, data))
    }

    pub(super) fn has(&self, flag: exec_flags) -> bool {
        self.fixed.flags & flag.0 != 0
    }

    fn exe_root(&self) -> PathRoot {
        let own = self.has(exec_flags::EXEC_PATH_OWN_ROOT);
        path_root(own, self.has(exec_flags::EXEC_PATH_NO_ROOT))
    }

    fn cwd_root(&self) -> PathRoot {
        let own = self.has(exec_flags::EXEC_CWD_OWN_ROOT);
        path_root(own, self.has(exec_flags::EXEC_CWD_NO_ROOT))
    }

    /// How long arguments and environment are together.
    pub(super) fn block_len(&self) -> usize {
        to_usize(self.fixed.args_total).saturating_add(to_usize(self.fixed.env_total))
    }

    /// The arguments, and the environment if it is asked for and there to its end.
    pub(super) fn parts<'a>(&self, block: &'a [u8]) -> (Argv<'a>, Option<Argv<'a>>) {
        let asked = self.has(exec_flags::EXEC_ENV);
        match block.split_at_checked(to_usize(self.fixed.args_total)) {
            Some((args, env)) => {
                let whole = asked && block.len() == self.block_len();
                (Argv::whole(args), whole.then_some(Argv::whole(env)))
            }
            None => (Argv::cut(block, u64::from(self.fixed.args_total)), None),
        }
    }

    pub(super) fn event<'a>(
        &'a self,
        data: &ExecData<'a>,
        block: &'a [u8],
        buffers: &'a mut Buffers,
        clock: &WallClock,
    ) -> Event<'a> {
        let fixed = &self.fixed;
        let on_file = !self.has(exec_flags::EXEC_NO_FILE);
        let (args, env) = self.parts(block);
        let exe = join_reversed_path_if(
            !self.has(exec_flags::EXEC_PATH_CUT),
            data.path,
            &mut buffers.path,
        );
        let cwd = match self.has(exec_flags::EXEC_CWD_ROOT) {
            true => Some(&b"/"[..]),
            false => join_reversed_path_if(
                !self.has(exec_flags::EXEC_CWD_CUT),
                data.cwd,
                &mut buffers.cwd,
            ),
        };
        let exec = Exec {
            ret: 0,
            filename: Some(until_nul(data.name)),
            exe,
            exe_root: exe.map(|_| self.exe_root()),
            cwd,
            cwd_root: cwd.map(|_| self.cwd_root()),
            env,
            script: self.has(exec_flags::EXEC_SCRIPT),
            secure: self.has(exec_flags::EXEC_SECURE),
            file: on_file.then_some(ExecFile {
                device: fixed.device,
                inode: fixed.inode,
                links: fixed.links,
            }),
            exec_number: NonZeroU32::new(fixed.exec_number),
            peak_before: on_file.then(|| page_bytes(fixed.maxrss_before)),
            ..exec_common(&fixed.head, &fixed.task_info, args)
        };
        event(&fixed.head, clock, EventData::Exec(exec))
    }
}

fn path_root(at_own: bool, at_none: bool) -> PathRoot {
    match (at_own, at_none) {
        (_, true) => PathRoot::Elsewhere,
        (true, false) => PathRoot::Namespace,
        (false, false) => PathRoot::Machine,
    }
}

/// A failed exec as it was sent.
pub(super) struct FailedRecord {
    pub(super) fixed: rec_failed,
}

pub(super) struct FailedData<'a> {
    pub(super) name: &'a [u8],
    pub(super) entries: &'a [u8],
}

impl FailedRecord {
    pub(super) fn parse(record: &[u8]) -> Result<(Self, FailedData<'_>), DecodeError> {
        Self::split(record).ok_or(DecodeError::Short(Some(CountedKind::Failed)))
    }

    pub(super) fn split(record: &[u8]) -> Option<(Self, FailedData<'_>)> {
        let (fixed, rest) = read_record::<rec_failed>(record)?;
        let (name, rest) = rest.split_at_checked(to_usize(fixed.name_len))?;
        let entries = rest.get(..to_usize(fixed.args_len))?;
        Some((Self { fixed }, FailedData { name, entries }))
    }

    pub(super) fn emit(
        &self,
        data: &FailedData<'_>,
        entries: &[u8],
        to_the_end: bool,
        buffers: &mut Buffers,
        clock: &WallClock,
        sink: &mut Sink<'_>,
    ) {
        let all_read = buffers.read_entries(entries);
        let by_path = self.has(failed_image::FAILED_BY_PATH);
        let named = !by_path && self.file_name(data.name, &mut buffers.name);
        let is_whole = by_path && !self.has(failed_image::FAILED_PATH_CUT);
        let exe = join_reversed_path_if(is_whole, data.name, &mut buffers.path);
        let args = Argv::one_by_one(&buffers.block, &buffers.unreadable, to_the_end && all_read);
        let exec = Exec {
            ret: self.fixed.ret,
            fatal: self.has(failed_image::FAILED_FATAL),
            script: self.has(failed_image::FAILED_SCRIPT),
            filename: named.then_some(&buffers.name),
            exe,
            exe_root: exe.map(|_| self.exe_root()),
            ..exec_common(&self.fixed.head, &self.fixed.task_info, args)
        };
        sink(&event(&self.fixed.head, clock, EventData::Exec(exec)));
    }

    fn has(&self, flag: failed_image) -> bool {
        self.fixed.image & flag.0 != 0
    }

    fn exe_root(&self) -> PathRoot {
        let own = self.has(failed_image::FAILED_PATH_OWN_ROOT);
        path_root(own, self.has(failed_image::FAILED_PATH_NO_ROOT))
    }

    /// Puts the file's name into `out` as the kernel names it: relative to a descriptor it is
    /// `/dev/fd/N/name`, of a descriptor alone `/dev/fd/N`. False when the name could not be read.
    pub(super) fn file_name(&self, name: &[u8], out: &mut Vec<u8>) -> bool {
        out.clear();
        if name.is_empty() {
            return false;
        }
        let name = until_nul(name);
        if self.fixed.dirfd != nix::libc::AT_FDCWD && !name.starts_with(b"/") {
            out.extend_from_slice(format!("/dev/fd/{}", self.fixed.dirfd).as_bytes());
            if !name.is_empty() {
                out.push(b'/');
            }
        }
        out.extend_from_slice(name);
        true
    }
}

impl Buffers {
    /// Turns entries (`enum failed_arg`, then a string) into a block of arguments and the list of
    /// those that could not be read. False when the entries end in the midst of one.
    pub(super) fn read_entries(&mut self, mut entries: &[u8]) -> bool {
        self.block.clear();
        self.unreadable.clear();
        let mut begun = 0; // where the argument that is being read begins in the block
        let mut index = 0;
        while let Some((&kind, rest)) = entries.split_first() {
            entries = rest;
            if failed_arg(u32::from(kind)) == failed_arg::ARG_UNREAD {
                self.block.truncate(begun);
                self.unreadable.push(index);
            } else {
                let Some(end) = rest.iter().position(|&byte| byte == 0) else {
                    return false;
                };
                self.block.extend_from_slice(&rest[..end]);
                entries = &rest[end + 1..];
                if failed_arg(u32::from(kind)) == failed_arg::ARG_PIECE {
                    continue;
                }
            }
            self.block.push(0);
            begun = self.block.len();
            index += 1;
        }
        begun == self.block.len()
    }
}
