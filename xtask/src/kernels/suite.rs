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

    /// The chapter about it in docs/kernels.md.
    pub(crate) fn chapter(self) -> &'static str {
        match self {
            Self::Core => "Core",
            Self::Classic => "Classic: the kernels hide their BTF",
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

    /// Each program once, on each rung: what a kernel can break at all.
    pub(crate) fn brief_tests(self) -> Vec<String> {
        words(match self {
            Self::Core => BRIEF,
            Self::Classic => CLASSIC,
        })
    }
}

fn words(tests: &str) -> Vec<String> {
    tests.split_whitespace().map(str::to_owned).collect()
}

const BRIEF: &str = "
    arguments::of_6_mebibytes
    classic::whole_arguments
    cnproc::ends
    cnproc::in_time
    ends::by_another_thread
    entrances::from_another_thread
    facts::chosen_variables
    failed::long_arguments
    fields::plain_exec
    identity::at_the_root
    identity::short_lived
    lives::last_image
    options::stats
";

const MATRIX: &str = "
    arguments::of_6_mebibytes
    arguments::one_of_131_071_bytes
    classic::ends
    classic::failed_execs
    classic::whole_arguments
    cnproc::ends
    cnproc::in_time
    command::daemons_too
    costs::memory
    ends::by_another_thread
    ends::codes
    ends::exec_by_a_thread
    ends::signals
    entrances::fexecve_of_a_memfd
    entrances::from_another_thread
    facts::chosen_variables
    facts::working_directory
    failed::by_int80
    failed::long_arguments
    fields::cgroup_id
    fields::plain_exec
    fields::set_user_id
    filters::cgroup
    identity::at_the_root
    identity::short_lived
    lifecycle::detaches_everything
    lineage::ancestors_from_before
    lives::last_image
    losses::small_ring_with_several_kinds
    options::stats
    privileges::two_capabilities_suffice
    roots::that_name_systemd
    storm::under_the_tracer
    survival::deep_paths
";

const CORE: &str = "
    arguments::any_bytes
    arguments::none
    arguments::of_6_mebibytes
    arguments::one_of_131_071_bytes
    classic::at_the_borders_of_records
    classic::ends
    classic::failed_execs
    classic::losses
    classic::same_as_core_but_for_what_is_lost
    classic::script
    classic::thread_that_is_not_the_first
    classic::whole_arguments
    cnproc::ends
    cnproc::in_time
    command::daemons_too
    command::failed_execs
    command::user_of_the_command
    costs::memory
    costs::short_lives
    costs::small_child_of_a_large_parent
    costs::switches
    ends::by_another_thread
    ends::codes
    ends::exec_by_a_thread
    ends::leader_first
    ends::racing_threads
    ends::reused_pid
    ends::signals
    entrances::by_int80
    entrances::fexecve_of_a_memfd
    entrances::from_another_thread
    entrances::script_with_interpreter_line
    facts::chosen_variables
    facts::large_environments
    facts::memfd
    facts::set_user_id
    facts::working_directory
    failed::by_int80
    failed::e2big
    failed::enoent
    failed::long_arguments
    failed::three_thousand_arguments
    failed::without_tracefs
    fields::cgroup_id
    fields::ids_of_processes
    fields::plain_exec
    fields::set_user_id
    filters::cgroup
    filters::map_of_cgroups
    filters::map_of_mount_namespaces
    filters::user_by_name
    filters::user_of_failed_execs
    identity::at_the_root
    identity::shapes_in_v2
    identity::short_lived
    lifecycle::detaches_everything
    lineage::ancestors_from_before
    lineage::lives_from_before
    lives::accounts
    lives::forks_without_exec
    lives::last_image
    losses::small_ring_with_several_kinds
    namespaces::both_numbers
    options::stats
    privileges::capabilities_of_the_file_suffice
    privileges::gives_up_what_it_no_longer_needs
    privileges::one_is_not_enough
    privileges::two_capabilities_suffice
    privileges::without_tracefs
    roots::that_name_systemd
    roots::without_anything
    storm::of_20_000_from_two_processes
    storm::one_exec_of_6_mebibytes_within
    storm::under_the_tracer
    survival::deep_paths
    survival::failed_exec_of_70_000_arguments
    users::user_and_group
    whose::left_out_early
";

/// What that rung gives, and what it cannot know: its own tests say which is which.
const CLASSIC: &str = "
    classic::at_the_borders_of_records
    classic::command
    classic::ends
    classic::failed_execs
    classic::in_order
    classic::losses
    classic::odd_lists
    classic::of_6_mebibytes
    classic::script
    classic::thread_that_is_not_the_first
    classic::whole_arguments
    classic::without_environment
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_a_part_of_the_kernels_tests() {
        for rung in [Rung::Core, Rung::Classic] {
            let all = rung.kernel_tests();
            assert!(rung.matrix_tests().iter().all(|test| all.contains(test)));
            let matrix = rung.matrix_tests();
            assert!(rung.brief_tests().iter().all(|test| matrix.contains(test)));
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
