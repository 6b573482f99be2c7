//! Which events are wanted, said in CEL (the Common Expression Language) over the fields of the
//! JSON contract: `comm == "cc1" && args.exists(a, a.startsWith("-O"))`.
//!
//! The `cel` crate parses. Evaluation is our own: values borrow from a record that is collected
//! once per event, fields that are not asked for are passed over, regular expressions are compiled
//! once, and the steps per event are bounded. The results equal those of the crate's interpreter;
//! tests compare the two.

mod compile;
mod error;
mod eval;
mod fields;
mod functions;
mod kind;
mod node;
mod parse;
mod pushdown;
mod value;

use std::thread;

use crate::event::Event;
use crate::event::EventData;
use crate::json::Annotations;
use crate::schema::RecordType;

use crate::record::Record;
use compile::Wanted;
use error::Wrong;
use eval::Fault;
use node::Node;

pub use error::CelError;
pub use pushdown::Pushdown;

/// A condition on events.
#[derive(Debug)]
pub struct CelFilter {
    text: String,
    root: Node,
    /// The fields that it asks for.
    wanted: Vec<Wanted>,
    /// Their names.
    names: Vec<&'static str>,
    /// Reused for each event.
    record: Record,
    given_up: u64,
}

impl CelFilter {
    /// Compiles a filter. What can be wrong with it is found here: syntax, fields and functions
    /// that do not exist, comparisons that never hold, regular expressions.
    ///
    /// # Errors
    ///
    /// If the filter is invalid. The error describes the problem and points at its position; it has
    /// several lines.
    pub fn compile(text: &str) -> Result<Self, CelError> {
        let compiled = on_large_stack(|| compile::compile(text, &parse::parse(text)?));
        let (root, wanted) = compiled.map_err(|wrong| wrong.point_into(text))?;
        Ok(Self {
            text: text.to_owned(),
            root,
            names: wanted.iter().map(|want| want.field.name).collect(),
            wanted,
            record: Record::default(),
            given_up: 0,
        })
    }

    /// Whether an event is wanted. An event is not wanted if the filter is neither true nor false,
    /// because a field is missing or null where it must not be. Reports of the tracer itself
    /// (losses, clocks) are always wanted.
    pub fn matches(&mut self, event: &Event<'_>, notes: &Annotations<'_>) -> bool {
        if matches!(event.data, EventData::Lost(_) | EventData::Clock(_)) {
            return true;
        }
        if !self.record.fill(event, notes, &self.names) {
            return false;
        }
        let decided = eval::decide(&self.root, &self.record);
        self.given_up += u64::from(decided == Err(Fault::Exhausted));
        decided == Ok(true)
    }

    /// The number of events for which the filter was aborted because it needed too many steps; none
    /// of them matched.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Whether the filter asks for this field.
    pub fn asks_for(&self, field: &str) -> bool {
        self.wanted.iter().any(|want| want.field.name == field)
    }

    /// The fields that the filter uses, in order of first use.
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.wanted.iter().map(|want| want.field.name)
    }

    /// The conditions that can be checked without evaluating the filter.
    pub fn pushdown(&self) -> Pushdown {
        pushdown::pushdown(&self.root, &self.wanted)
    }

    /// Checks that each field that the filter asks for is in at least one of these record types:
    /// otherwise the condition could never hold.
    ///
    /// # Errors
    ///
    /// If a field is in none of them. The error names the first such field and the records that
    /// have it.
    pub fn check_records(&self, types: &[RecordType]) -> Result<(), CelError> {
        let had = |want: &Wanted| types.iter().any(|record| want.field.is_in(*record));
        match self.wanted.iter().find(|want| !had(want)) {
            Some(want) => Err(not_shown(want, types).point_into(&self.text)),
            None => Ok(()),
        }
    }
}

/// The parser recurses as deeply as the text is nested, and so does dropping its syntax tree: up to
/// half the length of the text, at some kilobytes per level. Other filters only reserve a stack of
/// this size, and do not use it.
const LARGE_STACK: usize = 64 << 20;

fn on_large_stack<T: Send>(compile: impl FnOnce() -> Result<T, Wrong> + Send) -> Result<T, Wrong> {
    let failed = |why: &str| {
        Err(Wrong::new(
            0,
            format!("the filter cannot be compiled: {why}"),
        ))
    };
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(LARGE_STACK);
        match builder.spawn_scoped(scope, compile) {
            Ok(thread) => thread
                .join()
                .unwrap_or_else(|_| failed("the parser gave up")),
            Err(error) => failed(&error.to_string()),
        }
    })
}

fn not_shown(want: &Wanted, types: &[RecordType]) -> Wrong {
    let (name, records) = (want.field.name, want.field.records);
    let words = |records: &[RecordType]| {
        let names: Vec<&str> = records.iter().map(|record| record.name()).collect();
        names.join(" and ")
    };
    let message = format!(
        "{name} is only in {} records, and {} records are shown",
        words(records),
        words(types)
    );
    Wrong::new(want.at, message).missing_records(records)
}

#[cfg(test)]
mod tests;
