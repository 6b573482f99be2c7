//! Pairs of an untraced and a traced storm. The two of a pair run next to each other and take turns
//! in going first, so that a machine that warms up, slows down or is busy for a while favours
//! neither.

use anyhow::Result;

/// µs per exec, without and with the tracer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pair {
    pub(crate) untraced: f64,
    pub(crate) traced: f64,
}

impl Pair {
    /// Measures both; `round` decides which of them goes first.
    pub(crate) fn measure(
        round: u64,
        untraced: &dyn Fn() -> Result<f64>,
        traced: &dyn Fn() -> Result<f64>,
    ) -> Result<Self> {
        if round.is_multiple_of(2) {
            let untraced = untraced()?;
            return Ok(Self {
                untraced,
                traced: traced()?,
            });
        }
        let traced = traced()?;
        Ok(Self {
            untraced: untraced()?,
            traced,
        })
    }

    /// Measures `rounds` pairs.
    pub(crate) fn measure_all(
        rounds: u64,
        untraced: &dyn Fn() -> Result<f64>,
        traced: &dyn Fn() -> Result<f64>,
    ) -> Result<Vec<Self>> {
        (0..rounds)
            .map(|round| Self::measure(round, untraced, traced))
            .collect()
    }

    /// How many times longer the traced storm took.
    pub(crate) fn ratio(&self) -> f64 {
        self.traced / self.untraced
    }
}

/// The slow-down over the pairs of one kind of output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SlowDown {
    pub(crate) untraced: f64,
    pub(crate) traced: f64,
    pub(crate) ratio: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

impl SlowDown {
    /// Medians over the pairs. There must be at least one.
    pub(crate) fn of(pairs: &[Pair]) -> Self {
        let ratios = sorted(pairs, Pair::ratio);
        Self {
            untraced: median(&sorted(pairs, |pair| pair.untraced)),
            traced: median(&sorted(pairs, |pair| pair.traced)),
            ratio: median(&ratios),
            lowest: ratios[0],
            highest: ratios[ratios.len() - 1],
        }
    }
}

/// The difference between traced and untraced, the median over the pairs.
pub(crate) fn median_difference(pairs: &[Pair]) -> f64 {
    median(&sorted(pairs, |pair| pair.traced - pair.untraced))
}

fn sorted(pairs: &[Pair], value: impl Fn(&Pair) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = pairs.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The middle of sorted values. There must be at least one.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        return f64::midpoint(sorted[middle - 1], sorted[middle]);
    }
    sorted[middle]
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn pair(untraced: f64, traced: f64) -> Pair {
        Pair { untraced, traced }
    }

    #[test]
    fn the_ratio_is_the_median_of_ratios_not_the_ratio_of_medians() {
        let slow_down = SlowDown::of(&[pair(1.0, 2.0), pair(2.0, 3.0), pair(10.0, 10.0)]);
        assert_eq!((slow_down.untraced, slow_down.traced), (2.0, 3.0));
        assert_eq!(
            (slow_down.lowest, slow_down.ratio, slow_down.highest),
            (1.0, 1.5, 2.0)
        );

        let slow_down = SlowDown::of(&[pair(1.0, 3.0), pair(4.0, 4.0), pair(10.0, 20.0)]);
        assert_eq!(slow_down.ratio, 2.0);
        assert_eq!(slow_down.traced / slow_down.untraced, 1.0);
    }

    #[test]
    fn an_even_number_of_pairs_gives_the_mean_of_the_middle_two() {
        let slow_down = SlowDown::of(&[pair(1.0, 1.0), pair(1.0, 2.0)]);
        assert_eq!(slow_down.ratio, 1.5);
    }

    #[test]
    fn the_difference_is_the_median_of_differences() {
        let pairs = [pair(100.0, 103.0), pair(1.0, 100.0), pair(50.0, 55.0)];
        assert_eq!(median_difference(&pairs), 5.0);
    }

    #[test]
    fn the_two_of_a_pair_take_turns_in_going_first() {
        let order = RefCell::new(String::new());
        let storm = |name: char, time: f64| {
            order.borrow_mut().push(name);
            Ok(time)
        };
        for round in 0..3 {
            let measured = Pair::measure(round, &|| storm('u', 1.0), &|| storm('t', 2.0)).unwrap();
            assert_eq!(measured, pair(1.0, 2.0));
        }
        assert_eq!(order.into_inner(), "uttuut");
    }
}
