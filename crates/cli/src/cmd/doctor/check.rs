//! One thing that was looked at: what was found, and what to do about it.

use serde::Serialize;
use serde::Serializer;
use serde_json::Value;

/// Whether it is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is.
    Ok,
    /// Something costs more, or is not shown; the core backend works without it.
    Note,
    /// It stands in the way of the core backend.
    No,
    /// It cannot be told, or was not tried since something else stands in the way.
    Unknown,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// In words.
    pub text: String,
    /// Commands that do it, any one of them.
    pub commands: Vec<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    state: State,
    found: String,
    advice: Option<Advice>,
}

impl Finding {
    pub fn new(state: State, found: impl Into<String>) -> Self {
        Self {
            state,
            found: found.into(),
            advice: None,
        }
    }

    pub fn ok(found: impl Into<String>) -> Self {
        Self::new(State::Ok, found)
    }

    pub fn note(found: impl Into<String>) -> Self {
        Self::new(State::Note, found)
    }

    /// What stands in the way always comes with what to do.
    pub fn no(found: impl Into<String>, advice: impl Into<String>, commands: &[&str]) -> Self {
        Self::new(State::No, found).advise(advice, commands)
    }

    pub fn unknown(found: impl Into<String>) -> Self {
        Self::new(State::Unknown, found)
    }

    pub fn advise(mut self, text: impl Into<String>, commands: &[&str]) -> Self {
        self.advice = Some(Advice {
            text: text.into(),
            commands: commands.iter().map(|&one| one.to_owned()).collect(),
        });
        self
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name in JSON.
    #[serde(skip)]
    pub name: &'static str,
    /// Its name for people.
    #[serde(skip)]
    pub title: &'static str,
    /// Whether it is as it should be.
    pub state: State,
    /// What was found, in words.
    pub found: String,
    /// What to do about it.
    pub advice: Option<Advice>,
    /// What was found, for programs.
    pub facts: Value,
}

impl Check {
    pub fn new(name: &'static str, title: &'static str, finding: Finding, facts: Value) -> Self {
        Self {
            name,
            title,
            state: finding.state,
            found: finding.found,
            advice: finding.advice,
            facts,
        }
    }
}

/// As an object of checks by name, in their order.
pub fn by_name<S: Serializer>(checks: &[Check], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(checks.iter().map(|check| (check.name, check)))
}
