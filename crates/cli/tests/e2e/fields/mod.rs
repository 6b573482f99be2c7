//! What the fields of a record say, beside what the machine says.

use crate::Case;

pub(crate) mod cgroup_owner;
pub(crate) mod exec_fields;
pub(crate) mod exec_flags;
pub(crate) mod lineage;
pub(crate) mod namespaces;
pub(crate) mod resource_usage;
pub(crate) mod users;

/// All tests of this folder.
pub(crate) fn cases() -> Vec<Case> {
    [
        cgroup_owner::cases(),
        exec_fields::cases(),
        exec_flags::cases(),
        lineage::cases(),
        namespaces::cases(),
        resource_usage::cases(),
        users::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
