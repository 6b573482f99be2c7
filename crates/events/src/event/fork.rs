//! A process was created.

use std::num::NonZeroU32;

use super::process_id::ProcessId;

/// A process was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// The new process.
    pub process: ProcessId,
    /// The process that called fork, vfork or clone. Not always the parent (`CLONE_PARENT`).
    pub creator: ProcessId,
    /// The thread that called.
    pub creator_tid: u32,
    /// The creator sleeps until the child has called exec or exited.
    pub vfork: Option<bool>,
    /// The creator is the tracer: this is the command it was asked to run.
    pub by_tracer: bool,
    /// The number of the creator's last exec, whose image the child has.
    pub exec_number: Option<NonZeroU32>,
    /// The child's number in its own pid namespace.
    pub ns_pid: Option<u32>,
}
