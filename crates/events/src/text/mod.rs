//! Bytes, numbers and names as text.

mod errno;
pub mod fastfmt;
pub mod quote;
mod signal;
pub mod units;

pub use errno::errno_name;
pub use signal::signal_name;
