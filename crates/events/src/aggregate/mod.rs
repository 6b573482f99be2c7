//! Who spends the machine on short-lived processes.
//!
//! Finished processes and moments go in, a [`Report`] of an interval comes out. Nothing here asks
//! for the time, and memory is bounded: of each grouping the least recently active rows fall out
//! into `others`.
//!
//! A process's CPU time counts where it was spent: it is spread evenly over the lifetime, and what
//! lies outside the interval does not count. So the sums of the rows, of `others` and of the
//! long-lived remainder are the machine's busy time of the same interval.

mod cell;
mod culprits;
mod grouping;
mod lifetimes;
mod machine;
mod pending;
mod program_tree;
mod ranking;
mod report;
mod row;
mod rows;
mod sentence;
mod series;
mod slots;
#[cfg(test)]
mod tests;
mod who;

pub use grouping::Grouping;
pub use ranking::Finished;
pub use ranking::Ranking;
pub use ranking::RankingSettings;
pub use report::CulpritDetail;
pub use report::Interval;
pub use report::ProgramLine;
pub use report::Report;
pub use report::ReportRow;
pub use report::RowName;
pub use report::Span;
pub use report::Sums;
pub use sentence::Names;
pub use sentence::sentence;
pub use who::Starter;
pub use who::Who;
