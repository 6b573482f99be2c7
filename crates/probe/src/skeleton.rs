//! What libbpf-cargo makes of `bpf/`: the object, its maps and programs, and the types of its
//! records.

#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::too_many_lines,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

include!(concat!(env!("OUT_DIR"), "/core.skel.rs"));

/// Of the classic backend.
pub(crate) mod classic {
    include!(concat!(env!("OUT_DIR"), "/classic.skel.rs"));
}

/// Of what learns a kernel's layout for it.
pub(crate) mod peek {
    include!(concat!(env!("OUT_DIR"), "/peek.skel.rs"));
}
