//! The sets of tests that run in the guests.

use clap::ValueEnum;

/// The backends that the guests can test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// With BTF and the ring buffer.
    Core,
    /// Without BTF: the guests hide theirs.
    Classic,
}

impl Backend {
    /// execsnoop's name for the backend.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Classic => "classic",
        }
    }

    /// The title of its chapter in docs/kernels.md.
    pub(crate) fn chapter(self) -> &'static str {
        match self {
            Self::Core => "Core",
            Self::Classic => "Classic: the kernels hide their BTF",
        }
    }

    /// All tests with an outcome that depends on the kernel. Tests of output formats do not: they
    /// run on the machine that builds.
    pub(crate) fn kernel_tests(self) -> Vec<String> {
        words(match self {
            Self::Core => CORE,
            Self::Classic => CLASSIC,
        })
    }

    /// Each program, each kernel structure that is read, and each kind of loss, once.
    pub(crate) fn matrix_tests(self) -> Vec<String> {
        words(match self {
            Self::Core => MATRIX,
            Self::Classic => CLASSIC,
        })
    }

    /// Each program once, with each backend.
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
    backends::classic::whole_arguments
    backends::cnproc::ends
    backends::cnproc::in_time
    cli::options::stats
    events::arguments::of_6_mebibytes
    events::exec_entry_points::from_another_thread
    events::exit_status::by_another_thread
    events::failed_execs::long_arguments
    events::process_records::last_image
    fields::cgroup_owner::at_the_root
    fields::cgroup_owner::short_lived
    fields::exec_fields::plain_exec
    fields::exec_flags::chosen_variables
";

const MATRIX: &str = "
    backends::classic::ends
    backends::classic::failed_execs
    backends::classic::whole_arguments
    backends::cnproc::ends
    backends::cnproc::in_time
    backends::privileges::two_capabilities_suffice
    cli::lifecycle::detaches_everything
    cli::options::stats
    cli::resilience::deep_paths
    cli::static_binary::that_name_systemd
    cli::traced_command::daemons_too
    events::arguments::of_6_mebibytes
    events::arguments::one_of_131_071_bytes
    events::exec_entry_points::fexecve_of_a_memfd
    events::exec_entry_points::from_another_thread
    events::exit_status::by_another_thread
    events::exit_status::codes
    events::exit_status::exec_by_a_thread
    events::exit_status::signals
    events::failed_execs::by_int80
    events::failed_execs::long_arguments
    events::failed_execs::named_without_a_way_back
    events::failed_execs::what_ended_without_a_way_back
    events::losses::small_ring_with_several_kinds
    events::process_records::last_image
    events::storm::under_the_tracer
    fields::cgroup_owner::at_the_root
    fields::cgroup_owner::short_lived
    fields::exec_fields::cgroup_id
    fields::exec_fields::plain_exec
    fields::exec_fields::set_user_id
    fields::exec_flags::chosen_variables
    fields::exec_flags::working_directory
    fields::lineage::ancestors_from_before
    fields::resource_usage::memory
    filters::option_filters::cgroup
";

