/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Many execs, as fast as the machine can: each one numbered, so that a missing one shows. */
#define _GNU_SOURCE
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* vfork is the cheapest way to an exec; what it costs is not to be counted to the tracer. */
static void exec_numbered(int producer, long index)
{
	char text[48], *list[] = {"noop", text, NULL};
	pid_t pid;

	snprintf(text, sizeof(text), "%d-%ld", producer, index);
	pid = vfork();
	if (pid < 0)
		die("vfork");
	if (!pid) {
		execve(self, list, image_env);
		_exit(127);
	}
	wait_for(pid);
}

static void produce(int producer, long from, long to)
{
	for (long i = from; i < to; i++)
		exec_numbered(producer, i);
}

/* Several producers are processes of their own, and all at work at once. */
static void produce_in_parallel(int producers, long count)
{
	for (int producer = 0; producer < producers; producer++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid) {
			produce(producer, 0, count);
			_exit(0);
		}
	}
	for (int producer = 0; producer < producers; producer++)
		wait_for(-1);
}

static void report(long execs, long long started)
{
	printf("{\"execs\":%ld,\"ns\":%lld}\n", execs, now_ns() - started);
}

/* storm COUNT [PRODUCERS]: COUNT must divide evenly. */
int case_storm(char **args)
{
	long count = number(args[0], 1), producers = number(args[0] ? args[1] : NULL, 1);
	long long started = now_ns();

	if (producers < 1 || count % producers)
		return 2;
	if (producers == 1)
		produce(0, 0, count);
	else
		produce_in_parallel(producers, count / producers);
	report(count, started);
	return 0;
}

static void exec_huge(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		exec_longest();
	wait_for(pid);
}

/* huge-in-storm COUNT: in its middle, one exec with all the arguments that the kernel takes. */
int case_huge_in_storm(char **args)
{
	long count = number(args[0], 2);
	long long started = now_ns();

	produce(0, 0, count / 2);
	exec_huge();
	produce(0, count / 2, count);
	report(count + 1, started);
	return 0;
}
