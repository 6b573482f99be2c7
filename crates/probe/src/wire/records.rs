//! The fixed parts of records, as bpf/abi.h defines them, taken from any bytes.

use execsnoop_events::CountedKind;

use crate::skeleton::types::rec_args;
use crate::skeleton::types::rec_cgroup;
use crate::skeleton::types::rec_cgroup_ref;
use crate::skeleton::types::rec_exec;
use crate::skeleton::types::rec_existing;
use crate::skeleton::types::rec_exit;
use crate::skeleton::types::rec_failed;
use crate::skeleton::types::rec_fork;
use crate::skeleton::types::rec_freed;
use crate::skeleton::types::rec_header;
use crate::skeleton::types::rec_task;

/// Bytes that are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// The record ends too early.
    #[error("the record is shorter than it says")]
    Short(Option<CountedKind>),
    /// No record has this type.
    #[error("there are no records of type {0}")]
    Type(u32),
}

impl DecodeError {
    /// Which kind of event is lost by it, if that can be told.
    pub(crate) fn kind(self) -> Option<CountedKind> {
        match self {
            Self::Short(kind) => kind,
            Self::Type(_) => None,
        }
    }
}

/// A record's fixed part: integers only, so that any bytes are one.
///
/// # Safety
///
/// Every bit pattern must be a valid value of the type.
pub(super) unsafe trait PlainRecord: Copy {}
// SAFETY: these are structs of integers and arrays of integers (bpf/abi.h).
unsafe impl PlainRecord for rec_header {}
// SAFETY: as above.
unsafe impl PlainRecord for rec_exec {}
// SAFETY: as above.
unsafe impl PlainRecord for rec_args {}
// SAFETY: as above.
unsafe impl PlainRecord for rec_failed {}
// SAFETY: as above.
unsafe impl PlainRecord for rec_fork {}
// SAFETY: as above.
unsafe impl PlainRecord for rec_exit {}
// SAFETY: as above.
unsafe impl PlainRecord for rec_freed {}
// SAFETY: as above.
unsafe impl PlainRecord for rec_existing {}
// SAFETY: as above.
unsafe impl PlainRecord for rec_cgroup {}

// The same as in bpf/abi.h: no gap that only one side has.
const _: () = assert!(size_of::<rec_header>() == 24);
const _: () = assert!(size_of::<rec_task>() == 136);
const _: () = assert!(size_of::<rec_exec>() == 216);
const _: () = assert!(size_of::<rec_args>() == 40);
const _: () = assert!(size_of::<rec_failed>() == 184);
const _: () = assert!(size_of::<rec_fork>() == 56);
const _: () = assert!(size_of::<rec_exit>() == 208);
const _: () = assert!(size_of::<rec_freed>() == 48);
const _: () = assert!(size_of::<rec_existing>() == 96);
const _: () = assert!(size_of::<rec_cgroup_ref>() == 24);
const _: () = assert!(size_of::<rec_cgroup>() == 40);

/// Splits the fixed part off; `None` when the bytes are too few.
pub(super) fn read_record<T: PlainRecord>(bytes: &[u8]) -> Option<(T, &[u8])> {
    let (fixed, rest) = bytes.split_at_checked(size_of::<T>())?;
    // SAFETY: `fixed` is as long as a T, the read asks for no alignment, and a T may be any bytes.
    let value = unsafe { fixed.as_ptr().cast::<T>().read_unaligned() };
    Some((value, rest))
}

pub(super) fn to_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or(bytes)
}
