//! The copies of each program that stand behind each other on a tracepoint (bpf/turns.h).

/// How many there are where programs can be preempted: TURNS in bpf/common.h.
pub(crate) const TURNS: usize = 4;

/// The copies of a program, each with its name, of a skeleton's programs.
macro_rules! copies {
    (on_exec, $programs:expr) => {
        copies!($programs, [on_exec, on_exec_2, on_exec_3, on_exec_4])
    };
    (on_fork, $programs:expr) => {
        copies!($programs, [on_fork, on_fork_2, on_fork_3, on_fork_4])
    };
    (on_exit, $programs:expr) => {
        copies!($programs, [on_exit, on_exit_2, on_exit_3, on_exit_4])
    };
    (on_free, $programs:expr) => {
        copies!($programs, [on_free, on_free_2, on_free_3, on_free_4])
    };
    (on_any_exit, $programs:expr) => {
        copies!($programs, [on_any_exit, on_any_exit_2, on_any_exit_3, on_any_exit_4])
    };
    (on_execve_exit, $programs:expr) => {
        copies!($programs, [on_execve_exit, on_execve_exit_2, on_execve_exit_3, on_execve_exit_4])
    };
    (on_execveat_exit, $programs:expr) => {
        copies!($programs, [on_execveat_exit, on_execveat_exit_2])
    };
    (on_prepare, $programs:expr) => {
        copies!($programs, [on_prepare, on_prepare_2])
    };
    ($programs:expr, [$($name:ident),+]) => {
        [$((stringify!($name), &mut $programs.$name)),+]
    };
}
pub(crate) use copies;
