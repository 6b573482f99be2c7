//! Sums by slot.

use super::cell::Cell;
use super::cell::Lived;
use super::report::Span;
use super::slots::Slots;

/// The sums of some processes: of each slot of the window, and of all before it together.
#[derive(Debug, Clone, Default)]
pub(super) struct Series {
    past: Cell,
    /// By slot, in order. Slots without any are left out.
    recent: Vec<(u64, Cell)>,
}

impl Series {
    /// Adds a process that has ended.
    pub(super) fn record(&mut self, lived: &Lived, slots: &Slots) {
        let oldest = slots.oldest();
        if let Some(cpu_ns) = lived.cpu_ns {
            slots.spread(lived, cpu_ns, |slot, part| {
                self.cell(slot, oldest).cpu_ns += part;
            });
        }
        if slots.contains(lived.end_ns) {
            self.cell(slots.number(lived.end_ns), oldest).add_end(lived);
        }
    }

    /// Counts something that happened at a moment.
    pub(super) fn count(&mut self, ns: u64, count: u64, slots: &Slots) {
        if slots.contains(ns) {
            self.cell(slots.number(ns), slots.oldest()).count += count;
        }
    }

    /// The sums of a slot. A slot before the window belongs to the past.
    fn cell(&mut self, slot: u64, oldest: u64) -> &mut Cell {
        if slot < oldest {
            return &mut self.past;
        }
        if self.recent.last().is_none_or(|(newest, _)| *newest < slot) {
            self.settle(oldest);
        }
        let at = self.recent.partition_point(|(it, _)| *it < slot);
        if self.recent.get(at).is_none_or(|(it, _)| *it != slot) {
            self.recent.insert(at, (slot, Cell::default()));
        }
        &mut self.recent[at].1
    }

    /// Moves what is before the window to the past.
    fn settle(&mut self, oldest: u64) {
        let left = self.recent.partition_point(|(slot, _)| *slot < oldest);
        for (_, cell) in self.recent.drain(..left) {
            self.past.merge(&cell);
        }
    }

    /// Adds the sums of others.
    pub(super) fn merge(&mut self, other: &Self, slots: &Slots) {
        self.past.merge(&other.past);
        for (slot, cell) in &other.recent {
            self.cell(*slot, slots.oldest()).merge(cell);
        }
    }

    /// Adds the sums of a span to `sum`.
    pub(super) fn add_to(&self, sum: &mut Cell, span: Span, slots: &Slots) {
        let oldest = match span {
            Span::Window => slots.oldest(),
            Span::Start => 0,
        };
        if span == Span::Start {
            sum.merge(&self.past);
        }
        for (_, cell) in self.recent.iter().filter(|(slot, _)| *slot >= oldest) {
            sum.merge(cell);
        }
    }
}
