//! A program in the kernel, not attached yet.

use libbpf_rs::Object;

use crate::compile_options::Attach;
use crate::object::object_info::ObjectInfo;

/// A program in the kernel, not attached yet.
#[derive(Debug)]
pub struct Loaded {
    pub(crate) object: Object,
    pub(crate) declared: ObjectInfo,
    pub(crate) attach: Vec<Attach>,
    pub(crate) prints: bool,
}

impl Loaded {
    /// Whether a function calls `bpf_trace_printk`, whose lines come through the kernel's trace
    /// pipe.
    pub fn prints(&self) -> bool {
        self.prints
    }
}
