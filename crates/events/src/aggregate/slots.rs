//! Time in slots of equal length, of which the newest make the window.

use super::cell::Lived;
use super::report::Interval;
use super::report::Span;

/// The time that a ranking is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slots {
    pub(super) begin_ns: u64,
    /// Nothing after this moment counts.
    pub(super) until_ns: u64,
    pub(super) now_ns: u64,
    pub(super) slot_ns: u64,
    /// How many slots the window has.
    pub(super) count: u64,
}

impl Slots {
    /// The slot of a moment.
    pub(super) fn number(&self, ns: u64) -> u64 {
        ns.saturating_sub(self.begin_ns) / self.slot_ns
    }

    /// The first slot of the window.
    pub(super) fn oldest(&self) -> u64 {
        let newest = self.number(self.now_ns.min(self.until_ns));
        newest.saturating_sub(self.count - 1)
    }

    fn start_of(&self, slot: u64) -> u64 {
        self.begin_ns
            .saturating_add(slot.saturating_mul(self.slot_ns))
    }

    /// From when to when a report is.
    pub(super) fn interval(&self, span: Span) -> Interval {
        let from_ns = match span {
            Span::Window => self.start_of(self.oldest()),
            Span::Start => self.begin_ns,
        };
        let to_ns = self.now_ns.min(self.until_ns).max(from_ns);
        Interval { from_ns, to_ns }
    }

    /// Whether a moment counts.
    pub(super) fn contains(&self, ns: u64) -> bool {
        (self.begin_ns..=self.until_ns).contains(&ns)
    }

    /// Spreads CPU time over a lifetime: calls `add` with a slot and its part. What is before the
    /// window is one part.
    pub(super) fn spread(&self, lived: &Lived, cpu_ns: u64, mut add: impl FnMut(u64, u64)) {
        let to = lived.end_ns.min(self.until_ns);
        let mut at = lived.start_ns.max(self.begin_ns);
        if lived.lifetime_ns() == 0 && self.contains(lived.end_ns) {
            return add(self.number(lived.end_ns), cpu_ns);
        }
        while at < to {
            let slot = self.number(at);
            let end = self.start_of(self.oldest().max(slot + 1)).min(to);
            add(slot, spent(lived, cpu_ns, end) - spent(lived, cpu_ns, at));
            at = end;
        }
    }
}

/// How much of the CPU time is spent at this moment of a lifetime.
fn spent(lived: &Lived, cpu_ns: u64, at: u64) -> u64 {
    let part = u128::from(at.saturating_sub(lived.start_ns));
    let all = u128::from(lived.lifetime_ns().max(1));
    u64::try_from(u128::from(cpu_ns) * part.min(all) / all).unwrap_or(cpu_ns)
}
