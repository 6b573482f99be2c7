//! What rows remember besides their sums.

use std::collections::VecDeque;

use super::who::Starter;
use crate::event::ExitStatus;

/// How many command lines are kept.
const COMMANDS: usize = 6;

/// How much time is between two looks at the command line: it costs a copy.
const LOOK_NS: u64 = 100_000_000;

/// What most have in common, found without counting all: exact if more than half of them have it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Majority<T> {
    value: Option<T>,
    weight: u64,
}

impl<T> Default for Majority<T> {
    fn default() -> Self {
        Self {
            value: None,
            weight: 0,
        }
    }
}

impl<T: PartialEq + Copy> Majority<T> {
    pub(super) fn add(&mut self, value: T) {
        let one = Self {
            value: Some(value),
            weight: 1,
        };
        self.merge(one);
    }

    fn merge(&mut self, other: Self) {
        if self.value == other.value {
            self.weight += other.weight;
        } else if self.weight < other.weight {
            self.value = other.value;
            self.weight = other.weight - self.weight;
        } else {
            self.weight -= other.weight;
        }
    }

    pub(super) fn get(&self) -> Option<T> {
        self.value
    }
}

/// Examples of the processes of a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    /// Who starts most of them.
    pub(super) starter: Majority<Starter>,
    /// How most of those that failed have ended.
    pub(super) failure: Majority<ExitStatus>,
    /// The last command lines, the newest first; fit to be shown.
    pub(super) commands: VecDeque<Box<str>>,
    looked_ns: Option<u64>,
}

impl Notes {
    /// Takes note of a process. `command` makes its command line, which is rarely needed.
    pub(super) fn add(
        &mut self,
        now_ns: u64,
        starter: Starter,
        failure: Option<ExitStatus>,
        command: impl FnOnce() -> Box<str>,
    ) {
        self.starter.add(starter);
        if let Some(status) = failure {
            self.failure.add(status);
        }
        let is_soon = |looked: u64| now_ns < looked.saturating_add(LOOK_NS);
        if !self.looked_ns.is_some_and(is_soon) {
            self.looked_ns = Some(now_ns);
            self.add_command(command());
        }
    }

    fn add_command(&mut self, command: Box<str>) {
        if command.is_empty() {
            return;
        }
        self.commands.retain(|known| *known != command);
        self.commands.push_front(command);
        self.commands.truncate(COMMANDS);
    }

    /// Adds what others remember.
    pub(super) fn merge(&mut self, other: &Self) {
        self.failure.merge(other.failure);
        for command in other.commands.iter().rev() {
            self.add_command(command.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What more than half have is found, in any order.
    #[test]
    fn majorities() {
        for values in [[1, 2, 1, 3, 1], [2, 3, 1, 1, 1], [1, 1, 1, 2, 3]] {
            let mut majority = Majority::default();
            values.into_iter().for_each(|value| majority.add(value));
            assert_eq!(majority.get(), Some(1), "{values:?}");
        }
    }

    /// Command lines are looked at now and then, and each is kept once.
    #[test]
    fn the_last_command_lines() {
        let mut notes = Notes::default();
        for (ms, command) in [(0, "a"), (50, "b"), (100, "c"), (200, "a"), (300, "")] {
            let now_ns = ms * 1_000_000;
            notes.add(now_ns, Starter::UNKNOWN, None, || command.into());
        }
        let kept: Vec<&str> = notes.commands.iter().map(|it| &**it).collect();
        assert_eq!(kept, ["a", "c"]);
    }
}
