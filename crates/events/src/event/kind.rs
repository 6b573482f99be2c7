//! The kinds of events that the account counts.

/// The kinds of events that are counted separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CountedKind {
    /// An exec that succeeded.
    Exec,
    /// An exec that failed.
    Failed,
    /// A new process.
    Fork,
    /// The end of a process.
    Exit,
    /// The final resource usage of a process; only used to complete its exit.
    FinalUsage,
}

impl CountedKind {
    /// All kinds, in the order of their index.
    pub const ALL: [Self; 5] = [
        Self::Exec,
        Self::Failed,
        Self::Fork,
        Self::Exit,
        Self::FinalUsage,
    ];

    /// The name used in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Failed => "failed exec",
            Self::Fork => "fork",
            Self::Exit => "exit",
            Self::FinalUsage => "final usage",
        }
    }
}
