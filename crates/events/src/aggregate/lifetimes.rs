//! How long processes lived: counts in buckets whose width grows with the time.

/// Each doubling of the time has this many buckets: a quantile is off by some 6 % at most.
const STEPS: u64 = 8;

/// Times below 2^10 ns share the first bucket.
const FIRST_EXPONENT: u32 = 10;

/// Counts by lifetime. Only buckets in use take memory, and there are 256 at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lifetimes {
    /// Bucket and count, in order of the buckets.
    counts: Vec<(u8, u32)>,
}

impl Lifetimes {
    /// Counts a process that lived this long.
    pub(super) fn add(&mut self, ns: u64) {
        self.add_many(bucket(ns), 1);
    }

    fn add_many(&mut self, bucket: u8, count: u32) {
        match self.counts.binary_search_by_key(&bucket, |(it, _)| *it) {
            Ok(at) => self.counts[at].1 = self.counts[at].1.saturating_add(count),
            Err(at) => self.counts.insert(at, (bucket, count)),
        }
    }

    /// Counts what the other has counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for &(bucket, count) in &other.counts {
            self.add_many(bucket, count);
        }
    }

    /// The lifetime below which this many hundredths of the processes stay; `None` without any.
    pub(super) fn quantile(&self, hundredths: u64) -> Option<u64> {
        let total: u64 = self.counts.iter().map(|&(_, count)| u64::from(count)).sum();
        let rank = (total * hundredths).div_ceil(100).max(1);
        let mut below = 0;
        let reached = self.counts.iter().find(|&&(_, count)| {
            below += u64::from(count);
            below >= rank
        });
        reached.map(|&(bucket, _)| middle(bucket))
    }
}

fn bucket(ns: u64) -> u8 {
    let exponent = ns.checked_ilog2().unwrap_or(0);
    if exponent < FIRST_EXPONENT {
        return 0;
    }
    let step = (ns >> (exponent - STEPS.ilog2())) % STEPS;
    let number = u64::from(exponent - FIRST_EXPONENT) * STEPS + step + 1;
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// The middle of a bucket.
fn middle(bucket: u8) -> u64 {
    let Some(number) = u64::from(bucket).checked_sub(1) else {
        return 1 << (FIRST_EXPONENT - 1);
    };
    let exponent = u64::from(FIRST_EXPONENT) + number / STEPS;
    let width = 1 << (exponent - u64::from(STEPS.ilog2()));
    (STEPS + number % STEPS) * width + width / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every time is near the middle of its bucket, and buckets are in order.
    #[test]
    fn buckets_are_narrow() {
        let mut before = 0;
        for exponent in 0..40_u32 {
            for part in 0..16_u64 {
                let ns = (1 << exponent) + (part << exponent) / 16;
                let number = bucket(ns);
                assert!(number >= before, "{ns}");
                before = number;
                let off = middle(number).abs_diff(ns);
                assert!(number == 0 || off * 15 <= ns, "{ns}: {}", middle(number));
            }
        }
        assert_eq!(bucket(u64::MAX), u8::MAX);
    }

    /// Quantiles, and that merging is adding.
    #[test]
    fn quantiles() {
        let (mut all, mut odd, mut even) = Default::default();
        for ms in 1..=1000_u64 {
            let part: &mut Lifetimes = if ms % 2 == 0 { &mut even } else { &mut odd };
            part.add(ms * 1_000_000);
            Lifetimes::add(&mut all, ms * 1_000_000);
        }
        odd.merge(&even);
        assert_eq!(odd, all);
        let is_near = |hundredths, ms: u64| {
            let found = all.quantile(hundredths).expect("some");
            found.abs_diff(ms * 1_000_000) * 14 < ms * 1_000_000
        };
        assert!(is_near(50, 500) && is_near(99, 990));
        assert_eq!(Lifetimes::default().quantile(50), None);
    }
}
