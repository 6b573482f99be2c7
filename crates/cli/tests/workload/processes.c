/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How processes begin, wait and end. */
#define _GNU_SOURCE
#include "workload.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* noop */
int case_noop(char **args)
{
	(void)args;
	return 0;
}

/* exit CODE */
int case_exit(char **args)
{
	return number(args[0], 0);
}

/* groups: prints the supplementary groups */
int case_groups(char **args)
{
	gid_t groups[64];
	int count = getgroups(64, groups);

	(void)args;
	if (count < 0)
		die("getgroups");
	for (int i = 0; i < count; i++)
		printf("%u\n", groups[i]);
	return 0;
}

/* sleep MS */
int case_sleep(char **args)
{
	sleep_ms(number(args[0], 0));
	return 0;
}

/* after-stdin CASE [ARGS...]: the case, once a line or the end of input arrives. */
int case_after_stdin(char **args)
{
	case_fn *run = find_case(args[0]);
	int c;

	if (!run)
		return 2;
	while ((c = getchar()) != EOF && c != '\n')
		;
	return run(args + 1);
}

static int signal_named(const char *name)
{
	for (int number = 1; number < NSIG; number++)
		if (sigabbrev_np(number) && !strcmp(sigabbrev_np(number), name))
			return number;
	return strtol(name, NULL, 10);
}

/* signal NAME|NUMBER: by default action. */
int case_signal(char **args)
{
	const struct rlimit no_core = {0, 0};
	int sig = signal_named(args[0]);

	setrlimit(RLIMIT_CORE, &no_core);
	signal(sig, SIG_DFL);
	kill(getpid(), sig);
	sleep_ms(1000);
	return 1;
}

static void field_of_status(const char *name, char *value, size_t size)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];

	if (!status)
		die("/proc/self/status");
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, name, strlen(name)))
			snprintf(value, size, "%.16s", line + strlen(name) + 2);
	fclose(status);
}

/* signal-state: which signals are blocked and ignored, as masks. */
int case_signal_state(char **args)
{
	char blocked[32] = "", ignored[32] = "";

	(void)args;
	field_of_status("SigBlk", blocked, sizeof(blocked));
	field_of_status("SigIgn", ignored, sizeof(ignored));
	printf("{\"blocked\":\"%s\",\"ignored\":\"%s\"}\n", blocked, ignored);
	return 0;
}

/* fork-children COUNT: children that never exec; prints their numbers. */
int case_fork_children(char **args)
{
	long count = number(args[0], 1);

	putchar('[');
	for (long i = 0; i < count; i++) {
		int pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			_exit(0);
		wait_for(pid);
		printf("%s%d", i ? "," : "", pid);
	}
	puts("]");
	return 0;
}

/* leave-child MS [MARK]: ends at once, and leaves a child behind that lives on for so long, and
   then becomes noop MARK. */
int case_leave_child(char **args)
{
	int pid = fork(), null;

	if (pid < 0)
		die("fork");
	if (pid)
		return 0;
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	sleep_ms(number(args[0], 0));
	if (args[1])
		execl(self, self, "noop", "noop", args[1], NULL);
	_exit(0);
}

/* The daemon: waits until its parent is gone and init, or who acts for it, has adopted it. */
static void exec_as_orphan(int born_of, char *mark)
{
	char *list[] = {"noop", mark, NULL};

	while (getppid() == born_of)
		sleep_ms(1);
	sleep_ms(100);
	execve(self, list, image_env);
	_exit(1);
}

static void become_daemon(char *mark)
{
	int parent;

	setsid();
	parent = getpid();
	if (!fork())
		exec_as_orphan(parent, mark);
	_exit(0);
}

/* daemon MARK: leaves a daemon that later executes `noop MARK`, and stays until it has done so. */
int case_daemon(char **args)
{
	int ends[2], pid;
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		die("pipe2");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		become_daemon(args[0]);
	close(ends[1]);
	wait_for(pid);
	while (read(ends[0], &byte, 1) > 0) /* until exec has closed the daemon's end */
		;
	sleep_ms(50); /* the event comes a little later than that */
	return 0;
}

static void await_end_of_input(void)
{
	while (getchar() != EOF)
		;
}

static void exec_noop(char *mark, char *who)
{
	char *list[] = {"noop", mark, who, NULL};

	execve(self, list, image_env);
	die("execve");
}

static int child_of_brood(char *mark)
{
	int pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		printf("{\"grandchild\":%d}\n", getpid());
		fflush(stdout);
		await_end_of_input();
		exec_noop(mark, "grandchild");
	}
	wait_for(pid);
	return 0;
}

/* brood MARK: a child and a grandchild are there, which says so; at the end of input the grandchild
 * executes a noop, and then a new child does. */
int case_brood(char **args)
{
	int pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		_exit(child_of_brood(args[0]));
	wait_for(pid);
	pid = fork();
	if (!pid)
		exec_noop(args[0], "new child");
	wait_for(pid);
	return 0;
}

/* The arguments' place in memory, up to the NUL of the last. */
static size_t length_of(char **argv)
{
	char *end = argv[0];

	for (char **arg = argv; *arg; arg++)
		end = *arg + strlen(*arg) + 1;
	return end - argv[0];
}

/* titled FILLING: writes a title in the place of its arguments, as setproctitle does, and fills the
 * rest with blanks or NULs; says so, and ends at the end of input. */
int case_titled(char **args)
{
	static const char title[] = "titled: waiting";
	char **argv = args - 2, filling = strcmp(args[0], "blanks") ? 0 : ' ';
	size_t length = length_of(argv);

	if (length <= sizeof(title))
		return 2;
	memset(argv[0], filling, length - 1);
	memcpy(argv[0], title, sizeof(title) - 1);
	printf("{}\n");
	fflush(stdout);
	await_end_of_input();
	return 0;
}
