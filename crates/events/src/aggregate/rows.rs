//! The rows of one grouping: a limited number of them, and the sums of those that fell out.

use std::hash::Hash;

use foldhash::HashMap;

use super::cell::Cell;
use super::report::Span;
use super::series::Series;
use super::slots::Slots;

/// When the table is full, one in this many rows makes room.
const EVICTED_PART: usize = 8;

/// What a row holds.
pub(super) trait RowData {
    /// When it was active last.
    fn last_active_ns(&self) -> u64;

    /// Adds its sums to a series.
    fn add_to_series(&self, sum: &mut Series, slots: &Slots);
}

/// A limited number of rows.
#[derive(Debug)]
pub(super) struct Rows<K, R> {
    rows: HashMap<K, R>,
    limit: usize,
    others: Series,
    /// How many rows fell out.
    fallen: u64,
}

impl<K: Eq + Hash + Copy, R: RowData> Rows<K, R> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            rows: HashMap::default(),
            limit: limit.max(1),
            others: Series::default(),
            fallen: 0,
        }
    }

    /// A row, made if it is not there. The least recently active rows make room for it.
    pub(super) fn row(&mut self, key: K, slots: &Slots, make: impl FnOnce() -> R) -> &mut R {
        if self.rows.len() >= self.limit && !self.rows.contains_key(&key) {
            self.make_room(slots);
        }
        self.rows.entry(key).or_insert_with(make)
    }

    pub(super) fn get(&self, key: &K) -> Option<&R> {
        self.rows.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut R> {
        self.rows.get_mut(key)
    }

    fn make_room(&mut self, slots: &Slots) {
        let mut ages: Vec<(u64, K)> = self
            .rows
            .iter()
            .map(|(key, row)| (row.last_active_ns(), *key))
            .collect();
        let count = self.limit.div_ceil(EVICTED_PART).min(ages.len());
        ages.select_nth_unstable_by_key(count - 1, |(active_ns, _)| *active_ns);
        for (_, key) in ages.drain(..count) {
            if let Some(row) = self.rows.remove(&key) {
                row.add_to_series(&mut self.others, slots);
                self.fallen += 1;
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &R)> {
        self.rows.iter()
    }

    /// The sums of the rows that fell out, and how many these are.
    pub(super) fn others(&self, span: Span, slots: &Slots) -> (Cell, u64) {
        let mut sum = Cell::default();
        self.others.add_to(&mut sum, span, slots);
        (sum, self.fallen)
    }
}
