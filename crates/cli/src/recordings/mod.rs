//! Opens recordings: a file, a directory of files, or a stream.
//!
//! [`Input::open`] takes what a user names, and [`Input::read`] begins to read it, on its own
//! thread: reading and decompressing go on while the caller works on the blocks before.
//! [`Blocks::next`] hands them out in order:
//!
//! - [`Block::Lines`]: whole lines of one frame.
//! - [`Block::Header`]: the frame whose first line, the header, is valid for what follows. It comes
//!   only if reading begins at a checkpoint behind it. Everything else in it is before the range.
//! - [`Block::Damage`]: a sentence about bytes that were skipped. What follows is good again.
//!
//! A range of times makes reading begin and end near it. The blocks hold all records of the range,
//! and others around it, which the caller leaves out. A stream is always read from its beginning.

mod block;
mod blocks;
mod input;
mod lock;
mod name;
mod read;
mod source;
#[cfg(test)]
mod tests;

pub(crate) use block::Block;
pub(crate) use block::Lines;
pub(crate) use blocks::Blocks;
pub(crate) use blocks::Next;
pub(crate) use input::Input;
pub(crate) use lock::is_being_written;