const CORE: &str = "
    backends::classic::at_the_borders_of_records
    backends::classic::cpus_that_come_back
    backends::classic::ends
    backends::classic::failed_execs
    backends::classic::losses
    backends::classic::same_as_core_but_for_what_is_lost
    backends::classic::script
    backends::classic::thread_that_is_not_the_first
    backends::classic::whole_arguments
    backends::cnproc::ends
    backends::cnproc::in_time
    backends::privileges::capabilities_of_the_file_suffice
    backends::privileges::gives_up_what_it_no_longer_needs
    backends::privileges::one_is_not_enough
    backends::privileges::two_capabilities_suffice
    backends::privileges::without_tracefs
    cli::lifecycle::detaches_everything
    cli::options::stats
    cli::resilience::deep_paths
    cli::resilience::failed_exec_of_70_000_arguments
    cli::static_binary::that_name_systemd
    cli::static_binary::without_anything
    cli::traced_command::daemons_too
    cli::traced_command::failed_execs
    cli::traced_command::user_of_the_command
    events::arguments::any_bytes
    events::arguments::none
    events::arguments::of_6_mebibytes
    events::arguments::one_of_131_071_bytes
    events::exec_entry_points::by_int80
    events::exec_entry_points::fexecve_of_a_memfd
    events::exec_entry_points::from_another_thread
    events::exec_entry_points::script_with_interpreter_line
    events::exit_status::by_another_thread
    events::exit_status::codes
    events::exit_status::exec_by_a_thread
    events::exit_status::leader_first
    events::exit_status::out_of_memory
    events::exit_status::racing_threads
    events::exit_status::reused_pid
    events::exit_status::signals
    events::failed_execs::by_int80
    events::failed_execs::e2big
    events::failed_execs::enoent
    events::failed_execs::long_arguments
    events::failed_execs::named_without_a_way_back
    events::failed_execs::three_thousand_arguments
    events::failed_execs::what_ended_without_a_way_back
    events::failed_execs::when_there_is_no_way_back
    events::failed_execs::without_tracefs
    events::losses::lost_execs_of_processes
    events::losses::small_ring_with_several_kinds
    events::process_records::accounts
    events::process_records::forks_without_exec
    events::process_records::last_image
    events::storm::of_20_000_from_two_processes
    events::storm::one_exec_of_6_mebibytes_within
    events::storm::under_the_tracer
    fields::cgroup_owner::at_the_root
    fields::cgroup_owner::deep_paths
    fields::cgroup_owner::shapes_in_v2
    fields::cgroup_owner::short_lived
    fields::exec_fields::cgroup_id
    fields::exec_fields::ids_of_processes
    fields::exec_fields::plain_exec
    fields::exec_fields::set_user_id
    fields::exec_flags::chosen_variables
    fields::exec_flags::large_environments
    fields::exec_flags::memfd
    fields::exec_flags::set_user_id
    fields::exec_flags::working_directory
    fields::lineage::ancestors_from_before
    fields::lineage::lives_from_before
    fields::namespaces::both_numbers
    fields::resource_usage::memory
    fields::resource_usage::short_lives
    fields::resource_usage::small_child_of_a_large_parent
    fields::resource_usage::switches
    fields::users::user_and_group
    filters::cgroup_filters::left_out_early
    filters::option_filters::cgroup
    filters::option_filters::map_of_cgroups
    filters::option_filters::map_of_mount_namespaces
    filters::option_filters::user_by_name
    filters::option_filters::user_of_failed_execs
";

/// What the classic backend provides and what it lacks, by its own tests.
const CLASSIC: &str = "
    backends::classic::at_the_borders_of_records
    backends::classic::command
    backends::classic::cpus_that_come_back
    backends::classic::ends
    backends::classic::failed_execs
    backends::classic::in_order
    backends::classic::losses
    backends::classic::odd_lists
    backends::classic::of_6_mebibytes
    backends::classic::script
    backends::classic::thread_that_is_not_the_first
    backends::classic::whole_arguments
    backends::classic::without_environment
";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_matrix_is_a_part_of_the_kernels_tests() {
        for backend in [Backend::Core, Backend::Classic] {
            let all = backend.kernel_tests();
            assert!(backend.matrix_tests().iter().all(|test| all.contains(test)));
            let matrix = backend.matrix_tests();
            assert!(
                backend
                    .brief_tests()
                    .iter()
                    .all(|test| matrix.contains(test))
            );
        }
    }

    /// A test that was renamed would else be missed in the guests, an hour later.
    #[test]
    fn every_test_exists() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/tests/e2e");
        for test in [Backend::Core, Backend::Classic]
            .map(Backend::kernel_tests)
            .concat()
        {
            let (module, function) = test.rsplit_once("::").expect("a module and a function");
            let file = sources.join(module.replace("::", "/")).with_extension("rs");
            let source = std::fs::read_to_string(&file).unwrap_or_default();
            let declaration = format!("\nfn {function}() {{");
            assert!(source.contains(&declaration), "there is no test {test}");
        }
    }

    #[test]
    fn no_test_is_named_twice() {
        for backend in [Backend::Core, Backend::Classic] {
            let mut names = backend.kernel_tests();
            names.sort();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }
}
