/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Processes that end in unusual ways: by a core dump, or thread by thread. */
#define _GNU_SOURCE
#include "workload.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_RACERS 64

/* crash: by a signal that dumps a core, as large as it likes. */
int case_crash(char **args)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	(void)args;
	if (setrlimit(RLIMIT_CORE, &unlimited))
		die("setrlimit");
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
	return 1;
}

static void begin(void *(*run)(void *), long arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, (void *)(intptr_t)arg))
		die("pthread_create");
}

/* Ends this thread, and no other: the C library would end the process with the first one. */
static void leave(long code)
{
	syscall(SYS_exit, code);
}

static void *exit_group(void *code)
{
	sleep_ms(5);
	_exit((intptr_t)code);
}

/* thread-exit CODE: the process ends by a thread that is not the first. */
int case_thread_exit(char **args)
{
	begin(exit_group, number(args[0], 0));
	sleep_ms(10000);
	return 1;
}

static void *leave_later(void *code)
{
	pthread_setname_np(pthread_self(), "the last thread");
	sleep_ms(20);
	burn_user(5000);
	leave((intptr_t)code);
	return NULL;
}

/* leader-first CODE LAST: the first thread leaves with CODE, and 20 ms later the other one with
 * LAST, and a name of its own. Both have used some time. */
int case_leader_first(char **args)
{
	begin(leave_later, number(args[1], 0));
	burn_user(3000);
	leave(number(args[0], 0));
	return 1;
}

static atomic_int racers_missing;

/* Waits for all the others, as one that runs: who is woken up would come too late to race. */
static void *race(void *unused)
{
	(void)unused;
	atomic_fetch_sub(&racers_missing, 1);
	while (atomic_load(&racers_missing) > 0)
		sched_yield();
	leave(0);
	return NULL;
}

/* race-out COUNT: COUNT threads exit at once. */
int case_race_out(char **args)
{
	long count = number(args[0], 2);

	if (count > MAX_RACERS)
		return 2;
	atomic_store(&racers_missing, count);
	for (long i = 1; i < count; i++)
		begin(race, 0);
	race(NULL);
	return 1;
}
