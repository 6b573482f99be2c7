//! The accounting: every event that was seen is shown, lost or discarded.

use std::fmt;

use bpfrun::MapStats;

/// What became of a program's events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Written out.
    pub shown: u64,
    /// Came after --count was reached, or after the reader was gone.
    pub discarded: u64,
    /// What came through each output map.
    pub flows: Vec<MapStats>,
    /// Runs of functions that the kernel left out.
    pub skipped: u64,
}

impl Account {
    /// Events that the kernel had no room for.
    pub fn lost(&self) -> u64 {
        self.flows.iter().map(|flow| flow.lost).sum()
    }

    /// Events that were sent, if the kernel reports all losses.
    pub fn seen(&self) -> u64 {
        let received: u64 = self.flows.iter().map(|flow| flow.received).sum();
        received + self.lost()
    }

    /// Whether nothing is missing and nothing is counted twice.
    pub fn balanced(&self) -> bool {
        self.seen() == self.shown + self.lost() + self.discarded
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seen, lost) = (self.seen(), self.lost());
        let Self {
            shown, discarded, ..
        } = self;
        write!(f, "seen {seen} = shown {shown} + lost {lost}")?;
        let lossy = self.flows.iter().filter(|flow| flow.lost > 0);
        let lossy: Vec<_> = lossy
            .map(|flow| format!("{} {}", flow.map, flow.lost))
            .collect();
        if !lossy.is_empty() {
            write!(f, " ({})", lossy.join(", "))?;
        }
        write!(f, " + discarded {discarded}")?;
        if self.skipped > 0 {
            let skipped = self.skipped;
            write!(
                f,
                "\n{skipped} runs of functions skipped by the kernel, so that events may be missing"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line has the form that scripts rely on; maps are named only when they lost something.
    #[test]
    fn the_line() {
        let flow = |map: &str, received, lost| MapStats {
            map: map.to_owned(),
            received,
            lost,
        };
        let mut account = Account {
            shown: 4,
            discarded: 1,
            flows: vec![flow("events", 5, 0), flow("others", 0, 0)],
            skipped: 0,
        };
        assert!(account.balanced());
        let line = "seen 5 = shown 4 + lost 0 + discarded 1";
        assert_eq!(account.to_string(), line);
        account.flows[1].lost = 3;
        let line = "seen 8 = shown 4 + lost 3 (others 3) + discarded 1";
        assert_eq!(account.to_string(), line);
        account.shown = 5;
        assert!(!account.balanced());
    }
}
