//! Which tests run in the guests.

use clap::ValueEnum;

/// How execsnoop sees what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rung {
    /// With BTF and the ring buffer.
    Core,
    /// Without BTF: the guests hide theirs.
    Classic,
}

impl Rung {
    /// As execsnoop names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Classic => "classic",
        }
    }

    /// All tests whose outcome depends on the kernel. How output is written does not, and is tested on the
    /// machine that builds.
    pub(crate) fn kernel_tests(self) -> Vec<String> {
        words(match self {
            Self::Core => CORE,
            Self::Classic => CLASSIC,
        })
    }

    /// Each program, each structure of the kernel that is read, each way of losing events: once.
    pub(crate) fn matrix_tests(self) -> Vec<String> {
        words(match self {
            Self::Core => MATRIX,
            Self::Classic => CLASSIC,
        })
    }
}

fn words(tests: &str) -> Vec<String> {
    tests.split_whitespace().map(str::to_owned).collect()
}

const MATRIX: &str = "
    arguments::one_of_131_071_bytes
    arguments::of_6_mebibytes
    command::daemons_too
    costs::memory
    ends::by_another_thread
    ends::codes
    ends::exec_by_a_thread
    ends::signals
    entrances::fexecve_of_a_memfd
    entrances::from_another_thread
    failed::by_int80
    failed::long_arguments
    fields::cgroup_id
    fields::plain_exec
    fields::set_user_id
    filters::cgroup
    lifecycle::detaches_everything
    lineage::ancestors_from_before
    lives::accounts
    losses::small_ring_with_several_kinds
    options::stats
    privileges::two_capabilities_suffice
    roots::that_name_systemd
    storm::under_the_tracer
    survival::deep_paths
";

const CORE: &str = "
    arguments::none
    arguments::one_of_131_071_bytes
    arguments::of_6_mebibytes
    arguments::any_bytes
    command::daemons_too
    command::failed_execs
    command::user_of_the_command
    costs::short_lives
    costs::small_child_of_a_large_parent
    costs::memory
    costs::switches
    ends::codes
    ends::signals
    ends::by_another_thread
    ends::leader_first
    ends::racing_threads
    ends::exec_by_a_thread
    ends::reused_pid
    entrances::script_with_interpreter_line
    entrances::fexecve_of_a_memfd
    entrances::from_another_thread
    entrances::by_int80
    failed::enoent
    failed::e2big
    failed::three_thousand_arguments
    failed::long_arguments
    failed::without_tracefs
    failed::by_int80
    fields::plain_exec
    fields::ids_of_processes
    fields::set_user_id
    fields::cgroup_id
    filters::cgroup
    filters::map_of_cgroups
    filters::map_of_mount_namespaces
    filters::user_by_name
    filters::user_of_failed_execs
    lifecycle::detaches_everything
    lineage::ancestors_from_before
    lives::accounts
    lives::forks_without_exec
    lives::last_image
    lineage::lives_from_before
    losses::small_ring_with_several_kinds
    namespaces::both_numbers
    options::stats
    privileges::one_is_not_enough
    privileges::two_capabilities_suffice
    privileges::capabilities_of_the_file_suffice
    privileges::gives_up_what_it_no_longer_needs
    privileges::without_tracefs
    roots::without_anything
    roots::that_name_systemd
    storm::of_20_000_from_two_processes
    storm::under_the_tracer
    storm::one_exec_of_6_mebibytes_within
    survival::failed_exec_of_70_000_arguments
    survival::deep_paths
";

/// Without exit codes, costs, ids by start time and what else that rung cannot know.
const CLASSIC: &str = "
    arguments::none
    arguments::one
    arguments::one_hundred
    arguments::one_of_131_071_bytes
    command::exit_status
    command::only_descendants
    entrances::script_with_interpreter_line
    entrances::from_another_thread
    failed::enoent
    fields::numbers_of_processes
    filters::user_by_name
    options::csv
    options::default_columns
    storm::under_the_tracer
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_a_part_of_the_kernels_tests() {
        for rung in [Rung::Core, Rung::Classic] {
            let all = rung.kernel_tests();
            assert!(rung.matrix_tests().iter().all(|test| all.contains(test)));
        }
    }

    #[test]
    fn no_test_is_named_twice() {
        for rung in [Rung::Core, Rung::Classic] {
            let mut names = rung.kernel_tests();
            names.sort();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }
}
