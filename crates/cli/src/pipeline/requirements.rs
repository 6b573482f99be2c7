//! What has to be collected for the fields that are shown or filtered on.

use std::fmt;

use execsnoop_events::schema;
use execsnoop_events::schema::Requirement;

/// A set of [`Requirement`]s.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Requirements(u16);

impl Requirements {
    /// What these fields of the schema require.
    pub fn of_fields<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        names
            .filter_map(|name| schema::field(name)?.requires)
            .collect()
    }

    /// Whether this is required.
    pub fn contains(self, requirement: Requirement) -> bool {
        self.0 & bit(requirement) != 0
    }

    /// Adds a requirement if `condition` holds.
    pub fn add_if(&mut self, condition: bool, requirement: Requirement) {
        if condition {
            self.0 |= bit(requirement);
        }
    }

    /// What either requires.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Everything else that is required.
    pub fn without(self, requirement: Requirement) -> Self {
        Self(self.0 & !bit(requirement))
    }
}

fn bit(requirement: Requirement) -> u16 {
    1 << requirement as u16
}

impl FromIterator<Requirement> for Requirements {
    fn from_iter<I: IntoIterator<Item = Requirement>>(requirements: I) -> Self {
        let bits = requirements.into_iter().map(bit);
        Self(bits.fold(0, |all, one| all | one))
    }
}

impl fmt::Debug for Requirements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Requirements({:#b})", self.0)
    }
}
