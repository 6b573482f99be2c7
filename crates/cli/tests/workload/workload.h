/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the subjects of the tests share. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* A case gets what follows its name on the command line, NULL at the end, and gives the status with
 * which the process ends. */
typedef int case_fn(char **args);

/* The machine cannot do what the case needs. */
#define EXIT_CANNOT 77

/* This program's own file. */
extern char self[PATH_MAX];

/* The environment of every image that a case executes: main ends at once when it finds this, so
 * that the arguments may be anything at all. */
extern char *image_env[];

/* Says what went wrong, with errno, and ends. */
_Noreturn void die(const char *what);

/* The number that an argument names, or `otherwise` when the argument is absent. */
long number(const char *arg, long otherwise);

/* Sleeps, whatever signals arrive. */
void sleep_ms(long ms);

/* Waits for a child (for any, when -1), which must end with 0. */
void wait_for(int pid);

/* A list of `count` arguments, the i-th of at least `len` bytes: `<i>-`, then letters. The tests
 * make the same text. */
char **patterns(size_t count, size_t len);

/* arguments.c */
case_fn case_argv, case_argv_max, case_bytes;
void exec_longest(void);
/* costs.c */
case_fn case_burn, case_touch, case_write_read;
void burn_user(long us);
/* ends.c */
case_fn case_crash, case_leader_first, case_race_out, case_thread_exit;
/* entrances.c */
case_fn case_fexecve_memfd, case_execveat_dirfd, case_thread_exec, case_int80, case_int80_fail;
/* failing.c */
case_fn case_fail, case_fail_at_last, case_fail_unread, case_fail_dirfd, case_fail_many,
	case_fail_long, case_fail_nullargv;
/* identity.c */
case_fn case_big_env, case_containers, case_fexecve_deleted, case_odd_env, case_vfork_in;
/* lives.c */
case_fn case_lives, case_reuse_pid, case_short_lives, case_small_child;
/* processes.c */
case_fn case_after_stdin, case_brood, case_daemon, case_exit, case_fork_children, case_groups,
	case_leave_child, case_noop, case_signal, case_signal_state, case_sleep, case_titled;
/* refusing.c */
case_fn case_forbidden;
/* storm.c */
case_fn case_busy, case_calls, case_huge_in_storm, case_storm;

/* The cases that cases may start. */
case_fn *find_case(const char *name);
