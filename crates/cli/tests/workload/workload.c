/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The subjects of the end-to-end tests: `workload CASE [ARGS...]` provokes one kind of exec, fork
 * or end. Each case does the same with and without a tracer, and checks that it happened. The
 * tests check what the tracer made of it.
 */
#define _GNU_SOURCE
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char self[PATH_MAX];
char *image_env[] = {"WORKLOAD_IMAGE=1", NULL};

void die(const char *what)
{
	perror(what);
	exit(1);
}

long number(const char *arg, long otherwise)
{
	return arg ? strtol(arg, NULL, 10) : otherwise;
}

void sleep_ms(long ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&left, &left))
		;
}

void wait_for(int pid)
{
	int status;

	pid = waitpid(pid, &status, 0);
	if (pid < 0)
		die("waitpid");
	if (status) {
		fprintf(stderr, "child %d ended with status %#x\n", pid, status);
		exit(1);
	}
}

static const struct {
	const char *name;
	case_fn *run;
} cases[] = {
	{"after-stdin", case_after_stdin},
	{"argv", case_argv},
	{"argv-max", case_argv_max},
	{"big-env", case_big_env},
	{"brood", case_brood},
	{"burn", case_burn},
	{"busy", case_busy},
	{"bytes", case_bytes},
	{"calls", case_calls},
	{"containers", case_containers},
	{"crash", case_crash},
	{"daemon", case_daemon},
	{"execveat-dirfd", case_execveat_dirfd},
	{"exit", case_exit},
	{"fail", case_fail},
	{"fail-at-last", case_fail_at_last},
	{"fail-dirfd", case_fail_dirfd},
	{"fail-long", case_fail_long},
	{"fail-many", case_fail_many},
	{"fail-nullargv", case_fail_nullargv},
	{"fail-unread", case_fail_unread},
	{"fexecve-deleted", case_fexecve_deleted},
	{"fexecve-memfd", case_fexecve_memfd},
	{"forbidden", case_forbidden},
	{"fork-children", case_fork_children},
	{"groups", case_groups},
	{"huge-in-storm", case_huge_in_storm},
	{"int80", case_int80},
	{"int80-fail", case_int80_fail},
	{"leader-first", case_leader_first},
	{"leave-child", case_leave_child},
	{"lives", case_lives},
	{"noop", case_noop},
	{"odd-env", case_odd_env},
	{"race-out", case_race_out},
	{"reuse-pid", case_reuse_pid},
	{"short-lives", case_short_lives},
	{"signal", case_signal},
	{"signal-state", case_signal_state},
	{"sleep", case_sleep},
	{"small-child", case_small_child},
	{"storm", case_storm},
	{"thread-exec", case_thread_exec},
	{"thread-exit", case_thread_exit},
	{"titled", case_titled},
	{"touch", case_touch},
	{"vfork-in", case_vfork_in},
	{"write-read", case_write_read},
};

case_fn *find_case(const char *name)
{
	for (size_t i = 0; name && i < sizeof(cases) / sizeof(*cases); i++)
		if (!strcmp(cases[i].name, name))
			return cases[i].run;
	return NULL;
}

static int usage(void)
{
	fputs("usage: workload CASE [ARGS...], where CASE is one of\n", stderr);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		fprintf(stderr, "  %s\n", cases[i].name);
	return 2;
}

int main(int argc, char **argv)
{
	case_fn *run;

	if (getenv("WORKLOAD_IMAGE"))
		return 0;
	run = find_case(argc > 1 ? argv[1] : NULL);
	if (!run)
		return usage();
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		die("/proc/self/exe");
	return run(argv + 2);
}
