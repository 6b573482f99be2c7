//! What every command-line tool needs, in a script or by hand: messages that cannot end
//! it, exit statuses that mean something, signals that end it in order, a file that says that it is
//! ready, and output that waits for a slow reader without being held up by one that is stuck.
//!
//! execsnoop and bpfrun do all that in the same way. Nothing here knows of tracing.

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)] // see stderr.rs

mod buffered_output;
mod failure;
mod lock;
mod log;
mod new_folder;
mod output_target;
mod place;
mod private_directory;
mod private_file;
mod ready_file;
mod signals;
mod size_limit;
mod standard_streams;
mod stderr;
mod suspension;
mod trust;
mod unwritten;

pub use crate::buffered_output::BufferedOutput;
pub use crate::buffered_output::Discarded;
pub use crate::failure::CANNOT_TRACE;
pub use crate::failure::Failure;
pub use crate::log::start_logging;
pub use crate::new_folder::NewFolder;
pub use crate::output_target::OutputTarget;
pub use crate::output_target::is_stdout;
pub use crate::private_directory::DirectoryFile;
pub use crate::private_directory::PrivateDirectory;
pub use crate::private_file::lock_private_file;
pub use crate::ready_file::ReadyFile;
pub use crate::signals::Signals;
pub use crate::size_limit::SizeLimit;
pub use crate::standard_streams::set_closed_streams;
pub use crate::standard_streams::write_stdout;
pub use crate::stderr::message;
pub use crate::stderr::stderr_line;
pub use crate::suspension::Suspension;
pub use crate::unwritten::Unwritten;
