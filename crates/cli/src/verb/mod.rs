//! One module for each thing that execsnoop does.

pub mod trace;
