//! The way of an event from its source to the output.
//!
//! ```text
//! source ─► lineage, fold ─► select ─► enrich ─► deliver ─► Consumer
//!                               └──────────┴─────────┴────► account
//! ```
//!
//! Nothing here knows of the command line: a verb builds [`Selection`], [`Enrichment`] and a
//! [`Consumer`], and feeds events. [`drive`](Pipeline::drive) does that for any
//! [`Source`](execsnoop_events::Source).

mod account;
mod cgroup_filter;
mod completion;
mod consumer;
mod deliver;
mod driver;
mod enrich;
mod requirements;
mod select;
mod settings;
mod stages;
#[cfg(test)]
mod tests;
mod user_names;

pub use account::Account;
pub use cgroup_filter::CgroupFilter;
pub use consumer::Consumer;
pub use driver::Pipeline;
pub use requirements::Requirements;
pub use settings::Enrichment;
pub use settings::EventType;
pub use settings::EventTypes;
pub use settings::Root;
pub use settings::Selection;
pub use settings::TimeRange;
pub use user_names::UserNames;
