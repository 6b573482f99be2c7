//! What ends a program without having done its work.

use std::fmt;

/// Exit status when this kernel or this user cannot trace, as test suites use it for "skipped".
pub const CANNOT_TRACE: u8 = 77;

/// An error and the exit status that goes with it.
#[derive(Debug)]
pub struct Failure {
    error: anyhow::Error,
    /// The exit status.
    pub code: u8,
}

impl Failure {
    /// An error with a status.
    pub fn new(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self {
            error: error.into(),
            code,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(1, error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}
