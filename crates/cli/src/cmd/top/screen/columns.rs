//! Which columns fit.

use execsnoop_events::aggregate::Grouping;

use crate::cmd::top::cells::Column;

/// A column, and its width.
pub type Placed = (Column, u16);

/// The shortest last column.
const LEAST_REST: u16 = 10;

/// The columns that fit, in their order. The last takes what is left.
pub fn fitting(by: Grouping, width: u16) -> Vec<Placed> {
    let all = Column::all(by);
    let last = *all.last().expect("every grouping has columns");
    let mut chosen = vec![last];
    let mut used = LEAST_REST;
    for column in by_importance(by) {
        let needed = width_of(column) + 1;
        let is_new = all.contains(&column) && !chosen.contains(&column);
        if is_new && used + needed > width {
            break; // what is less important leaves the room to the last column
        }
        if is_new {
            used += needed;
            chosen.push(column);
        }
    }
    let rest = width.saturating_sub(used - LEAST_REST);
    all.into_iter()
        .filter(|column| chosen.contains(column))
        .map(|column| match column == last {
            true => (column, rest),
            false => (column, width_of(column)),
        })
        .collect()
}

fn by_importance(by: Grouping) -> [Column; 12] {
    let names = match by {
        Grouping::Command => [Column::Starter, Column::Name],
        _ => [Column::Name, Column::Program],
    };
    let [first, second] = names;
    [
        Column::Cpu,
        first,
        Column::Rate,
        second,
        Column::P50,
        Column::Failed,
        Column::CpuEach,
        Column::Owner,
        Column::Starter,
        Column::Exit,
        Column::P99,
        Column::Rss,
    ]
}

fn width_of(column: Column) -> u16 {
    match column {
        Column::Cpu => 5,
        Column::Rate | Column::Failed => 6,
        Column::CpuEach => 8,
        Column::P50 | Column::P99 => 6,
        Column::Exit => 7,
        Column::Rss => 5,
        Column::Name | Column::Starter => 20,
        Column::Owner => 20,
        Column::Program | Column::Command => 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At any width the columns fit, the share of the CPU and the name among them.
    #[test]
    fn all_widths() {
        for by in Grouping::ALL {
            for width in 38..220 {
                let columns = fitting(by, width);
                let gaps = u16::try_from(columns.len() - 1).expect("few");
                let sum: u16 = columns.iter().map(|(_, width)| width).sum();
                assert_eq!(sum + gaps, width, "{by:?} {columns:?}");
                assert!(columns.iter().any(|(column, _)| *column == Column::Cpu));
                assert!(columns.iter().any(|(column, _)| *column == Column::Name));
            }
            assert_eq!(fitting(by, 200).len(), Column::all(by).len(), "{by:?}");
        }
    }
}
