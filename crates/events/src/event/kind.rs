//! The kinds of events that the account counts.

/// What is counted apart in the accounting.
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
    /// A process's final accounts; only used to complete what is known of its end.
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
