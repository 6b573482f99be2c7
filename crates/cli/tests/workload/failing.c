/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Execs that fail. Each case ends with 0 when the call failed as expected. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* One byte more than the kernel takes (MAX_ARG_STRLEN holds the NUL too). */
#define TOO_LONG 131072

static int failed_with(int expected)
{
	if (errno == expected)
		return 0;
	fprintf(stderr, "errno %d instead of %d\n", errno, expected);
	return 1;
}

static int errno_named(const char *name)
{
	for (int number = 1; number < 134; number++)
		if (strerrorname_np(number) && !strcmp(strerrorname_np(number), name))
			return number;
	fprintf(stderr, "no such errno: %s\n", name);
	exit(2);
}

/* fail ERRNO PATH: for E2BIG, one of the arguments is too long. */
int case_fail(char **args)
{
	/* On the stack, which is in memory. Constants may not be, before their first use. */
	char words[][10] = {"failing", "first", "", "two words"};
	char *list[] = {words[0], words[1], words[2], words[3], NULL};
	static char long_one[TOO_LONG + 1];
	int expected = errno_named(args[0]);

	memset(long_one, 'x', TOO_LONG);
	if (expected == E2BIG)
		list[2] = long_one;
	execve(args[1], list, image_env);
	return failed_with(expected);
}

/* fail-unread PATH: one of the arguments lies in that file, mapped and never touched. */
int case_fail_unread(char **args)
{
	int file = open(args[0], O_RDONLY);
	char *untouched = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
	char *list[] = {"readable", untouched, "after it", NULL};

	if (untouched == MAP_FAILED)
		die(args[0]);
	execve("/nonexistent/unread", list, image_env);
	return failed_with(ENOENT);
}

/* fail-dirfd NAME: relative to an open directory. */
int case_fail_dirfd(char **args)
{
	char words[][16] = {"relative", "to a directory"};
	char *list[] = {words[0], words[1], NULL};
	int dir = open("/", O_PATH | O_DIRECTORY);

	if (dir < 0)
		die("/");
	syscall(SYS_execveat, dir, args[0], list, image_env, 0);
	return failed_with(ENOENT);
}

/* fail-many COUNT */
int case_fail_many(char **args)
{
	execve("/nonexistent/many", patterns(number(args[0], 1), 0), image_env);
	return failed_with(ENOENT);
}

/* fail-long LEN */
int case_fail_long(char **args)
{
	execve("/nonexistent/long", patterns(1, number(args[0], 1)), image_env);
	return failed_with(ENOENT);
}

/* fail-nullargv: Linux takes a null pointer for an empty list. */
int case_fail_nullargv(char **args)
{
	(void)args;
	syscall(SYS_execve, "/nonexistent/nullargv", NULL, NULL);
	return failed_with(ENOENT);
}

static void limit_memory(long bytes)
{
	struct rlimit limit = {bytes, bytes};

	if (setrlimit(RLIMIT_AS, &limit))
		die("RLIMIT_AS");
}

/* fail-at-last BYTES PATH [ARGS...]: a child executes this file, with that much memory (0: as much
 * as it likes), so that the kernel finds no way back and ends the child. */
int case_fail_at_last(char **args)
{
	char *env[] = {"WORKLOAD_IMAGE=1", "NOT_AN_ARGUMENT=1", NULL};
	long memory = number(args[0], 0);
	int status, pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		if (memory)
			limit_memory(memory);
		execve(args[1], args + 1, env);
		_exit(1);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return WIFSIGNALED(status) ? 0 : 1;
}
