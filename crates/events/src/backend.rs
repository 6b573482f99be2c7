//! The ways in which events can be captured.

/// A way of capturing events. The better ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Backend {
    /// BPF with the kernel's own types (BTF, Linux 5.8+): every field is known.
    Core,
    /// BPF without BTF: what tracepoints carry, and what can be learned of kernel structures.
    Classic,
    /// No BPF: the process connector, and /proc while a process exists.
    Cnproc,
}

impl Backend {
    /// All backends, the best first.
    pub const ALL: [Self; 3] = [Self::Core, Self::Classic, Self::Cnproc];

    /// The word used on the command line and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Classic => "classic",
            Self::Cnproc => "cnproc",
        }
    }

    /// What this backend cannot provide, in words; `None` if it provides everything. The exact
    /// fields are in the [field table](crate::schema).
    pub fn limitations(self) -> Option<&'static str> {
        match self {
            Self::Core => None,
            Self::Classic => Some(
                "costs, namespaces, containers and units, effective and login users, terminals, \
                 the environment, and the resolved paths of the executable and the directory",
            ),
            Self::Cnproc => Some(
                "failed execs, costs, cgroups, namespaces, terminals, the environment, the file \
                 and its path, and the arguments and user of processes that are gone before \
                 /proc is read",
            ),
        }
    }
}
