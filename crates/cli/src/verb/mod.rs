//! One module for each thing that execsnoop does.

pub mod doctor;
pub mod trace;
