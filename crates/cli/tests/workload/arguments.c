/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Execs with every sort of arguments. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The longest single argument that the kernel takes (MAX_ARG_STRLEN), without its NUL. */
#define LONGEST_ARG 131071
/* What arguments, environment, file name and pointers may take together, however large the stack
 * (fs/exec.c, bprm_stack_limits: three quarters of _STK_LIM). */
#define LARGEST_TOTAL (6 << 20)

static char *pattern(size_t index, size_t len)
{
	char *text = malloc(len + 24);
	size_t at;

	if (!text)
		die("malloc");
	at = sprintf(text, "%zu-", index);
	for (; at < len; at++)
		text[at] = 'a' + (index * 7 + at) % 26;
	text[at] = 0;
	return text;
}

char **patterns(size_t count, size_t len)
{
	char **list = calloc(count + 1, sizeof(*list));

	if (!list)
		die("calloc");
	for (size_t i = 0; i < count; i++)
		list[i] = pattern(i, len);
	return list;
}

/* argv COUNT [LEN]: COUNT may be 0, for a list without even a program name. */
int case_argv(char **args)
{
	size_t count = number(args[0], 0), len = count ? number(args[1], 0) : 0;

	execve(self, patterns(count, len), image_env);
	die("execve");
}

/* The last argument of the largest possible list: as long as all that the others leave. */
static size_t room_for_last(size_t count)
{
	size_t strings = strlen(self) + 1 + strlen(image_env[0]) + 1;
	size_t pointers = (count + 1) * sizeof(char *);

	return LARGEST_TOTAL - strings - pointers - (count - 1) * (LONGEST_ARG + 1) - 1;
}

/* Executes the largest list of arguments that the kernel takes: one byte more is tried first, and
 * must be refused. */
void exec_longest(void)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	size_t count = LARGEST_TOTAL / (LONGEST_ARG + 1), last = room_for_last(count);
	char **list = patterns(count - 1, LONGEST_ARG);

	if (setrlimit(RLIMIT_STACK, &unlimited))
		die("setrlimit");
	for (size_t shorter = 0; shorter <= 64; shorter++) {
		list[count - 1] = pattern(count - 1, last + 1 - shorter);
		execve(self, list, image_env);
		if (errno != E2BIG)
			die("execve");
		free(list[count - 1]);
	}
	die("no list as long as expected");
}

/* argv-max */
int case_argv_max(char **args)
{
	(void)args;
	exec_longest();
	return 1;
}

/* bytes: arguments that break a line, command a terminal, are no text or are not there. */
int case_bytes(char **args)
{
	char *list[] = {"bytes", "", "new\nline", "tab\there", "\033[31mred\033[0m",
		"\033]0;title\007", "\377\376", "\342\200\256gnp.exe", "single'quote",
		"double\"quote", "back\\slash", "\rreturn", "\302\2331m", "gr\303\266\303\237e",
		"two words", "$(id)", "del\177", "", NULL};

	(void)args;
	execve(self, list, image_env);
	die("execve");
}
