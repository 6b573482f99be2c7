//! Events that are missing.

use super::kind::CountedKind;

/// Why events are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Loss {
    /// The ring buffer had no room: the reader was too slow.
    RingFull,
    /// The kernel skipped a program because another instance of it was running on that CPU.
    Skipped,
    /// A record arrived that could not be decoded.
    Malformed,
}

impl Loss {
    /// All reasons.
    pub(crate) const ALL: [Self; 3] = [Self::RingFull, Self::Skipped, Self::Malformed];

    /// The word used in JSON and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::RingFull => "ring_full",
            Self::Skipped => "skipped",
            Self::Malformed => "malformed",
        }
    }
}

/// Events were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// The kind of the events.
    pub kind: CountedKind,
    /// How many, since the last such report.
    pub count: u64,
    /// Why.
    pub reason: Loss,
}
