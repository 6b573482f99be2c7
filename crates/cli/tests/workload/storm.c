/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Many execs, as fast as the machine can: each one numbered, so that a missing one shows. */
#define _GNU_SOURCE
#include "workload.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* What the execs of a storm look like. */
struct shape {
	const char *name;
	/* The first argument is `MARK:P-I`, the last `end:P-I`. */
	const char *mark;
	/* Arguments between these two, and how long each is. */
	int fillers;
	size_t filler_len;
	/* Calls that fail before one that succeeds, ... */
	int failures;
	/* ... but only before each n-th. */
	int every;
	/* Everybody stays on the CPU on which the storm begins. */
	int stays;
};

/* Without a name: one argument, `P-I`, as the tests count them. */
static const struct shape plain = {.mark = ""};

static const struct shape shapes[] = {
	{.name = "short", .mark = "storm:"},
	{.name = "stays", .mark = "storm:", .stays = 1},
	{.name = "args100", .mark = "storm:", .fillers = 97, .filler_len = 12},
	{.name = "args100k", .mark = "storm:", .fillers = 97, .filler_len = 1054},
	{.name = "failed10", .mark = "storm:", .failures = 1, .every = 9},
	{.name = "path", .mark = "storm:", .failures = 5, .every = 1},
	/* Not to be counted: to see whether a tracer has begun. */
	{.name = "ready", .mark = "ready:"},
};

static const struct shape *shape = &plain;

/* As execvp finds them missing, one after the other. */
static char *const missing[] = {
	"/usr/local/sbin/noop-of-a-storm",
	"/usr/local/bin/noop-of-a-storm",
	"/usr/sbin/noop-of-a-storm",
	"/usr/bin/noop-of-a-storm",
	"/sbin/noop-of-a-storm",
};

static int failures_before(long index)
{
	return shape->every && index % shape->every == 0 ? shape->failures : 0;
}

/* `noop`, the number, what fills, the number again. */
static char **arguments(char *first, char *last)
{
	static char **list;

	if (!list) {
		char **fillers = patterns(shape->fillers, shape->filler_len);

		list = calloc(shape->fillers + 4, sizeof(*list));
		if (!list)
			die("calloc");
		memcpy(list + 2, fillers, shape->fillers * sizeof(*list));
		free(fillers);
	}
	list[0] = "noop";
	list[1] = first;
	list[2 + shape->fillers] = shape->name ? last : NULL;
	return list;
}

/* vfork is the cheapest way to an exec; what it costs is not to be counted to the tracer. */
static void exec_numbered(int producer, long index)
{
	char first[48], last[48], **list = arguments(first, last);
	int failures = failures_before(index);
	pid_t pid;

	snprintf(first, sizeof(first), "%s%d-%ld", shape->mark, producer, index);
	snprintf(last, sizeof(last), "end:%d-%ld", producer, index);
	pid = vfork();
	if (pid < 0)
		die("vfork");
	if (!pid) {
		for (int i = 0; i < failures; i++)
			execve(missing[i], list, image_env);
		execve(self, list, image_env);
		_exit(127);
	}
	wait_for(pid);
}

/* Children inherit it. */
static void stay_on_this_cpu(void)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(sched_getcpu(), &only);
	if (sched_setaffinity(0, sizeof(only), &only))
		die("sched_setaffinity");
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

static void report(long execs, long failures, long long started)
{
	long long ns = now_ns() - started;

	printf("{\"execs\":%ld,\"failures\":%ld,\"ns\":%lld}\n", execs, failures, ns);
}

/* The number of calls that fail while one producer makes `execs` calls that succeed. */
static long failures_among(long execs)
{
	long failures = 0;

	for (long i = 0; i < execs; i++)
		failures += failures_before(i);
	return failures;
}

static const struct shape *shape_named(const char *name)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	return NULL;
}

/* storm COUNT [PRODUCERS [SHAPE]]: COUNT must divide evenly. */
int case_storm(char **args)
{
	long count = number(args[0], 1), producers = number(args[0] ? args[1] : NULL, 1);
	long long started = now_ns();

	if (args[0] && args[1] && args[2])
		shape = shape_named(args[2]);
	if (!shape || producers < 1 || count % producers)
		return 2;
	if (shape->stays)
		stay_on_this_cpu();
	if (producers == 1)
		produce(0, 0, count);
	else
		produce_in_parallel(producers, count / producers);
	report(count, producers * failures_among(count / producers), started);
	return 0;
}

/* calls COUNT: system calls that do nothing, to see what a tracer costs those that are no exec. */
int case_calls(char **args)
{
	long count = number(args[0], 1);
	long long started = now_ns();

	for (long i = 0; i < count; i++)
		syscall(SYS_getppid);
	printf("{\"calls\":%ld,\"ns\":%lld}\n", count, now_ns() - started);
	return 0;
}

/* busy PAUSE TIME: sleeps and then computes for so long (us), for ever: what a tracer does that
 * traces nothing. */
int case_busy(char **args)
{
	long pause = number(args[0], 1), time = number(args[0] ? args[1] : NULL, 1);

	for (;;) {
		usleep(pause);
		burn_user(time);
	}
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
	report(count + 1, 0, started);
	return 0;
}
