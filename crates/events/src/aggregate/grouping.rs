//! By what processes are ranked.

/// By what processes are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// The nearest ancestor that is not itself short-lived.
    Culprit,
    /// The name.
    Program,
    /// All arguments.
    Command,
    /// The process that forked them.
    Parent,
    /// The systemd unit.
    Unit,
    /// The container.
    Container,
    /// The user.
    User,
}

impl Grouping {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 7] = [
        Self::Culprit,
        Self::Program,
        Self::Command,
        Self::Parent,
        Self::Unit,
        Self::Container,
        Self::User,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Culprit => "culprit",
            Self::Program => "program",
            Self::Command => "command",
            Self::Parent => "parent",
            Self::Unit => "unit",
            Self::Container => "container",
            Self::User => "user",
        }
    }

    /// One line of description.
    pub fn description(self) -> &'static str {
        match self {
            Self::Culprit => "The nearest ancestor that is not itself short-lived",
            Self::Program => "The program's name",
            Self::Command => "The whole command line",
            Self::Parent => "The process that forked them",
            Self::Unit => "The systemd unit",
            Self::Container => "The container",
            Self::User => "The user",
        }
    }
}
